"""Documents in a tar or zip archive, read in one pass and never unpacked to disk.

The documents stay in memory, compressed. Names in an archive are names in messages and rows and
lead nowhere; what an archive can cost is bounded by `config.LIMITS`.
"""

from __future__ import annotations

import functools
import hashlib
import stat
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Reason, Reject
from spack_census.errors import CensusError, SourceError
from spack_census.sources import files, tar
from spack_census.sources.model import NONE_KNOWN, Candidate, Entry, Known, candidates
from spack_census.sources.tar import Member

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZIP_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LINK_REMEDY = "put the file itself there: tar --dereference --hard-dereference"


def recognise(path: Path, unnamed: str | None) -> Archive | None:
    """Return the archive that this file is, None where it is none."""
    with path.open("rb") as file:
        head = file.read(tar.HEAD_BYTES)
    if head.startswith(_ZIP) or tar.compression(head) is not None or tar.is_tar(head):
        return Archive(path, unnamed)
    return Archive(path, unnamed) if path.suffix.lower() in (".tar", ".zip") else None


class Archive:
    """An archive of documents; it keeps what it has read, so it stays in one process."""

    kind = "archive"
    portable = False

    def __init__(self, path: Path, unnamed: str | None = None) -> None:
        self.path = path
        self.unnamed = unnamed
        self._kept: dict[str, bytes] = {}
        self._sizes: dict[str, int] = {}
        self._num_bytes = 0

    @property
    def identity(self) -> str:
        """The path of the archive."""
        return str(self.path)

    @property
    def place(self) -> str:
        """The path of the archive."""
        return self.identity

    def entries(self, known: Known = NONE_KNOWN) -> Iterator[Candidate]:
        """Read the archive; yield each candidate in path order, and a Reject for each bad member.

        Raises SourceError where the archive is broken or beyond the limits.
        """
        return candidates(self._entries(), known, self._snapshot_of)

    def _entries(self) -> Iterator[Entry | Reject]:
        found = sorted(self._load(), key=lambda each: each.path)
        spec_files: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for each in found:
            folder, _, name = each.path.rpartition("/")
            if isinstance(each, Entry) and files.is_spec_file(name):
                spec_files[folder].append((name, each.state))
        for each in found:
            folder, _, name = each.path.rpartition("/")
            if isinstance(each, Reject):
                yield each
            elif not files.is_spec_file(name):
                beside = files.state_of(spec_files[folder]) if folder in spec_files else ""
                yield msgspec.structs.replace(each, state=each.state + beside)

    def _snapshot_of(self, entry: Entry) -> str | Reject | None:
        return files.snapshot_of(self, entry.path) if entry.path in self._kept else None

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield what each document holds, in path order; `entries` must have been read before."""
        return files.read_documents(self, paths)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a document's bytes, or its first `limit`."""
        data = _codec().decompress(self._kept[path], self._sizes[path], asbytes=True)
        assert isinstance(data, bytes)
        return data[:limit]

    def sibling(self, path: str, name: str) -> bytes | None:
        """Return the bytes of a spec file beside a document; None where there is none."""
        beside = f"{path.rpartition('/')[0]}/{name}".lstrip("/")
        return self.read(beside) if beside in self._kept else None

    def _load(self) -> Iterator[Entry | Reject]:
        self._kept, self._sizes, self._num_bytes = {}, {}, 0
        seen: set[str] = set()
        try:
            for number, member in enumerate(_members(self.path)):
                if number >= LIMITS.archive_members:
                    message = f"{self.path} has more than {LIMITS.archive_members:,} members"
                    raise SourceError(message, "unpack it and build the folder")
                found = self._take(member, seen)
                if found is not None:
                    yield found
        except CensusError:
            raise
        except Exception as error:  # readers of archives let ValueError and many others through
            raise SourceError(
                f"{self.path} is broken: {error or type(error).__name__}",
                "download it again; nothing of it was used",
            ) from error

    def _take(self, member: Member, seen: set[str]) -> Entry | Reject | None:
        """Keep a member if it is a document or spec file; None for what is passed over."""
        parts = [part for part in member.name.split("/") if part not in ("", ".")]
        path = "/".join(parts)
        if reject := _unsafe(member, parts):
            return reject
        if member.is_folder or not all(map(files.is_candidate, parts)):
            return None
        if not member.is_regular:
            message = "a link or special file; only regular files are read"
            return files.rejected(path, None, Reason.NOT_REGULAR_FILE, message, _LINK_REMEDY)
        if path in seen:
            message = "the archive holds a file of this name already, and the first one counts"
            remedy = "keep one of the two"
            return files.rejected(path, member.size, Reason.DUPLICATE_DOCUMENT, message, remedy)
        seen.add(path)
        if member.size > LIMITS.document_bytes:
            entry = Entry(path, member.size, "")
            return files.too_large(entry) or entry
        data = member.read()
        if files.is_spec_file(parts[-1]) or files.is_document(path, data[: files.HEAD_BYTES]):
            self._keep(path, data)
        return Entry(path, len(data), hashlib.sha256(data).hexdigest())

    def _keep(self, path: str, data: bytes) -> None:
        compressed = _codec().compress(data, asbytes=True)
        self._kept[path], self._sizes[path] = compressed, len(data)
        self._num_bytes += len(compressed)
        if self._num_bytes > LIMITS.archive_kept_bytes:
            message = f"the documents in {self.path} do not fit into memory"
            raise SourceError(message, "unpack it and build the folder")


@functools.cache
def _codec() -> Any:
    import pyarrow as pa

    # Fast, and an eighth of the size is left.
    return pa.Codec("zstd", compression_level=1)


def _members(path: Path) -> Iterator[Member]:
    with path.open("rb") as file:
        is_zip = file.read(4) in _ZIP
    return _zip_members(path) if is_zip or path.suffix.lower() == ".zip" else tar.members(path)


def _zip_members(path: Path) -> Iterator[Member]:
    with zipfile.ZipFile(path) as archive:
        num_bytes = 0
        for info in archive.infolist():
            num_bytes += min(info.file_size, LIMITS.document_bytes)
            if num_bytes > LIMITS.archive_bytes:
                message = f"{path} unpacks to more than {LIMITS.archive_bytes:,} bytes"
                raise SourceError(message, "build a part of it, or unpack it and build the folder")
            # The others are unpacked without a bound: 785 bytes of bzip2 become two gigabytes.
            if info.compress_type not in _ZIP_METHODS:
                message = f"{path}: {info.filename!r} is packed by method {info.compress_type}"
                raise SourceError(message, "pack it with deflate, as zip does of itself")
            # The mode is zero where the archive was not made on Unix.
            mode = info.external_attr >> 16
            is_regular = not stat.S_IFMT(mode) or stat.S_ISREG(mode)
            read = functools.partial(_zip_read, archive, info)
            yield Member(info.filename, info.file_size, info.is_dir(), is_regular, read)


def _zip_read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return a member's bytes, and unpack no more than it claims to have."""
    with archive.open(info) as member:
        # `ZipFile.read` would unpack whatever comes before it looks at the size.
        data = member.read(info.file_size + 1)
    if len(data) != info.file_size:
        raise EOFError(f"{info.filename!r} ends early")
    return data


def _unsafe(member: Member, parts: list[str]) -> Reject | None:
    """Return a Reject for a name that would lead out of the archive, or is no text."""
    shown = member.name.encode(errors="surrogateescape").decode(errors="backslashreplace")
    if member.name.startswith("/") or ".." in parts:
        message = "the name leads out of the archive"
    elif shown != member.name:
        message = "the name is not UTF-8"
    elif not parts and not member.is_folder:
        message = "the member has no name"
    else:
        return None
    remedy = "make the archive again, from inside the folder: tar -C FOLDER ."
    return files.rejected(shown, None, Reason.UNSAFE_NAME, message, remedy)
