"""The coverage of one snapshot as a grid: targets down, operating systems across."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from spack_census.reports.changes import place
from spack_census.reports.report import Coverage
from spack_census.reports.sentences import percent

STEPS = 6
"""Shades of the grid; its style sheet has as many."""


@dataclass(frozen=True, slots=True)
class Field:
    """A target on a system: packages, their share of all, the shade for it."""

    packages: int
    share: str
    shade: int


@dataclass(frozen=True, slots=True)
class Heatmap:
    """Rows of fields, None where nothing was built; the widest systems and targets first."""

    systems: list[str]
    rows: list[tuple[str, list[Field | None]]]


def heatmap(coverage: Sequence[Coverage], num_packages: int) -> Heatmap:
    """Return the grid of a snapshot's coverage (the side after), which has so many packages."""
    here = [row for row in coverage if row.after_packages]
    systems: dict[str, int] = {}
    targets: dict[tuple[str, str], int] = {}
    for row in here:
        target = (row.platform, row.target)
        systems[row.os] = max(row.after_packages, systems.get(row.os, 0))
        targets[target] = max(row.after_packages, targets.get(target, 0))
    across = sorted(systems, key=lambda os: (-systems[os], os))
    down = sorted(targets, key=lambda target: (-targets[target], target))
    found = {(row.platform, row.target, row.os): _field(row, num_packages) for row in here}
    return Heatmap(
        across, [(place(*target), [found.get((*target, os)) for os in across]) for target in down]
    )


def _field(row: Coverage, num_packages: int) -> Field:
    shade = min(row.after_packages * STEPS // num_packages, STEPS - 1)
    return Field(row.after_packages, percent(row.after_packages, num_packages), shade)
