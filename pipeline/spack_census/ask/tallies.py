"""The rows of a diff, tallied: version steps, compilers, variants, stacks.

The functions ask the tables `scoped_specs` and `scoped_changes`, the rows of `diff.specs` and
`diff.changes` within a scope, which `diff.py` holds in memory meanwhile.
"""

from __future__ import annotations

from typing import NamedTuple

import duckdb

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
_STACKS = """
with held as (
    select unnest(current_stacks(before_stacks)) as stack, true as is_before
    from scoped_specs
    where change <> 'added'
    union all
    select unnest(current_stacks(after_stacks)) as stack, false as is_before
    from scoped_specs
    where change <> 'removed'
),
sizes as (
    select
        stack,
        count(*) filter (where is_before) as before_specs,
        count(*) filter (where not is_before) as after_specs
    from held
    group by stack
),
changed as (
    select unnest(current_stacks(stacks)) as stack, change
    from scoped_changes
)
select
    stack, any_value(before_specs), any_value(after_specs),
    count(*) filter (where change = 'gone') as gone,
    count(*) filter (where change = 'appeared'),
    count(*) filter (where change = 'downgraded'),
    count(*) filter (where change = 'upgraded'),
    count(*) filter (where change = 'recompiled'),
    count(*) filter (where change = 'reconfigured'),
    count(*) filter (where change = 'rebuilt')
from sizes
left join changed using (stack)
where $stack is null or stack = $stack
group by stack
order by gone desc, any_value(after_specs) desc, stack
"""


class VersionChange(NamedTuple):
    """One step of one package from a version to another, and where it was made."""

    change: str
    package: str
    before_version: str
    after_version: str
    places: list[str]
    num_specs: int


class CompilerChange(NamedTuple):
    """One step from a compiler to another; None stands for none."""

    before_compiler: str | None
    after_compiler: str | None
    num_packages: int
    num_specs: int


class VariantChange(NamedTuple):
    """One step of one package from some variants to others."""

    package: str
    variants_removed: list[str]
    variants_added: list[str]
    places: list[str]
    num_specs: int


class StackRow(NamedTuple):
    """What changed in one stack, under its present name; fields as in `diff.stacks`."""

    stack: str
    before_specs: int
    after_specs: int
    gone: int
    appeared: int
    downgraded: int
    upgraded: int
    recompiled: int
    reconfigured: int
    rebuilt: int


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


def versions(con: duckdb.DuckDBPyConnection) -> list[VersionChange]:
    """Return the steps of versions, downgrades first, by package."""
    return [VersionChange(*row) for row in con.sql(_VERSIONS).fetchall()]


def compilers(con: duckdb.DuckDBPyConnection) -> list[CompilerChange]:
    """Return the steps of compilers, those of most specs first."""
    return [CompilerChange(*row) for row in con.sql(_COMPILERS).fetchall()]


def variants(con: duckdb.DuckDBPyConnection) -> list[VariantChange]:
    """Return the steps of variants, by package."""
    return [VariantChange(*row) for row in con.sql(_VARIANTS).fetchall()]


def by_stack(con: duckdb.DuckDBPyConnection, stack: str | None) -> list[StackRow]:
    """Return what changed in each stack of the scope, those that lost most first."""
    return [StackRow(*row) for row in con.sql(_STACKS, params={"stack": stack}).fetchall()]
