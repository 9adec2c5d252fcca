"""The lock of a folder: one writer at a time, of a dataset, of reports, or of what is fetched.

The lock is the kernel's and comes free with its holder's death; the file's text only says who that
was. The file is never removed: two writers could then lock two different files.
"""

from __future__ import annotations

import datetime
import fcntl
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from spack_census.disk import durable, failpoints
from spack_census.errors import BusyError, DatasetError

LOCK = "LOCK"
_MODE = 0o600
"""Whoever can open it can hold it, and keep every build waiting: a reader has no need to."""
_POLL_SECONDS = 0.05
_UNSIGNED_SECONDS = 1
_UNKNOWN = "another process"
_BUILDS = ("is being built", "wait for that build: census build … --wait SECONDS")


@contextmanager
def hold(dataset: Path, wait_seconds: float = 0, busy: tuple[str, str] = _BUILDS) -> Iterator[None]:
    """Hold the lock of a dataset, or of another folder, making it where there is none.

    `busy` is what to say of it while another process has it, and what to do then.

    Raises BusyError, naming the holder, where another process keeps it for longer than
    `wait_seconds`; DatasetError where the file system has no locks; OSError.
    """
    durable.make_folder(dataset)
    failpoints.reached("open lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(dataset / LOCK, flags, _MODE)
    try:
        _close_to_others(descriptor)
        _acquire(descriptor, dataset, wait_seconds, busy)
        unsigned = os.fstat(descriptor)
        _sign(descriptor)
        try:
            yield
        finally:
            # The next holder has not signed for a moment, and must not be taken for this one.
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
                # Whoever looks for what has changed since finds nothing where nothing has.
                os.utime(descriptor, ns=(unsigned.st_atime_ns, unsigned.st_mtime_ns))
    finally:
        os.close(descriptor)


def holder(dataset: Path) -> str | None:
    """Return who holds the lock of a folder, None where nobody does."""
    with still(dataset) as builder:
        return builder


@contextmanager
def still(dataset: Path) -> Iterator[str | None]:
    """Keep writers from starting, for a moment; yield who writes already, None where nobody does.

    Nothing is written, so that the folder can be looked at by whoever may only read it. Raises
    DatasetError where the file system has no locks; OSError.
    """
    try:
        descriptor = os.open(dataset / LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except PermissionError:
        yield _UNKNOWN
        return
    try:
        free = _try(descriptor, fcntl.LOCK_SH, dataset)
        yield None if free else _signature(descriptor) or _UNKNOWN
    finally:
        os.close(descriptor)


def _close_to_others(descriptor: int) -> None:
    # One of an older version was open to all.
    if os.fstat(descriptor).st_mode & 0o777 != _MODE:
        with suppress(OSError):
            os.fchmod(descriptor, _MODE)


def _acquire(descriptor: int, dataset: Path, wait_seconds: float, busy: tuple[str, str]) -> None:
    started = time.monotonic()
    while not _try(descriptor, fcntl.LOCK_EX, dataset):
        signature = _signature(descriptor)
        # Whoever only looks (`still`) has the lock for a moment; who has not signed is about to, or
        # about to leave.
        patience = max(wait_seconds, _POLL_SECONDS if signature else _UNSIGNED_SECONDS)
        if time.monotonic() - started > patience:
            state, hint = busy
            raise BusyError(f"{dataset} {state} ({signature or _UNKNOWN})", hint)
        time.sleep(_POLL_SECONDS)


def _try(descriptor: int, kind: int, dataset: Path) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        message = f"{dataset} cannot be locked: {error.strerror}"
        raise DatasetError(message, "put the dataset on a file system that has flock") from error
    return True


def _sign(descriptor: int) -> None:
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    text = f"process {os.getpid()} on {socket.gethostname()} since {now}"
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, text.encode(), 0)


def _signature(descriptor: int) -> str:
    """Return what the last holder wrote, nothing where it has left, or has not signed yet."""
    return os.pread(descriptor, 200, 0).decode(errors="replace").strip()
