"""What changed between two snapshots, as a release manager reads it: regressions first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import duckdb

from spack_census.ask import queries, snapshots, tallies
from spack_census.ask.because import because
from spack_census.ask.changed import (
    CHANGES,
    Cause,
    CompilerStep,
    GoneSpec,
    Place,
    StackChange,
    VariantStep,
    VersionStep,
)
from spack_census.ask.held import holding, kept, release
from spack_census.ask.scope import Scope, checked, demand_labels, labelled, within
from spack_census.ask.snapshots import Snapshot
from spack_census.ask.tallies import Totals

WORTH_SAYING = 1.1
"""How much more than its share a stack must hold of all rebuilds to be named for it."""
TELLING = 20
"""Of fewer rebuilt specs than these nobody says where they concentrate: it would be chance."""

_HELD = {"changes": "held_changes", "causes": "held_causes"}
_IS_HELD = "select 1 from duckdb_tables() where table_name = 'held_changes'"
_MACRO = """
create temp macro {}(a, b) as table
from {}
where if(a = {} and b = {}, true, error('other snapshots are held here: ' || a || ', ' || b))
"""
"""A macro in temp comes before the one of the same name in main."""
_RENAMES = """
with names as (
    select distinct unnest(stacks) as name from specs where snapshot in ($before, $after)
)
select entry.key, entry.value
from (select unnest(map_entries(stack_aliases())) as entry)
where
    entry.key in (select name from names) and entry.value in (select name from names)
order by all
"""
_ALIASES = "create temp macro stack_aliases() as map([{}]::varchar[], [{}]::varchar[])"
"""Of two snapshots with one and the same old name the stack keeps it."""
_RENAMED = "select unnest(map_keys(stack_aliases())), unnest(map_values(stack_aliases()))"


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
    places_gone: list[Place]
    places_appeared: list[Place]
    specs_gone: list[GoneSpec]
    versions: list[VersionStep]
    compilers: list[CompilerStep]
    variants: list[VariantStep]
    stacks: list[StackChange]
    causes: list[Cause]
    """What changed by itself and how much it changed, those of most rebuilds first."""
    knows_dependencies: bool
    """Whether both snapshots know what specs depend on: without it rebuilds have no cause."""
    renamed: list[tuple[str, str]]
    """Stacks that have another name after than before: the old one and the new one."""

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
        if self.scope.stack is not None or self.epochs_differ or rebuilt < TELLING:
            return None
        found = (_concentration(row, rebuilt, specs) for row in self.stacks)
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
    known = {each.snapshot: each for each in snapshots.listing(con)}
    with matched(con, **pair):
        scope = checked(con, scope, **pair)
        specs = queries.run(con, queries.load("diff.specs"), pair)
        places = _places(con, pair, scope)
        with _scoped(con, scope, specs, _changes(con, pair)):
            return Diff(
                before=known[pair["before"]],
                after=known[pair["after"]],
                scope=scope,
                totals=tallies.totals(con, scope.stack),
                counts=tallies.counts(con, CHANGES),
                places_gone=places["gone"],
                places_appeared=places["appeared"],
                specs_gone=tallies.gone(con),
                versions=tallies.versions(con),
                compilers=tallies.compilers(con),
                variants=tallies.variants(con),
                stacks=_stacks(con, pair, scope),
                causes=tallies.causes(con, pair),
                knows_dependencies=tallies.knows_dependencies(con, pair),
                renamed=con.sql(_RENAMED).fetchall(),
            )


@contextmanager
def matched(con: duckdb.DuckDBPyConnection, before: str, after: str) -> Iterator[None]:
    """Hold `changes` and `causes` of two snapshots meanwhile, for all queries run within.

    The matching behind it is made once, not once a query. Within another hold of the same pair
    it does nothing; who asks for another pair within gets an error, not rows of this one.
    """
    if con.sql(_IS_HELD).fetchall():
        yield
        return
    pair = {"before": before, "after": after}
    renamed = con.sql(_RENAMES, params=pair).fetchall()
    for name, held in _HELD.items():
        # At once: of a relation the macro would be bound twice more.
        con.execute(f"create temp table {held} as from {name}($before, $after)", pair)
        con.execute(_MACRO.format(name, held, _quoted(before), _quoted(after)))
    names = (", ".join(_quoted(names[at]) for names in renamed) for at in (0, 1))
    con.execute(_ALIASES.format(*names))
    try:
        yield
    finally:
        con.execute("drop macro temp.stack_aliases")
        for name, held in _HELD.items():
            con.execute(f"drop macro table temp.{name}")
            release(con, held)


def change_rows(
    con: duckdb.DuckDBPyConnection,
    before: str,
    after: str,
    scope: Scope,
    only: list[str],
    cause: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return the rows of `diff.changes` within a scope, of these labels only (all where none).

    With `cause` only those that owe their change to this package. Raises UnknownNameError where a
    snapshot, a name of the scope, a label or the cause is unknown, CensusError where causes are.
    """
    demand_labels(only, CHANGES)
    pair = {"before": snapshots.resolve(con, before), "after": snapshots.resolve(con, after)}
    with matched(con, **pair):
        scope = checked(con, scope, **pair)
        rows = within(_changes(con, pair), scope, "stacks")
        if cause is not None:
            rows = because(con, rows, cause, pair)
        # Held in memory: whoever counts the rows before printing them reckons them once.
        return kept(con, labelled(rows, only) if only else rows)


def _changes(con: duckdb.DuckDBPyConnection, pair: dict[str, str]) -> duckdb.DuckDBPyRelation:
    return queries.run(con, queries.load("diff.changes"), pair)


def _places(
    con: duckdb.DuckDBPyConnection, pair: dict[str, str], scope: Scope
) -> dict[str, list[Place]]:
    found: dict[str, list[Place]] = {"gone": [], "appeared": []}
    rows = within(queries.run(con, queries.load("diff.coverage"), pair), scope, "stacks")
    for change, *row in rows.fetchall():
        found[change].append(Place(*row))
    return found


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _concentration(row: StackChange, rebuilt: int, specs: int) -> Concentration:
    base_rate = (row.before_specs + row.after_specs) / specs
    return Concentration(row.stack, row.rebuilt, row.rebuilt / rebuilt / base_rate)


def _stacks(
    con: duckdb.DuckDBPyConnection, pair: dict[str, str], scope: Scope
) -> list[StackChange]:
    """Return the rows of `diff.stacks` within a scope, those that lost most specs first."""
    rows = queries.run(con, queries.load("diff.stacks"), pair).fetchall()
    found = [StackChange(*row) for row in rows if scope.stack in {None, row[0]}]
    return sorted(found, key=lambda row: (-row.gone, -row.after_specs, row.stack))


@contextmanager
def _scoped(
    con: duckdb.DuckDBPyConnection,
    scope: Scope,
    specs: duckdb.DuckDBPyRelation,
    changes: duckdb.DuckDBPyRelation,
) -> Iterator[None]:
    """Hold the rows of a scope in memory meanwhile, in place of all specs too."""
    tables = {
        "scoped_specs": within(specs, scope, "before_stacks", "after_stacks"),
        "scoped_changes": within(changes, scope, "stacks"),
    }
    if scope.package is not None or scope.target is not None:
        tables["specs"] = within(con.table("specs"), replace(scope, stack=None))
    with holding(con, tables):
        yield
