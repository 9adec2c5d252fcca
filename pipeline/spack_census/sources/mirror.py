"""The files of a build cache mirror in a folder: finding an index, and reading it whole.

`places` says where they lie. Any of them may be gzip, under its own name or with `.gz` added.
Links are followed only inside the folder.
"""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path
from typing import NamedTuple

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Problem, Reason, Rejected
from spack_census.sources import manifests, places
from spack_census.sources.manifests import FETCH

_GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 1024 * 1024


class Read(NamedTuple):
    """An index as it lies in the folder."""

    data: bytes
    """Its JSON, unpacked."""
    sha256: str
    """SHA-256 of the file's bytes as stored."""
    size_bytes: int
    faults: tuple[Problem, ...] = ()
    """Why specs that the source holds are not in it."""


def find(root: Path, relative: str) -> Path | None:
    """Return the file at this place below a folder, or the same with `.gz`; None if none is there.

    Raises Rejected for a place that is not below the folder, and for what is no regular file.
    """
    if not all(part.strip(".") for part in relative.split("/")) or "\0" in relative:
        message = f"{relative!r} is no place below the index"
        raise Rejected(Reason.UNSAFE_NAME, "url", message, "report it to those who publish it")
    # A blob's name tells its bytes, so nothing else can stand for it.
    names = (relative,) if places.is_blob(relative) else (relative, f"{relative}.gz")
    for path in (root / name for name in names):
        try:
            resolved = path.resolve(strict=True)
        except FileNotFoundError:
            continue
        if not resolved.is_file() or not resolved.is_relative_to(root):
            message = f"{relative} is no regular file below the source"
            raise Rejected(Reason.NOT_REGULAR_FILE, "file", message, "put the file itself there")
        return resolved
    return None


def locate(root: Path, relative: str) -> list[Path]:
    """Return the files that hold an index: its manifest if it has one, and the index last.

    Raises Rejected where one of them is missing, or the manifest names no index.
    """
    path = find(root, relative)
    if path is None:
        message = f"{relative} is not there"
        raise Rejected(Reason.MISSING_INDEX, "file", message, FETCH)
    if places.index_manifest(relative) is None:
        return [path]
    content = manifests.demanded(path.read_bytes(), manifests.INDEX)
    return [path, *locate(root, places.blob(places.mirror_of(relative), content.checksum))]


def read(root: Path, path: Path) -> Read:
    """Return an index, unpacked and checked against the checksum in its name, if it has one.

    Raises Rejected where the checksum is another, the file is cut short, or it is too large.
    """
    name = path.relative_to(root).as_posix()
    return checked(_bounded(path), name)


def checked(stored: bytes, name: str) -> Read:
    """Return what the bytes of a file hold, as `read` does."""
    if len(stored) > LIMITS.index_bytes:
        raise _too_large(name)
    sha256 = hashlib.sha256(stored).hexdigest()
    if places.blob_sha256(name) not in (None, sha256):
        message = f"{name} has the SHA-256 {sha256}: it was cut short or changed"
        raise Rejected(Reason.BAD_CHECKSUM, "file", message, FETCH)
    # `compression` in a manifest says the same; a listing names blobs without it.
    data = _unpacked(stored, name) if stored.startswith(_GZIP) else stored
    return Read(data, sha256, len(stored))


def _bounded(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(LIMITS.index_bytes + 1)


def _too_large(name: str) -> Rejected:
    message = f"{name} is more than {LIMITS.index_bytes:,} bytes"
    return Rejected(Reason.TOO_LARGE, "file", message, "no index is as large: is it one?")


def _unpacked(stored: bytes, name: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    unpacker = zlib.decompressobj(wbits=31)
    try:
        while not unpacker.eof and (chunk := unpacker.decompress(stored, _CHUNK_BYTES)):
            chunks.append(chunk)
            size += len(chunk)
            stored = unpacker.unconsumed_tail
            if size > LIMITS.index_bytes:
                raise _too_large(name)
    except zlib.error as error:
        message = f"{name} cannot be unpacked: {error}"
        raise Rejected(Reason.BAD_CHECKSUM, "file", message, FETCH) from error
    if not unpacker.eof or unpacker.unused_data:
        message = f"{name} is cut short, or something follows it"
        raise Rejected(Reason.BAD_CHECKSUM, "file", message, FETCH)
    return b"".join(chunks)


def unpacked_head(head: bytes) -> bytes:
    """Return how a file begins that begins with these bytes, packed or not."""
    if not head.startswith(_GZIP):
        return head
    try:
        return zlib.decompressobj(wbits=31).decompress(head, len(head))
    except zlib.error:
        return b""


def state_of(paths: list[Path]) -> tuple[int, str, int]:
    """Return (size, state, time of the last change in ns) of the files that hold an index."""
    found = [path.stat() for path in paths]
    # ctime cannot be set back: it gives away a write that kept size and mtime.
    states = [
        f"{each.st_size}.{each.st_mtime_ns}.{each.st_ctime_ns}.{each.st_ino}" for each in found
    ]
    youngest = max(max(each.st_mtime_ns, each.st_ctime_ns) for each in found)
    return found[-1].st_size, "+".join(states), youngest
