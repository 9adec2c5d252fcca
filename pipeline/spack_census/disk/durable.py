"""Files and folders that are on the disk for certain when the call returns, power cut or not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spack_census.disk import failpoints
from spack_census.errors import CensusError

_WRITE_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def write_bytes(path: Path, *data: bytes) -> None:
    """Write a new read-only file and wait until the disk has it; raises OSError."""
    failpoints.reached("create file")
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, _WRITE_FLAGS, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        failpoints.reached("write file")
        file.writelines(data)
        file.flush()
        failpoints.reached("sync file")
        os.fsync(descriptor)


def draft_of(path: Path) -> Path:
    """Return where `replace` writes what is to take a file's place."""
    return path.with_name(f".{path.name.lstrip('.')}.draft")


def replace(path: Path, *data: bytes, draft: Path | None = None) -> None:
    """Put a file in the place of another in one step, and for certain; raises OSError.

    It is written beside it first, or where `draft` says: a reader sees the old file or the new.
    """
    draft = draft or draft_of(path)
    draft.unlink(missing_ok=True)
    write_bytes(draft, *data)
    draft.replace(path)
    sync(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, and have the disk remember them; raises OSError."""
    missing = [each for each in (path, *path.parents) if not each.exists()]
    path.mkdir(parents=True, exist_ok=True)
    for each in reversed(missing):
        sync(each.parent)


def sync(folder: Path) -> None:
    """Wait until the disk has the names in a folder, which syncing the files does not do."""
    failpoints.reached("sync folder")
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def errors(place: Path, hint: str, kind: type[CensusError] = CensusError) -> Iterator[None]:
    """Turn OSError into an error of this kind that names the file, or else the place; and a hint.

    The hint says what still stands, and what to do.
    """
    try:
        yield
    except OSError as error:
        message = f"{error.filename2 or error.filename or place}: {error.strerror or error}"
        raise kind(message, hint) from error
