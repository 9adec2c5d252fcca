"""Builders that are killed, or whose disk fails, leave the old version or the new one."""

from __future__ import annotations

import errno
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.dataset import publication
from spack_census.disk import failpoints
from spack_census.errors import CensusError
from torture import readers
from torture.children import build_state, finished, forked, look, say, workplace
from torture.sabotage import Sabotage, nothing

FAULTS = ("kill", "EIO", "ENOSPC")
_SPARED_VERSIONS = 12


@dataclass
class Report:
    """What came of a run; all but the first line must be 0."""

    kills: int = 0
    failures: int = 0
    builds: int = 0
    reads: Counter[str] = field(default_factory=Counter)
    errors: int = 0
    mixed: int = 0
    lost: int = 0
    """Builds that were reported as done and are not there."""
    broken: int = 0
    """Datasets that were neither the old nor the new version, or could not be built on."""
    debris: int = 0
    samples: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """Whatever must not be."""
        return self.errors + self.mixed + self.lost + self.broken + self.debris


def checked(folder: Path, sabotage: Sabotage) -> Callable[[int], None]:
    """Return work that looks at a dataset after a fault, builds the next state, looks again."""

    def work(pipe: int) -> None:
        sabotage()
        after = look(folder / "dataset")
        say(pipe, **after)
        build_state(folder, (after["state"] or 0) + 1)
        say(pipe, **look(folder / "dataset"))

    return work


def judge(report: Report, folder: Path, allowed: tuple[int, ...], sabotage: Sabotage) -> int:
    """Count what is wrong after a fault; return the state that the next build left."""
    lines = finished(*forked(checked(folder, sabotage)))
    after, built = lines[0], lines[-1]
    if "error" in built:
        report.broken += 1
        report.samples.append(built["error"])
        return max(allowed)
    if after["state"] not in allowed:
        report.lost += after["state"] is not None and after["state"] < min(allowed)
        report.broken += after["state"] is None or after["state"] > max(allowed)
        report.samples.append(f"{after['state']} is none of {allowed}")
    report.broken += bool(after["findings"] or built["findings"])
    report.debris += bool(built["debris"])
    report.samples += after["findings"][:1] + built["findings"][:1] + built["debris"][:1]
    report.builds += 1
    state: int = built["state"]
    return state


@contextmanager
def reading(dataset: Path, report: Report) -> Iterator[None]:
    """Let a reader of each kind loop meanwhile, and add what they saw to the report."""
    processes = {
        engine: subprocess.Popen(
            [sys.executable, "-m", "torture.readers", engine, str(dataset)],
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[1],
        )
        for engine in readers.ENGINES
    }
    try:
        yield
    finally:
        for process in processes.values():
            process.terminate()
        for engine, process in processes.items():
            tally = json.loads(process.communicate()[0] or b"{}")
            report.reads[engine] += tally["reads"]
            report.errors += tally["errors"]
            report.mixed += tally["mixed"]
            report.samples += [f"{engine}: {sample}" for sample in tally["samples"]]


def random_kills(kills: int, seed: int = 0, sabotage: Sabotage = nothing) -> Report:
    """Kill a builder at random while readers loop; check what is left after each kill."""
    # Old versions go soon, but not under a reader that has just pinned one.
    publication._KEPT_SECONDS = 15
    dice = random.Random(seed)  # noqa: S311 - dice, no secret
    report = Report()
    with workplace() as folder:
        started = time.monotonic()
        finished(*forked(lambda _: build_state(folder, 0)))
        longest = 3 * (time.monotonic() - started)
        state = 0
        with reading(folder / "dataset", report):
            for _ in range(kills):
                seconds = dice.uniform(0, longest)
                acknowledged = _kill_one(report, folder, state, seconds, sabotage)
                report.kills += 1
                report.builds += acknowledged - state
                state = judge(report, folder, (acknowledged, acknowledged + 1), sabotage)
    return report


def _kill_one(report: Report, folder: Path, state: int, seconds: float, sabotage: Sabotage) -> int:
    """Kill a builder of one state after another; return the last that it said was done."""

    def work(pipe: int) -> None:
        sabotage()
        for number in range(state + 1, state + 1000):
            build_state(folder, number)
            say(pipe, done=number)

    process, pipe = forked(work)
    time.sleep(seconds)
    os.kill(process, signal.SIGKILL)
    said = finished(process, pipe)
    wrong = [line["error"] for line in said if "error" in line]
    report.broken += len(wrong)
    report.samples += wrong
    return max((line["done"] for line in said if "done" in line), default=state)


def each_step(faults: tuple[str, ...] = FAULTS, *, repeats: bool = True, seed: int = 0) -> Report:
    """Kill and fail a build at each of its steps while readers loop.

    A step that a build takes many times is struck each time, or without `repeats` at one of them.
    """
    # Each build removes the oldest version, so that all take the same steps; but so many stay that
    # no reader has that one in hand.
    publication._KEPT_VERSIONS, publication._KEPT_SECONDS = _SPARED_VERSIONS, -1
    report = Report()
    with workplace() as folder:
        for number in range(_SPARED_VERSIONS + 2):
            finished(*forked(lambda _, number=number: build_state(folder, number)))
        state = _SPARED_VERSIONS + 2
        (recorded,) = finished(*forked(lambda pipe: _record(folder, state, pipe)))
        steps = [*enumerate(recorded["steps"])]
        if not repeats:
            random.Random(seed).shuffle(steps)  # noqa: S311 - dice, no secret
            steps = sorted({step: (at, step) for at, step in steps}.values())
        with reading(folder / "dataset", report):
            for at in steps:
                for fault in faults:
                    state = _fault_one(report, folder, state, at, fault)
    return report


def _record(folder: Path, number: int, pipe: int) -> None:
    steps: list[str] = []
    failpoints.reached = steps.append
    build_state(folder, number)
    say(pipe, steps=steps)


def _fault_one(report: Report, folder: Path, state: int, at: tuple[int, str], fault: str) -> int:
    position, step = at
    (said,) = finished(*forked(_struck(folder, state + 1, position, fault))) or [{}]
    report.kills += not said
    report.failures += bool(said)
    allowed: tuple[int, ...] = (state, state + 1)
    wrong = said.get("error")
    if "done" in said:
        allowed = (state + 1,)
        wrong = None if said["struck"] and said["warnings"] else "nothing was said of it"
    elif "refused" in said and "is current" not in said["refused"]:
        allowed = (state,)
    if wrong:
        report.broken += 1
        report.samples.append(f"{step}, {fault}: {wrong}")
    return judge(report, folder, allowed, nothing)


def _struck(folder: Path, number: int, position: int, fault: str) -> Callable[[int], None]:
    """Return a build that is killed or failed when it reaches the step at this position."""
    passed = [0]

    def strike(_step: str) -> None:
        passed[0] += 1
        if passed[0] == position + 1:
            if fault == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            code = getattr(errno, fault)
            raise OSError(code, os.strerror(code), "here")

    def work(pipe: int) -> None:
        failpoints.reached = strike
        try:
            result = build_state(folder, number)
        except CensusError as error:
            say(pipe, refused=str(error))
        else:
            say(pipe, done=number, warnings=result.warnings, struck=passed[0] > position)

    return work
