"""Documents in a folder of any depth, or a single file.

Links are not followed, and special files are not opened: either could lead out of the source, or
hang.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Reason, Reject
from spack_census.errors import SourceError
from spack_census.sources import files, shelves
from spack_census.sources.model import NONE_KNOWN, Candidate, Entry, Known, candidates
from spack_census.sources.shelves import Shelf

_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder of documents, or one document; the path is resolved and never leaves it."""

    root: Path
    unnamed: str | None = None
    kind: str = "directory"
    portable: bool = True

    @property
    def identity(self) -> str:
        """The path of the folder."""
        # A path need not be UTF-8, and this is written down.
        return os.fsencode(self.root).decode(errors="backslashreplace")

    @property
    def place(self) -> str:
        """The path of the folder."""
        return self.identity

    def shelves(self) -> list[Shelf]:
        """Return the folders that seem to hold a snapshot each, as the site lays them out."""
        # Where a name is given to what has none, documents need not name the snapshot they are of.
        return [*shelves.find(self.root)] if self.unnamed is None and self.root.is_dir() else []

    def entries(
        self, known: Known = NONE_KNOWN, shelved: Collection[str] = ()
    ) -> Iterator[Candidate]:
        """Return an iterator of candidates in path order, a Reject for each that cannot be opened.

        What lies in `shelved` folders is passed over. Raises SourceError where there is nothing at
        its path.
        """
        doubt_ns = time.time_ns() - shelves.DOUBT_NS
        if "" in shelved:
            found: Iterator[Entry | Reject] = iter(())
        elif self.root.is_dir():
            found = _walk(str(self.root), "", doubt_ns, shelved)
        elif self.root.is_file():
            beside = _spec_files(_listing(str(self.root.parent)), doubt_ns)
            found = iter([_entry(self.root.name, self.root.stat(), doubt_ns, beside)])
        else:
            raise SourceError(
                f"{self.root} is neither a folder nor a file",
                "name a folder of documents, or one document",
            )
        return candidates(found, known, lambda entry: files.snapshot_of(self, entry.path))

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield what each document holds, in path order."""
        return files.read_documents(self, paths)

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a document's bytes, or its first `limit`; raises SourceError naming the file."""
        full = self._full(path)
        try:
            descriptor = os.open(full, _OPEN_FLAGS)
            try:
                # One byte over the limit is enough for the parser to see that it is over.
                most = LIMITS.document_bytes + 1 if limit is None else limit
                wanted = min(os.fstat(descriptor).st_size, most)
                data = _read(descriptor, wanted)
            finally:
                os.close(descriptor)
        except OSError as error:
            denied = isinstance(error, PermissionError)
            gone = "it was there when the build began; run the build again"
            step = "make it readable and build again" if denied else gone
            raise SourceError(f"{full} cannot be read: {error.strerror}", step) from error
        if limit is None and len(data) < wanted:
            raise SourceError(f"{full} became shorter while it was read", "run the build again")
        return data

    def _full(self, path: str) -> str:
        # Only a document of the root's own name leaves a doubt that is worth a look at the disk.
        if path == self.root.name and self.root.is_file():
            return str(self.root)
        return f"{self.root}/{path}"

    def sibling(self, path: str, name: str) -> bytes | None:
        """Return the bytes of a spec file beside a document; None where no regular file is."""
        folder = Path(self._full(path)).parent
        file = folder / name
        if not file.is_file() or file.is_symlink():
            return None
        return Directory(folder).read(name, LIMITS.spec_file_bytes + 1)


def _read(descriptor: int, size: int) -> bytes:
    """Return as many bytes, or all there are: no single read need give as many."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


@dataclass(frozen=True, slots=True)
class _SpecFiles:
    """What a folder's spec files add to the states of the documents beside them."""

    items: frozenset[os.DirEntry[str]] = frozenset()
    state: str = ""
    settled: bool = True


_NO_SPEC_FILES = _SpecFiles()


def _listing(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda item: item.name)
    except OSError as error:
        raise SourceError(
            f"{folder} cannot be listed: {error.strerror}", "make it readable and build again"
        ) from error


def _walk(
    folder: str, prefix: str, doubt_ns: int, shelved: Collection[str]
) -> Iterator[Entry | Reject]:
    found = _listing(folder)
    beside = _spec_files(found, doubt_ns)
    for item in found:
        if item in beside.items or not files.is_candidate(item.name):
            continue
        path = f"{prefix}{item.name}"
        if item.is_dir(follow_symlinks=False):
            if f"{path}/" not in shelved:
                yield from _walk(item.path, f"{path}/", doubt_ns, shelved)
        else:
            yield _candidate(path, item, doubt_ns, beside)


def _spec_files(found: list[os.DirEntry[str]], doubt_ns: int) -> _SpecFiles:
    items = frozenset(item for item in found if files.is_spec_file(item.name))
    if not items:
        return _NO_SPEC_FILES
    there = [
        _entry(item.name, item.stat(follow_symlinks=False), doubt_ns, _NO_SPEC_FILES)
        for item in items
        if item.is_file(follow_symlinks=False)
    ]
    state = files.state_of((entry.path, entry.state) for entry in there)
    return _SpecFiles(items, state, all(entry.settled for entry in there))


def _candidate(
    path: str, item: os.DirEntry[str], doubt_ns: int, beside: _SpecFiles
) -> Entry | Reject:
    try:
        path.encode()
    except UnicodeEncodeError:
        path = os.fsencode(path).decode(errors="backslashreplace")
        message = "the file's name is not UTF-8"
        return files.rejected(path, None, Reason.UNSAFE_NAME, message, "rename the file")
    if not item.is_file(follow_symlinks=False):
        message = "a link or special file; only regular files are read"
        remedy = "put the file itself there"
        return files.rejected(path, None, Reason.NOT_REGULAR_FILE, message, remedy)
    entry = _entry(path, item.stat(follow_symlinks=False), doubt_ns, beside)
    return files.too_large(entry) or entry


def _entry(path: str, status: os.stat_result, doubt_ns: int, beside: _SpecFiles) -> Entry:
    # ctime cannot be set back: it gives away a write that kept size and mtime.
    state = f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"
    settled = max(status.st_mtime_ns, status.st_ctime_ns) < doubt_ns
    return Entry(path, status.st_size, state + beside.state, settled and beside.settled)
