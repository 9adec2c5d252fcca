"""The files of a build cache mirror in a folder: where its index lies, and reading it whole.

v2   build_cache/index.json
v3   v3/manifests/index/index.manifest.json, which names blobs/sha256/<first two>/<checksum>

Any of them may be gzip, under its own name or with `.gz` added. Links are followed only inside
the folder.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Container
from pathlib import Path
from typing import NamedTuple

import msgspec

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected

V2_INDEX = "build_cache/index.json"
V3_INDEX = "v3/manifests/index/index.manifest.json"
INDEXES = (V3_INDEX, V2_INDEX)
"""Where a mirror's index may lie, the newer layout first."""

_BLOB = re.compile(r"(?:.*/)?blobs/sha256/[0-9a-f]{2}/(?P<sha256>[0-9a-f]{64})", re.DOTALL)
_DATABASE = "application/vnd.spack.db"
_SPECS = "v3/manifests/spec"
SPEC_SUFFIX = ".spec.manifest.json"
_TARBALL = "application/vnd.spack.install"
_GZIP = b"\x1f\x8b"
_CHUNK_BYTES = 1024 * 1024
FETCH = "fetch it again: census fetch URL --to FOLDER"


class _Content(msgspec.Struct):
    """One record of a v3 manifest."""

    contentLength: int  # noqa: N815 - the manifest's own name
    mediaType: str  # noqa: N815 - the manifest's own name
    compression: str
    checksumAlgorithm: str  # noqa: N815 - the manifest's own name
    checksum: str


class _Manifest(msgspec.Struct):
    version: int
    data: list[_Content]


_MANIFEST = msgspec.json.Decoder(_Manifest)


class Read(NamedTuple):
    """An index as it lies in the folder."""

    data: bytes
    """Its JSON, unpacked."""
    sha256: str
    """SHA-256 of the file's bytes as stored."""
    size_bytes: int


def find(root: Path, relative: str) -> Path | None:
    """Return the file at this place below a folder, or the same with `.gz`; None if none is there.

    Raises Rejected for a place that is not below the folder, and for what is no regular file.
    """
    if not all(part.strip(".") for part in relative.split("/")) or "\0" in relative:
        message = f"{relative!r} is no place below the index"
        raise Rejected(Reason.UNSAFE_NAME, "url", message, "report it to those who publish it")
    # A blob's name tells its bytes, so nothing else can stand for it.
    names = (relative,) if is_blob(relative) else (relative, f"{relative}.gz")
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
    if not relative.endswith(V3_INDEX):
        return [path]
    content = index_content(path.read_bytes())
    return [path, *locate(root, blob(relative.removesuffix(V3_INDEX), content.checksum))]


def blob(mirror: str, sha256: str) -> str:
    """Return where a mirror (a prefix that is empty or ends in `/`) keeps a blob."""
    return f"{mirror}blobs/sha256/{sha256[:2]}/{sha256}"


def mirror_of(relative: str) -> str:
    """Return the mirror that an index belongs to: a prefix that is empty or ends in `/`."""
    for mark in (V3_INDEX, V2_INDEX, "blobs/sha256/"):
        before, found, _ = relative.rpartition(mark)
        if found:
            return before
    return ""


def is_blob(relative: str) -> bool:
    """Tell whether a file's name is its checksum, so that its bytes never change."""
    return _BLOB.fullmatch(relative) is not None


def index_content(manifest: bytes) -> _Content:
    """Return the record of the index in its manifest; raises Rejected where there is none."""
    content = content_of(manifest, _DATABASE)
    if content is None or not re.fullmatch("[0-9a-f]{64}", content.checksum):
        message = f"no record of {_DATABASE}… with a SHA-256"
        raise Rejected(Reason.MISSING_KEY, "manifest.data", message, FETCH)
    return content


def content_of(manifest: bytes, media_type: str) -> _Content | None:
    """Return the first record of a v3 manifest whose media type begins so; raises Rejected."""
    try:
        records = _MANIFEST.decode(manifest).data
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"no manifest: {error}"
        raise Rejected(Reason.BAD_JSON, "manifest", message, FETCH) from error
    return next((each for each in records if each.mediaType.startswith(media_type)), None)


def sizes(root: Path, mirror: str, hashes: Container[str]) -> tuple[dict[str, int], int]:
    """Return the size of each binary that a v3 mirror's spec manifests tell, in bytes.

    And the number of manifests of these hashes that cannot be read.
    """
    found: dict[str, int] = {}
    broken = 0
    for path in sorted((root / mirror / _SPECS).glob(f"*/*{SPEC_SUFFIX}")):
        spec_hash = path.name.removesuffix(SPEC_SUFFIX)[-32:]
        if spec_hash not in hashes:
            continue
        try:
            content = content_of(path.read_bytes(), _TARBALL)
        except (Rejected, OSError):
            broken += 1
        else:
            if content is not None:
                found[spec_hash] = content.contentLength
    return found, broken


def spec_manifest(mirror: str, name: str, version: str, spec_hash: str) -> str:
    """Return where a v3 mirror keeps the manifest of a spec."""
    return f"{mirror}{_SPECS}/{name}/{name}-{version}-{spec_hash}{SPEC_SUFFIX}"


def read(root: Path, path: Path) -> Read:
    """Return an index, unpacked and checked against the checksum in its name, if it has one.

    Raises Rejected where the checksum is another, the file is cut short, or it is too large.
    """
    name = path.relative_to(root).as_posix()
    stored = _bounded(path, name)
    sha256 = hashlib.sha256(stored).hexdigest()
    named = _BLOB.fullmatch(name)
    if named is not None and named["sha256"] != sha256:
        message = f"{name} has the SHA-256 {sha256}: it was cut short or changed"
        raise Rejected(Reason.BAD_CHECKSUM, "file", message, FETCH)
    # `compression` in a manifest says the same; a listing names blobs without it.
    data = _unpacked(stored, name) if stored.startswith(_GZIP) else stored
    return Read(data, sha256, len(stored))


def _bounded(path: Path, name: str) -> bytes:
    with path.open("rb") as file:
        stored = file.read(LIMITS.index_bytes + 1)
    if len(stored) > LIMITS.index_bytes:
        raise _too_large(name)
    return stored


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
