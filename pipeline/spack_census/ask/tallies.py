"""The rows of a diff, tallied: version steps, compilers, variants.

The functions ask the tables `scoped_specs` and `scoped_changes`, the rows of `diff.specs` and
`diff.changes` within a scope, which `diff.py` holds in memory meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb

from spack_census.ask.changed import (
    Cause,
    CompilerStep,
    GoneSpec,
    VariantStep,
    VersionStep,
)

_TOTALS = """
select
    count(*) filter (where was_there),
    count(*) filter (where is_there),
    count(*) filter (where was_there and change in ('kept', 'moved')),
    count(*) filter (where change = 'moved')
from (
    select
        change,
        change <> 'added'
        and ($stack is null or list_contains(current_stacks(before_stacks), $stack))
            as was_there,
        change <> 'removed'
        and ($stack is null or list_contains(current_stacks(after_stacks), $stack))
            as is_there
    from scoped_specs
)
"""
_VERSIONS = """
select
    change, package, before_version, after_version,
    list_sort(list_distinct(list(platform || '/' || target))), count(*)
from scoped_changes
where change in ('downgraded', 'upgraded')
group by change, package, before_version, after_version
order by change, package, before_version, after_version
"""
_COMPILERS = """
select before_compiler, after_compiler, count(distinct package), count(*)
from scoped_changes
where change = 'recompiled'
group by before_compiler, after_compiler
order by count(*) desc, before_compiler, after_compiler
"""
_VARIANTS = """
select
    package, variants_removed, variants_added,
    list_sort(list_distinct(list(platform || '/' || target))), count(*)
from scoped_changes
where change = 'reconfigured'
group by package, variants_removed, variants_added
order by package, variants_removed, variants_added
"""
_GONE = """
select
    package, before_version, platform, target, os, before_compiler,
    current_stacks(stacks), before_hash
from scoped_changes
where change = 'gone'
order by package, platform, target, os, before_version, before_hash
"""
_CAUSES = """
select
    told.cause, told.kind, told.detail,
    count(*) filter (told.itself), count(*), count(*) filter (told.num_causes = 1),
    count(*) filter (told.change = 'rebuilt') as num_rebuilt,
    list_sort(list_distinct(flatten(list(current_stacks(told.stacks))))),
    any_value(told.path)
from causes($before, $after) as told
semi join scoped_changes as scoped
    on told.before_hash = scoped.before_hash and told.after_hash = scoped.after_hash
where told.cause is not null
group by told.cause, told.kind, told.detail
order by num_rebuilt desc, count(*) desc, told.cause, told.kind, told.detail
"""
LOCKFILE = "lockfile"
"""The source of a lockfile that is compared as if it were a snapshot: it knows dependencies."""

_KNOWN = """
select count(*) = if($before = $after, 1, 2)
from (
    select snapshot from dependencies where snapshot in ($before, $after)
    union
    select snapshot from snapshots where source = $lockfile and snapshot in ($before, $after)
)
"""


class Totals(NamedTuple):
    """Specs by hash: those before, those after, those in both, those moved to other stacks."""

    before_specs: int
    after_specs: int
    kept: int
    moved: int


def totals(con: duckdb.DuckDBPyConnection, stack: str | None) -> Totals:
    """Return the specs of the scope before and after; of one stack where it is named."""
    return Totals(*con.sql(_TOTALS, params={"stack": stack}).fetchall()[0])


def counts(con: duckdb.DuckDBPyConnection, labels: tuple[str, ...]) -> dict[str, int]:
    """Return the number of changes of each label, 0 where there is none."""
    found = con.sql("select change, count(*) from scoped_changes group by change").fetchall()
    return dict.fromkeys(labels, 0) | dict(found)


def gone(con: duckdb.DuckDBPyConnection) -> list[GoneSpec]:
    """Return the specs that are gone without a successor, by package and place."""
    return [GoneSpec(*row) for row in con.sql(_GONE).fetchall()]


def versions(con: duckdb.DuckDBPyConnection) -> list[VersionStep]:
    """Return the steps of versions, downgrades first, by package."""
    return [VersionStep(*row) for row in con.sql(_VERSIONS).fetchall()]


def compilers(con: duckdb.DuckDBPyConnection) -> list[CompilerStep]:
    """Return the steps of compilers, those of most specs first."""
    return [CompilerStep(*row) for row in con.sql(_COMPILERS).fetchall()]


def variants(con: duckdb.DuckDBPyConnection) -> list[VariantStep]:
    """Return the steps of variants, by package."""
    return [VariantStep(*row) for row in con.sql(_VARIANTS).fetchall()]


def causes(con: duckdb.DuckDBPyConnection, pair: dict[str, str]) -> list[Cause]:
    """Return what changed by itself, those of most rebuilds first; empty where none is told."""
    return [Cause(*row) for row in con.sql(_CAUSES, params=pair).fetchall()]


def knows_dependencies(con: duckdb.DuckDBPyConnection, pair: dict[str, str]) -> bool:
    """Return whether both snapshots come from sources that know what a spec depends on."""
    (known,) = con.sql(_KNOWN, params={**pair, "lockfile": LOCKFILE}).fetchall()[0]
    return bool(known)
