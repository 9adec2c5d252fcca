"""Charts as shapes without text, which stands in the page around them: it never shrinks with them.

A line a target, each on a scale of its own that shows the change; a bar a stack, cut in what became
of its specs. Colours are classes of the style sheet, one and the same for a target on every page.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from spack_census.ask.changed import StackChange
from spack_census.reports.changes import place
from spack_census.reports.report import Point

LINES = 12
"""Targets that a trend draws."""
BARS = 16
"""Stacks that a chart of stacks draws."""
FATES = (
    "kept",
    "rebuilt",
    "upgraded or downgraded",
    "recompiled or reconfigured",
    "appeared",
)

COLOURS = 8
"""Colours of the style sheet, c0 and on."""
WIDTH, HEIGHT = 100, 40
_MARGIN = 4
_FIXED = {
    "x86_64_v3": 0,
    "x86_64": 1,
    "neoverse_v1": 2,
    "neoverse_v2": 3,
    "darwin/aarch64": 4,
    "aarch64": 5,
    "x86_64_v4": 6,
    "x86_64_v2": 7,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One target through the snapshots; points and the mark of the present one as SVG has them."""

    target: str
    colour: int
    points: str
    end: tuple[float, float]
    mark: float | None
    first: int
    last: int
    low: int
    high: int


class Part(NamedTuple):
    """A part of a bar, in percent of the longest one."""

    fate: int
    start: float
    width: float


class Bar(NamedTuple):
    """What became of the specs of one stack."""

    stack: str
    total: int
    parts: list[Part]


def trend(points: Sequence[Point], figure: str, present: str | None = None) -> list[Line]:
    """Return a line a target of `num_packages` or `num_specs` over the snapshots of a series.

    The targets are the largest of the last snapshot, one that is absent from a snapshot counts 0
    there; `present` is a snapshot to mark.
    """
    names = list(dict.fromkeys(point.snapshot for point in points))
    across = _across(points, names)
    found = []
    for target in largest(points, figure):
        counts = dict.fromkeys(names, 0)
        counts |= {
            point.snapshot: getattr(point, figure)
            for point in points
            if place(point.platform, point.target) == target
        }
        low, high = min(counts.values()), max(counts.values())
        ends = [(across[name], _down(counts[name], low, high)) for name in names]
        mark = across[present] if present in across and present != names[-1] else None
        text = " ".join(f"{x:g},{y:g}" for x, y in ends)
        sides = (counts[names[0]], counts[names[-1]], low, high)
        found.append(Line(target, colour(target), text, ends[-1], mark, *sides))
    return found


def largest(points: Sequence[Point], figure: str) -> list[str]:
    """Return the names of the targets that a trend draws: the largest of the last snapshot."""
    last = [point for point in points if point.snapshot == points[-1].snapshot]
    ranked = sorted(last, key=lambda p: (-getattr(p, figure), p.platform, p.target))
    return [place(point.platform, point.target) for point in ranked[:LINES]]


def colour(target: str) -> int:
    """Return the number of a target's colour, the same on every chart of every page."""
    return _FIXED.get(target, zlib.crc32(target.encode(errors="surrogatepass")) % COLOURS)


def stacks(rows: Sequence[StackChange]) -> list[Bar]:
    """Return a bar a stack of what became of its specs, the largest stacks."""
    chosen = sorted(rows, key=lambda row: (-row.after_specs, row.stack))[:BARS]
    longest = max((row.after_specs for row in chosen), default=0)
    found = []
    for row in chosen:
        parts, start = [], 0.0
        for fate, count in enumerate(_fates(row)):
            width = round(count / longest * 100, 2) if longest else 0.0
            if count:
                parts.append(Part(fate, start, width))
            start = round(start + width, 2)
        found.append(Bar(row.stack, row.after_specs, parts))
    return found


def _fates(row: StackChange) -> tuple[int, ...]:
    return (
        row.kept + row.moved_in,
        row.rebuilt,
        row.upgraded + row.downgraded,
        row.recompiled + row.reconfigured,
        row.appeared,
    )


def _across(points: Sequence[Point], names: Sequence[str]) -> dict[str, float]:
    """Return where each snapshot stands: by its date where all have one, else by its order."""
    dates = {point.snapshot: point.snapshot_date for point in points}
    known = [date for date in dates.values() if date is not None]
    order = [float(at) for at in range(len(names))]
    if len(known) == len(names):
        order = [float((dates[name] - known[0]).days) for name in names]  # type: ignore[operator]
    span = order[-1] - order[0]
    room = WIDTH - 2 * _MARGIN
    return {
        name: round(_MARGIN + room * (at - order[0]) / span, 1) if span else WIDTH / 2
        for name, at in zip(names, order, strict=True)
    }


def _down(count: int, low: int, high: int) -> float:
    room = HEIGHT - 2 * _MARGIN
    share = (count - low) / (high - low) if high > low else 0.5
    return round(HEIGHT - _MARGIN - room * share, 1)
