"""Time limits on whatever a run does, be it a library that does not come back."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

_AGAIN_SECONDS = 60
"""What takes that long to end when its time is up is interrupted once more."""


class TimeIsUp(KeyboardInterrupt):
    """What was being done took too long; it ends as it does where a user interrupts it."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeIsUp in the block when so many seconds have passed; in the main thread alone."""
    if threading.current_thread() is not threading.main_thread():
        # Signals come to the main thread only: elsewhere the limits of downloads and hooks hold.
        yield
        return

    def end(_number: int, _frame: object) -> NoReturn:
        raise TimeIsUp

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), _AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
