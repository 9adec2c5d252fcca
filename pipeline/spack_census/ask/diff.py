"""What changed between two snapshots, as a release manager reads it: regressions first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

from spack_census.ask import queries, snapshots, tallies
from spack_census.ask.scope import Scope, checked, demand_labels, labelled, within
from spack_census.ask.snapshots import Snapshot
from spack_census.ask.tallies import (
    CompilerChange,
    StackRow,
    Totals,
    VariantChange,
    VersionChange,
)

CHANGES = (
    "gone",
    "appeared",
    "downgraded",
    "upgraded",
    "recompiled",
    "reconfigured",
    "rebuilt",
)
"""The labels of `diff.changes`, what matters most first."""

WORTH_SAYING = 1.1
"""How much more than its share a stack must hold of all rebuilds to be named for it."""


class Place(NamedTuple):
    """A package that came to a target or is gone from it; a row of `diff.coverage`."""

    package: str
    platform: str
    target: str
    newest_version: str
    num_specs: int
    stacks: list[str]
    elsewhere: bool


class Concentration(NamedTuple):
    """A stack that holds more rebuilds than its size explains; figures as in `diff.attribution`."""

    stack: str
    num_changes: int
    over_represented: float


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two snapshots, within a scope."""

    before: Snapshot
    after: Snapshot
    scope: Scope
    totals: Totals
    counts: dict[str, int]
    """Each label of `CHANGES` → specs, or pairs of specs."""
    lost: list[Place]
    gained: list[Place]
    versions: list[VersionChange]
    compilers: list[CompilerChange]
    variants: list[VariantChange]
    by_stack: list[StackRow]

    @property
    def epochs_differ(self) -> bool:
        """Whether Spack made hashes in another way, so that every hash differs."""
        epochs = {self.before.hash_epoch, self.after.hash_epoch}
        return None not in epochs and len(epochs) > 1

    @property
    def changed(self) -> bool:
        """Whether anything differs: a spec, or the stacks that hold it."""
        return self.totals.moved > 0 or any(self.counts.values())

    @property
    def concentration(self) -> Concentration | None:
        """The stack with most rebuilds of those that have more than their share, None for none."""
        rebuilt, specs = self.counts["rebuilt"], self.totals.before_specs + self.totals.after_specs
        if self.scope.stack is not None or self.epochs_differ or not rebuilt:
            return None
        found = (_concentration(row, rebuilt, specs) for row in self.by_stack)
        telling = [each for each in found if each.over_represented >= WORTH_SAYING]
        return max(telling, key=lambda each: each.num_changes, default=None)


def diff(
    con: duckdb.DuckDBPyConnection,
    before: str = "previous",
    after: str = "latest",
    scope: Scope = Scope(),  # noqa: B008 - frozen
) -> Diff:
    """Return what changed between two snapshots, named as `snapshots.resolve` takes them.

    Raises UnknownNameError where a snapshot, or a name of the scope, is unknown.
    """
    pair = {"before": snapshots.resolve(con, before), "after": snapshots.resolve(con, after)}
    scope = checked(con, scope, **pair)
    known = {each.snapshot: each for each in snapshots.listing(con)}
    specs = queries.run(con, queries.load("diff.specs"), pair)
    places = queries.run(con, queries.load("diff.coverage"), pair)
    found = within(places, scope, "stacks").fetchall()
    with _scoped(con, scope, specs, queries.run(con, queries.load("diff.changes"), pair)):
        return Diff(
            before=known[pair["before"]],
            after=known[pair["after"]],
            scope=scope,
            totals=tallies.totals(con, scope.stack),
            counts=tallies.counts(con, CHANGES),
            lost=[Place(*row) for change, *row in found if change == "lost"],
            gained=[Place(*row) for change, *row in found if change == "gained"],
            versions=tallies.versions(con),
            compilers=tallies.compilers(con),
            variants=tallies.variants(con),
            by_stack=tallies.by_stack(con, scope.stack),
        )


def change_rows(
    con: duckdb.DuckDBPyConnection,
    before: str,
    after: str,
    scope: Scope,
    only: list[str],
) -> duckdb.DuckDBPyRelation:
    """Return the rows of `diff.changes` within a scope, of these labels only (all where none).

    Raises UnknownNameError where a snapshot, a name of the scope, or a label is unknown.
    """
    demand_labels(only, CHANGES)
    pair = {"before": snapshots.resolve(con, before), "after": snapshots.resolve(con, after)}
    scope = checked(con, scope, **pair)
    rows = within(queries.run(con, queries.load("diff.changes"), pair), scope, "stacks")
    # Held in memory: whoever counts the rows before printing them does not match all specs twice.
    return con.from_arrow((labelled(rows, only) if only else rows).to_arrow_table())


def _concentration(row: StackRow, rebuilt: int, specs: int) -> Concentration:
    base_rate = (row.before_specs + row.after_specs) / specs
    return Concentration(row.stack, row.rebuilt, row.rebuilt / rebuilt / base_rate)


@contextmanager
def _scoped(
    con: duckdb.DuckDBPyConnection,
    scope: Scope,
    specs: duckdb.DuckDBPyRelation,
    changes: duckdb.DuckDBPyRelation,
) -> Iterator[None]:
    """Hold both in memory meanwhile: the matching behind them is made once, not once a question."""
    tables = {
        "scoped_specs": within(specs, scope, "before_stacks", "after_stacks").to_arrow_table(),
        "scoped_changes": within(changes, scope, "stacks").to_arrow_table(),
    }
    for name, held in tables.items():
        con.register(name, held)
    try:
        yield
    finally:
        for name in tables:
            con.unregister(name)
