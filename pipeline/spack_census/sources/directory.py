"""Documents in a folder of any depth, or a single file.

A file is a document if its name ends in .md, .markdown or .txt, or if it starts with front matter
that names a category; README files and dot-files never are. Links are not followed, and special
files are not opened: either could lead out of the source or hang.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spack_census.config import LIMITS
from spack_census.errors import SourceError
from spack_census.records import Problem, Reason, Reject

_DOCUMENT_SUFFIXES = (".md", ".markdown", ".txt")
_OPEN_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
HEAD_BYTES = 4096


class Entry(NamedTuple):
    """One file of the source, and what tells cheaply whether it has changed."""

    path: str
    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Directory:
    """A folder of documents, or one document; the path is resolved and never leaves it."""

    root: Path
    kind: str = "directory"

    def entries(self) -> Iterator[Entry | Reject]:
        """Yield each candidate in path order, and a Reject for each that cannot be opened.

        Raises SourceError where the folder cannot be listed.
        """
        if self.root.is_dir():
            yield from _walk(self.root, "")
        elif self.root.is_file():
            yield _entry(self.root.name, self.root.stat())
        else:
            raise SourceError(
                f"{self.root} is neither a folder nor a file",
                "name a folder of documents, or one document",
            )

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a document's bytes, or its first `limit`; raises SourceError naming the file."""
        full = self.root / path if self.root.is_dir() else self.root
        try:
            descriptor = os.open(full, _OPEN_FLAGS)
            with os.fdopen(descriptor, "rb") as file:
                size = os.fstat(descriptor).st_size
                # One byte over the limit is enough for the parser to see that it is over.
                wanted = min(size, LIMITS.document_bytes + 1) if limit is None else limit
                data = file.read(wanted)
        except OSError as error:
            raise SourceError(
                f"{full} cannot be read: {error.strerror}",
                "it was there when the build began; run the build again",
            ) from error
        if limit is None and len(data) < wanted:
            raise SourceError(f"{full} became shorter while it was read", "run the build again")
        return data


def is_document(path: str, head: bytes) -> bool:
    """Tell whether a file counts as a document, by its name or by how it starts."""
    if path.endswith(_DOCUMENT_SUFFIXES):
        return True
    body = head.removeprefix(b"\xef\xbb\xbf")
    return body.startswith((b"---\n", b"---\r\n")) and b"\ncategor" in body


def _walk(folder: Path, prefix: str) -> Iterator[Entry | Reject]:
    try:
        with os.scandir(folder) as listing:
            found = sorted(listing, key=lambda item: item.name)
    except OSError as error:
        raise SourceError(
            f"{folder} cannot be listed: {error.strerror}", "make it readable and build again"
        ) from error
    for item in found:
        path = f"{prefix}{item.name}"
        if item.name.startswith("."):
            continue
        if item.is_dir(follow_symlinks=False):
            yield from _walk(folder / item.name, f"{path}/")
        elif not item.name.upper().startswith("README"):
            yield _candidate(path, item)


def _candidate(path: str, item: os.DirEntry[str]) -> Entry | Reject:
    try:
        path.encode()
    except UnicodeEncodeError:
        path = os.fsencode(path).decode(errors="backslashreplace")
        message = "the file's name is not UTF-8"
        return _reject(path, None, Reason.UNSAFE_NAME, message, "rename the file")
    if not item.is_file(follow_symlinks=False):
        message = "a link or special file; only regular files are read"
        return _reject(path, None, Reason.NOT_REGULAR_FILE, message, "put the file itself there")
    entry = _entry(path, item.stat(follow_symlinks=False))
    if entry.size > LIMITS.document_bytes and path.endswith(_DOCUMENT_SUFFIXES):
        message = f"{entry.size:,} bytes; at most {LIMITS.document_bytes:,} are read"
        return _reject(path, entry.size, Reason.TOO_LARGE, message, "split the document")
    return entry


def _entry(path: str, status: os.stat_result) -> Entry:
    return Entry(path, status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino)


def _reject(path: str, size: int | None, reason: Reason, message: str, remedy: str) -> Reject:
    return Reject(path, None, size, Problem(reason, "file", message, remedy))
