"""The files of a mirror as an audit looks at them, be it a folder here or a bucket elsewhere."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, Protocol

from spack_census.errors import SourceError


class Stat(NamedTuple):
    """A file."""

    size: int
    mtime_ns: int


class Files(Protocol):
    """Files that can be listed, by their place below the mirror."""

    @property
    def place(self) -> str:
        """What the mirror is called in messages."""

    def names(self, folder: str) -> Mapping[str, Stat]:
        """Return the files in a folder and in those below it; raises SourceError."""

    def read(self, relative: str) -> bytes:
        """Return the bytes of a file; raises SourceError."""

    def read_each(self, relatives: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each of these files with its bytes, in this order; raises SourceError."""

    def sha256(self, relative: str) -> str:
        """Return the SHA-256 of a file; raises SourceError."""


class Folder(NamedTuple):
    """A mirror in a folder."""

    root: Path

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.root)

    def names(self, folder: str) -> Mapping[str, Stat]:
        """Return the files in a folder and in those below it."""
        found = {}
        for path in sorted((self.root / folder).rglob("*")):
            if path.is_file():
                stat = path.stat()
                name = path.relative_to(self.root).as_posix()
                found[name] = Stat(stat.st_size, stat.st_mtime_ns)
        return found

    def read(self, relative: str) -> bytes:
        """Return the bytes of a file."""
        try:
            return (self.root / relative).read_bytes()
        except OSError as error:
            message = f"{self.root / relative} cannot be read: {error.strerror}"
            raise SourceError(message, "make it readable and look again") from error

    def read_each(self, relatives: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield each of these files with its bytes."""
        for relative in relatives:
            yield relative, self.read(relative)

    def sha256(self, relative: str) -> str:
        """Return the SHA-256 of a file."""
        try:
            with (self.root / relative).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            message = f"{self.root / relative} cannot be read: {error.strerror}"
            raise SourceError(message, "make it readable and look again") from error
