"""Whose turn it is to move `current`: a compare-and-swap where the lock does not hold.

`flock` excludes every other build, unless the file system does not share it: through FUSE, or
between the hosts of some network file systems, two builds hold it at once. A file that only one
can make decides between them, for the moment of the commit, and whoever finds that `current` is no
more what it started from publishes nothing. A lock that lies costs an error, never a build.
"""

from __future__ import annotations

import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from spack_census.dataset.layout import CURRENT
from spack_census.disk import failpoints
from spack_census.errors import BusyError

TURN = "COMMIT"
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_LONGEST_SECONDS = 600
"""A turn takes moments: one that is older is of a build that is dead, on whatever host."""
_UNSIGNED_SECONDS = 5
"""A turn is signed at once: whoever has not done so by then was killed, or had no room left."""
_PATIENCE_SECONDS = 10
_POLL_SECONDS = 0.02
_HINT = "the lock does not hold there: build on one machine, through one path"


def head(dataset: Path) -> str | None:
    """Return where `current` leads, None where there is none."""
    try:
        return os.readlink(dataset / CURRENT)  # noqa: PTH115 - as it is written
    except OSError:
        return None


@contextmanager
def turn(dataset: Path, started_from: str | None, warnings: list[str]) -> Iterator[None]:
    """Be the only one to move `current`, which is still `started_from`, for a moment.

    A turn that cannot be ended undoes nothing, and is added to `warnings`. Raises BusyError where
    another build has moved `current` meanwhile, or does not end its turn; OSError.
    """
    failpoints.reached("take turn")
    path = dataset / TURN
    _take(path, dataset)
    try:
        now = head(dataset)
        if now != started_from:
            message = f"{dataset}: another build made {now} current while this one was at work"
            raise BusyError(message, _HINT)
        yield
    finally:
        try:
            failpoints.reached("end turn")
            path.unlink(missing_ok=True)
        except OSError as error:
            warnings.append(f"{path} stays, the next build removes it: {error.strerror}")


def _take(path: Path, dataset: Path) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    started = time.monotonic()
    while True:
        try:
            descriptor = os.open(path, flags, 0o600)
        except FileExistsError:
            pass
        else:
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(_signature().encode())
            except OSError:
                path.unlink(missing_ok=True)
                raise
            return
        _take_away_dead(path)
        if time.monotonic() - started > _PATIENCE_SECONDS:
            message = f"{dataset}: another build is publishing and does not come to an end"
            raise BusyError(message, f"{_HINT}; {path} says who")
        time.sleep(_POLL_SECONDS)


def _take_away_dead(path: Path) -> None:
    try:
        text, age = path.read_text(errors="replace"), time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return
    if age < (_LONGEST_SECONDS if text else _UNSIGNED_SECONDS) and not _is_dead(text):
        return
    aside = path.with_name(f"{TURN}-{secrets.token_hex(4)}")
    try:
        path.rename(aside)
    except FileNotFoundError:
        return
    try:
        if aside.read_text(errors="replace") != text:
            # Another one was quicker, and this is its own turn: give it back.
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)


def _signature() -> str:
    return f"{socket.gethostname()}\n{_boot()}\n{os.getpid()}\n"


def _boot() -> str:
    try:
        return _BOOT.read_text().strip()
    except OSError:
        return ""


def _is_dead(signature: str) -> bool:
    """Tell whether the build that signed is certainly no more; of another host that is unknown."""
    lines = signature.split("\n")
    if len(lines) != 4 or lines[0] != socket.gethostname():
        return False
    if lines[1] != _boot():
        return True
    if not lines[2].isdecimal() or int(lines[2]) == os.getpid():
        return True
    try:
        os.kill(int(lines[2]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except PermissionError:
        return False
    return False
