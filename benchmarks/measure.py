"""Time and memory of a command's processes, and how two measurements compare."""

from __future__ import annotations

import math
import multiprocessing
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

_SAMPLE_SECONDS = 0.02
_PLAIN = Path(__file__).parent / "plain"


@dataclass(frozen=True, slots=True)
class Cost:
    """What a command costs: the median of several runs, the highest memory of any."""

    wall_seconds: float
    cpu_seconds: float
    """Of all its processes; what neighbours on a busy machine disturb least."""
    peak_mb: float
    """All its processes together, what they share counted for each."""


Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


def apart(
    function: Callable[Arguments, Result], *args: Arguments.args, **named: Arguments.kwargs
) -> Result:
    """Return what a function returns in a process of its own, which gives its memory back."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *args, **named).result()


def measure(command: list[str], runs: int, before: Callable[[], object] = lambda: None) -> Cost:
    """Run a command several times, `before` ahead of each; stops the program where it fails."""
    found = []
    for _ in range(runs):
        before()
        found.append(once(command))
    return median(found)


def median(costs: Sequence[Cost]) -> Cost:
    """Return the medians of the times and the highest peak."""
    return Cost(
        wall_seconds=round(statistics.median(each.wall_seconds for each in costs), 3),
        cpu_seconds=round(statistics.median(each.cpu_seconds for each in costs), 3),
        peak_mb=round(max(each.peak_mb for each in costs)),
    )


def once(command: list[str]) -> Cost:
    """Run a command; those of peers that need no pandas find none. Stops where it fails."""
    # As installed: where no bytecode may be kept, each run would compile all that it loads.
    installed = {
        name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
    }
    plain = {**installed, "PYTHONPATH": str(_PLAIN)}
    started = time.perf_counter()
    with subprocess.Popen(  # noqa: S603 - commands of our own
        command,
        env=installed if any("pandas" in word for word in command) else plain,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        sampler = _Sampler(process.pid)
        sampler.start()
        assert process.stderr is not None
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        sampler.done.set()
        sampler.join()
    if status:
        raise SystemExit(f"failed: {' '.join(command)}\n{said}")
    return Cost(seconds, usage.ru_utime + usage.ru_stime, sampler.peak_mb)


class _Sampler(threading.Thread):
    """Watches the memory of a process and its children."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.done = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        """Sample until the process is gone."""
        while not self.done.wait(_SAMPLE_SECONDS):
            family = _family(self.pid)
            # Between two samples the kernel alone saw the peak, of each process for itself.
            seen = [sum(_status_mb(pid, "VmRSS") for pid in family), _status_mb(self.pid, "VmHWM")]
            self.peak_mb = max(self.peak_mb, *seen)


def _family(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        # A child belongs to the thread that started it.
        try:
            for listing in Path(f"/proc/{parent}/task").glob("*/children"):
                found += map(int, listing.read_text().split())
        except OSError:  # it has ended
            continue
    return found


def _status_mb(pid: int, field: str) -> float:
    try:
        found = Path(f"/proc/{pid}/status").read_text().partition(f"{field}:")[2]
    except OSError:  # it has ended
        return 0.0
    # What has ended and was not waited for has no memory.
    return int(found.split()[0]) * 1024 / 1e6 if found else 0.0


def one_core(command: list[str]) -> list[str]:
    """Return the command bound to one core, for ratios that a second core must not flatter."""
    return ["taskset", "--cpu-list", "0", *command]


def exponent(small: float, large: float, times: float) -> float:
    """Return b where a cost grows as size**b, measured at a size and at `times` that size."""
    return round(math.log(large / small) / math.log(times), 2)
