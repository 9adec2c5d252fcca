"""The first bytes of a file, which wait for the rest: a transfer that broke off goes on from there.

They lie in one folder, `.parts`, each beside a note of what they are: the server's name for these
very bytes, and how many of them are there, with their SHA-256. Bytes beyond those noted, or others
than those, are not built upon.
"""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import IO, Any

import msgspec

from spack_census.disk import durable
from spack_census.documents.limits import LIMITS

_FOLDER = ".parts"
_NOTE_EVERY_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
_MOST_BYTES = LIMITS.index_bytes
_MOST_SECONDS = 7 * 24 * 3600


class _Note(msgspec.Struct, frozen=True):
    etag: str
    size: int
    sha256: str


class Part:
    """A file that is coming: bytes are added, and it is put in its place when all are there."""

    def __init__(self, folder: Path, relative: str) -> None:
        name = hashlib.sha256(relative.encode(errors="surrogateescape")).hexdigest()[:32]
        self._path = folder / _FOLDER / f"{name}.part"
        self._note = folder / _FOLDER / f"{name}.json"
        self._file: IO[bytes] | None = None
        self._digest: Any = hashlib.sha256()
        self._etag: str | None = None
        self._noted = 0
        self.size = 0

    @property
    def sha256(self) -> str:
        """SHA-256 of the bytes that are there."""
        return str(self._digest.hexdigest())

    def resume(self) -> str | None:
        """Return the name of the bytes that wait, None where none do; `size` says how many."""
        try:
            note = msgspec.json.decode(self._note.read_bytes(), type=_Note)
            self._digest = hashlib.sha256()
            with self._path.open("rb") as file:
                left = note.size
                while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
                    self._digest.update(chunk)
                    left -= len(chunk)
        except (OSError, ValueError):
            return None
        if left or not note.size or self.sha256 != note.sha256:
            self.remove()
            return None
        self.size = note.size
        return note.etag

    def begin(self, start: int, etag: str | None) -> None:
        """Make ready to add bytes from `start` on, 0 or `size`; `etag` is their strong name."""
        if not start:
            self._digest, self.size = hashlib.sha256(), 0
        durable.make_folder(self._path.parent)
        self._file = self._path.open("r+b" if start else "wb")
        self._file.truncate(start)
        self._file.seek(start)
        self._etag, self._noted = etag, self.size
        if not start:
            self._note.unlink(missing_ok=True)

    def add(self, data: bytes) -> None:
        """Add bytes that came; raises OSError."""
        assert self._file is not None
        self._file.write(data)
        self._digest.update(data)
        self.size += len(data)
        if self.size - self._noted > _NOTE_EVERY_BYTES:
            self._file.flush()
            self._take_note()

    def keep(self) -> None:
        """Close the file for now, so that it can go on later; raises OSError."""
        file, self._file = self._file, None
        if file is None:
            return
        with file:
            file.flush()
            self._take_note()
        if not self._etag:
            self.remove()

    def put(self, path: Path) -> None:
        """Put the whole file in its place, for certain before the name; raises OSError."""
        assert self._file is not None
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        durable.make_folder(path.parent)
        self._path.replace(path)
        durable.sync(path.parent)
        self._note.unlink(missing_ok=True)

    def remove(self) -> None:
        """Forget the bytes that are there."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)
        self._digest, self.size = hashlib.sha256(), 0

    def _take_note(self) -> None:
        self._noted = self.size
        if self._etag and self.size:
            note = _Note(self._etag, self.size, self.sha256)
            draft = self._note.with_suffix(".draft")
            draft.write_bytes(msgspec.json.encode(note))
            draft.replace(self._note)


def clean(folder: Path, most_bytes: int = _MOST_BYTES, most_seconds: float = _MOST_SECONDS) -> None:
    """Remove what has waited for a week, and the oldest of what is more than an index may be."""
    waiting = folder / _FOLDER
    if waiting.is_symlink() or not waiting.is_dir():
        return
    found = [(path.stat(), path) for path in waiting.iterdir() if path.is_file()]
    room = most_bytes
    for status, path in sorted(found, key=lambda each: -each[0].st_mtime_ns):
        room -= status.st_size
        if room < 0 or time.time() - status.st_mtime > most_seconds:
            path.unlink()
    if not most_bytes:
        waiting.rmdir()
