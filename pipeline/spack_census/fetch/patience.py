"""How long a download may take and how often it is tried, by a clock that tests can put."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from spack_census.errors import SourceError

RETRY = "try again later: what was fetched is kept"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try."""

    timeout_seconds: float = 30
    """The longest silence; fewer than `slowest_bytes` in that time count as silence."""
    slowest_bytes: int = 1000
    download_seconds: float = 3600
    """What one file may take, all attempts and pauses together."""
    attempts: int = 4
    pause_seconds: float = 1
    """Before the second attempt; twice as long before each further one, and up to half more."""
    longest_pause_seconds: float = 60
    clock: Callable[[], float] = time.monotonic


class Meter:
    """The time that one download has left, and how fast it is."""

    def __init__(self, patience: Patience, halted: threading.Event) -> None:
        self._patience, self._halted = patience, halted
        self._since = patience.clock()
        self._end = self._since + patience.download_seconds
        self._num_bytes = 0

    def left(self) -> float:
        """Return the seconds that are left; raises SourceError where none are."""
        if self._halted.is_set():
            raise SourceError("the fetch was ended", RETRY)
        left = self._end - self._patience.clock()
        if left <= 0:
            message = f"it took more than {self._patience.download_seconds:,.0f} s"
            raise SourceError(message, RETRY)
        return left

    def restart(self) -> None:
        """Begin anew to measure how fast it is, for another attempt has begun."""
        self._since, self._num_bytes = self._patience.clock(), 0

    def silence(self) -> float:
        """Return how long the next bytes may keep one waiting."""
        return min(self._patience.timeout_seconds, self.left())

    def count(self, num_bytes: int) -> None:
        """Take note of bytes that came; raises TimeoutError where they come too slowly."""
        self._num_bytes += num_bytes
        now = self._patience.clock()
        if now - self._since > self._patience.timeout_seconds:
            if self._num_bytes < self._patience.slowest_bytes:
                message = f"no more than {self._num_bytes:,} bytes in {now - self._since:,.0f} s"
                raise TimeoutError(message)
            self._since, self._num_bytes = now, 0

    def wait(self, seconds: float) -> None:
        """Wait, but no longer than there is time, nor where the fetch has ended."""
        self._halted.wait(min(seconds, self.left()))
        self.left()
