"""What changed, as tables: the same in `census diff` and in a report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby

from spack_census.ask.changed import (
    CompilerStep,
    GoneSpec,
    Place,
    StackChange,
    VariantStep,
    VersionStep,
)
from spack_census.ask.shares import share_pct
from spack_census.reports.maintainers import NOBODY, Maintainers, with_maintainers
from spack_census.reports.sections import Cell, Column, Kind, Package, Table

_ROWS = 20
_FEW = 5

Rest = Callable[[str], str]
"""Kinds of change → the command that lists all of them."""


def no_rest(_kinds: str) -> str:
    """Name no command, for a page that has all rows."""
    return ""


def place(platform: str, target: str) -> str:
    """Return the name of a target: the platform is said where it is not linux."""
    return target if platform == "linux" else f"{platform}/{target}"


def places(names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of targets given as platform/target."""
    return tuple(place(*name.split("/", 1)) for name in names)


def gone_from_target(
    rows: Sequence[Place], before: str, rest: Rest = no_rest, maintainers: Maintainers = NOBODY
) -> Table:
    """Return the packages that are gone from a target, those gone from all first."""
    titles = ("gone from", "was", "on another target")
    columns, found = _places(rows, before, titles, "bad")
    return Table(
        *with_maintainers(columns, found, maintainers),
        "Packages gone from a target",
        "places_gone.csv",
        rest("gone"),
        _ROWS,
    )


def appeared_on_target(rows: Sequence[Place], after: str, rest: Rest = no_rest) -> Table:
    """Return the packages that appeared on a target, those that no target had first."""
    titles = ("appeared on", "newest", "on another target before")
    found = _places(rows, after, titles, "good")
    caption = "Packages that appeared on a target"
    return Table(*found, caption, "places_appeared.csv", rest("appeared"), _FEW)


def _places(
    rows: Sequence[Place], snapshot: str, titles: tuple[str, str, str], tone: str
) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    columns = (
        Column("package", tone=tone),
        Column(titles[0], Kind.LIST),
        Column(titles[1], Kind.LIST, rank=1),
        Column("specs", Kind.COUNT, rank=2),
        Column(titles[2], rank=3),
        Column("stacks", Kind.LIST, rank=1),
    )
    found: list[tuple[Cell, ...]] = [
        (
            Package(package, snapshot),
            tuple(place(row.platform, row.target) for row in members),
            tuple(sorted({row.newest_version for row in members})),
            sum(row.num_specs for row in members),
            "yes" if any(row.elsewhere for row in members) else "no",
            _stacks_of(members),
        )
        for package, members in _by_package(rows)
    ]
    return columns, found


def gone_specs(
    rows: Sequence[GoneSpec], before: str, rest: Rest = no_rest, maintainers: Maintainers = NOBODY
) -> Table:
    """Return every spec that is gone, with its target, system and stacks."""
    columns = (
        Column("package", tone="bad"),
        Column("version"),
        Column("target", rank=1),
        Column("system", rank=2),
        Column("compiler", rank=4),
        Column("stacks", Kind.LIST, rank=1),
        Column("hash", Kind.HASH, rank=3),
    )
    found: list[tuple[Cell, ...]] = [
        (
            Package(row.package, before),
            row.version,
            place(row.platform, row.target),
            row.os,
            row.compiler or "none",
            tuple(row.stacks),
            row.hash,
        )
        for row in rows
    ]
    return Table(
        *with_maintainers(columns, found, maintainers),
        "Specs that are gone",
        "specs_gone.csv",
        rest("gone"),
        _ROWS,
    )


def versions(steps: Sequence[VersionStep], after: str, rest: Rest = no_rest) -> Table:
    """Return the steps of versions in the order given."""
    known = any(step.is_root is not None for step in steps)
    columns = [
        Column("package"),
        Column("before"),
        Column("after"),
        Column("change", Kind.CHANGE, rank=2),
        Column("on", Kind.LIST, rank=1),
        Column("specs", Kind.COUNT, rank=3),
        *([Column("root", rank=4)] if known else []),
    ]
    found: list[tuple[Cell, ...]] = []
    for step in steps:
        row = (Package(step.package, after), step.before_version, step.after_version, step.change)
        root = ("yes" if step.is_root else "no",) if known else ()
        found.append((*row, places(step.places), step.num_specs, *root))
    caption, command = "Version changes, by package", rest("upgraded,downgraded")
    return Table(tuple(columns), found, caption, "versions.csv", command, _ROWS)


def variants(steps: Sequence[VariantStep], after: str, rest: Rest = no_rest) -> Table:
    """Return the packages that were built with other variants."""
    columns = (
        Column("package"),
        Column("before", Kind.LIST),
        Column("after", Kind.LIST),
        Column("on", Kind.LIST, rank=1),
        Column("specs", Kind.COUNT, rank=2),
    )
    found: list[tuple[Cell, ...]] = [
        (
            Package(step.package, after),
            tuple(step.variants_removed),
            tuple(step.variants_added),
            places(step.places),
            step.num_specs,
        )
        for step in steps
    ]
    return Table(
        columns, found, "Reconfigured: other variants", "variants.csv", rest("reconfigured"), _FEW
    )


def compilers(steps: Sequence[CompilerStep], rest: Rest = no_rest) -> Table:
    """Return the steps of compilers in the order given."""
    columns = (
        Column("before"),
        Column("after"),
        Column("packages", Kind.COUNT),
        Column("specs", Kind.COUNT),
    )
    found: list[tuple[Cell, ...]] = [
        (
            step.before_compiler or "none",
            step.after_compiler or "none",
            step.num_packages,
            step.num_specs,
        )
        for step in steps
    ]
    caption, command = "Recompiled: another compiler", rest("recompiled")
    return Table(columns, found, caption, "compilers.csv", command, _ROWS)


def stacks(rows: Sequence[StackChange]) -> Table:
    """Return what became of the specs of each stack, those that lost most first."""
    columns = (
        Column("stack"),
        Column("specs", Kind.COUNT, rank=1),
        Column("change", Kind.DELTA, rank=7),
        Column("gone", Kind.COUNT, "bad", rank=2),
        Column("appeared", Kind.COUNT, "good", rank=5),
        Column("downgraded", Kind.COUNT, "bad", rank=6),
        Column("upgraded", Kind.COUNT, "good", rank=4),
        Column("recompiled", Kind.COUNT, rank=9),
        Column("reconfigured", Kind.COUNT, rank=10),
        Column("rebuilt", Kind.COUNT, rank=3),
        Column("hashes kept", Kind.PERCENT, rank=8),
    )
    found: list[tuple[Cell, ...]] = [
        (
            row.stack if row.change == "kept" else f"{row.stack} ({row.change})",
            row.after_specs,
            row.after_specs - row.before_specs,
            row.gone,
            row.appeared,
            row.downgraded,
            row.upgraded,
            row.recompiled,
            row.reconfigured,
            row.rebuilt,
            share_pct(row.kept, row.before_specs),
        )
        for row in sorted(rows, key=_by_loss)
    ]
    return Table(columns, found, "Specs of each stack", "stacks.csv")


def renames(pairs: Sequence[tuple[str, str]]) -> str:
    """Return the footnote on stacks that have another name after than before, if any."""
    said = [f"{new} was called {old} before" for old, new in pairs]
    return f"One stack under two names is one stack here: {'; '.join(said)}." if said else ""


def _by_loss(row: StackChange) -> tuple[int, int, int, str]:
    return -row.gone, -row.downgraded, -row.after_specs, row.stack


def _by_package(rows: Sequence[Place]) -> list[tuple[str, list[Place]]]:
    ranked = sorted(rows, key=lambda row: (row.elsewhere, row.package))
    return [(name, list(members)) for name, members in groupby(ranked, lambda row: row.package)]


def _stacks_of(rows: Sequence[Place]) -> tuple[str, ...]:
    return tuple(sorted({stack for row in rows for stack in row.stacks}))
