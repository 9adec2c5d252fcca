"""Run the torture and print one table: `python -m torture --help`."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from torture import crash, decay, fuzz, hostile, races, sabotage


class Line(NamedTuple):
    """One line of the table."""

    what: str
    number: float
    most: float | None = None
    """More than this is a fault."""
    samples: tuple[str, ...] = ()

    @property
    def wrong(self) -> bool:
        """Whether this must not be."""
        return self.most is not None and self.number > self.most


def kills(number: int) -> Iterator[Line]:
    """Kill builders at random."""
    report = crash.random_kills(number)
    yield Line("builders killed at random", report.kills)
    yield from _of_crashes(report)


def steps(which: str) -> Iterator[Line]:
    """Kill and fail builders at each step."""
    report = crash.each_step(repeats=which == "all")
    yield Line("builders killed at a step", report.kills)
    yield Line("steps failed with EIO or ENOSPC", report.failures)
    yield from _of_crashes(report)


def _of_crashes(report: crash.Report) -> Iterator[Line]:
    samples = tuple(report.samples)
    yield Line("builds that ended meanwhile", report.builds)
    for engine, number in sorted(report.reads.items()):
        yield Line(f"reads by {engine}", number)
    yield Line("read errors", report.errors, 0, samples)
    yield Line("mixed reads", report.mixed, 0, samples)
    yield Line("acknowledged builds lost", report.lost, 0, samples)
    yield Line("datasets broken", report.broken, 0, samples)
    yield Line("builds that left debris", report.debris, 0, samples)


def control(number: int) -> Iterator[Line]:
    """Kill builders that publish in place, which must show."""
    report = crash.random_kills(number, sabotage=sabotage.publish_in_place)
    yield Line("control, in place: builders killed", report.kills)
    yield Line("control, in place: faults found", report.faults)
    yield Line("controls that show no fault", not report.faults, 0)


def race(number: int) -> Iterator[Line]:
    """Let two builders race, one half of the races without patience."""
    for wait_seconds in (0, 60):
        result = races.run(number // 2, wait_seconds)
        name = "races of two builders" + (", --wait" if wait_seconds else "")
        yield Line(name, result.races)
        yield Line(f"{name}: both built", result.both)
        yield Line(f"{name}: refused", result.refused)
        yield Line(f"{name}: gone wrong", result.wrong, 0, tuple(result.samples))


def flips(number: int) -> Iterator[Line]:
    """Flip bits and verify."""
    result = decay.run(number)
    yield Line("bits flipped", result.flips)
    yield Line("flips that verify missed", result.missed, 0, tuple(result.samples))


def costs(_which: str) -> Iterator[Line]:
    """Parse documents made to cost as much as they may."""
    found = hostile.run()
    dearest = max(found, key=lambda cost: cost.work)
    largest = max(found, key=lambda cost: cost.peak_mb)
    yield Line("hostile documents", len(found))
    yield Line("hostile documents: most work, × yardstick", dearest.work, 12, (str(dearest),))
    yield Line("hostile documents: most memory, MB", largest.peak_mb, 200, (str(largest),))


def mutations(number: int) -> Iterator[Line]:
    """Fuzz each format."""
    for name, form in fuzz.FORMATS.items():
        tally = fuzz.fuzz(form, round(number * form.share), seed=0)
        samples = tuple(f"{why}\n    {text[:_SHOWN_BYTES]!r}" for why, text in tally.samples)
        yield Line(f"{name}: mutations", tally.mutations)
        for verdict, count in sorted(tally.verdicts.items()):
            yield Line(f"{name}: {verdict}", count)
        yield Line(f"{name}: mismatches", tally.wrong, 0, samples)
        yield Line(f"{name}: most work, × yardstick", tally.most_work, 3)
        yield Line(f"{name}: memory grown, MB", tally.grown_mb, 200)


_SHOWN_BYTES = 2000
"""Of a mutated text; the same seed gives the whole again."""

_STAGES: dict[str, tuple[Callable[..., Iterator[Line]], str]] = {
    "kills": (kills, "builders to kill at random"),
    "steps": (steps, "steps to strike: all, or one of each name (some)"),
    "control": (control, "builders to kill that publish in place"),
    "races": (race, "races of two builders"),
    "flips": (flips, "bits to flip"),
    "hostile": (costs, "documents made to cost as much as they may: all"),
    "mutations": (mutations, "mutations of each format"),
}


_CHOICES = {"steps": ("all", "some"), "hostile": ("all",)}


def main() -> int:
    """Run the stages that are named; return 1 if something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    for name, (_, meaning) in _STAGES.items():
        if name in _CHOICES:
            parser.add_argument(f"--{name}", choices=_CHOICES[name], help=meaning)
        else:
            parser.add_argument(f"--{name}", type=int, metavar="N", help=meaning)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    chosen = vars(parser.parse_args())
    as_json = chosen.pop("json")
    lines: list[Line] = []
    for name, size in chosen.items():
        if size is not None:
            started = time.monotonic()
            found = [*_STAGES[name][0](size)]
            print(f"{name} took {time.monotonic() - started:.0f} s", file=sys.stderr)
            lines += found
            if not as_json:
                _print(found)
    if as_json:
        print(json.dumps({line.what: line.number for line in lines}))
    for line in lines:
        if line.wrong:
            print(f"{line.what}:", *line.samples[:5], sep="\n  ", file=sys.stderr)
    return any(line.wrong for line in lines)


def _print(lines: list[Line]) -> None:
    for line in lines:
        number = f"{line.number:,.2f}" if isinstance(line.number, float) else f"{line.number:,}"
        verdict = "" if line.most is None else "   FAULT" if line.wrong else "   ok"
        print(f"{line.what:<42}  {number:>10}{verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
