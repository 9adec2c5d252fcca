"""What a binary needs beside itself: its link and run dependencies, all the way down.

An install of a cached spec fetches what it links to and runs; what it was built with is not needed.
"""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from spack_census.ask.finding import conjunction, values
from spack_census.ask.predicates import Condition

_NEEDED = "list_has_any(deptypes, ['link', 'run'])"
_TELLS_EXTERNALS = "select exists (from externals where snapshot = ?)"
_KNOWN = "select exists (from dependencies where snapshot = ?)"
_ABOVE = f"""
with recursive found(hash) as (
    select unnest(?::varchar[]) as hash
    union
    select above.hash
    from dependencies as above
    inner join found on above.dependency_hash = found.hash
    where above.snapshot = ? and {_NEEDED}
)
select hash from found
"""  # noqa: S608 - our own text
_LACKING = f"""
select distinct dependency_hash
from dependencies
where snapshot = ? and {_NEEDED}
    and dependency_hash not in (select hash from specs where snapshot = ? and {{usable}})
    and dependency_hash not in (
        select hash from externals where snapshot = ? and is_external
    )
"""  # noqa: S608 - our own text
_BELOW = f"""
with recursive found(hash, package) as (
    select ?::varchar as hash, null::varchar as package
    union
    select below.dependency_hash, below.dependency
    from dependencies as below
    inner join found on below.hash = found.hash
    where below.snapshot = ? and {_NEEDED}
)
select package, hash
from found
where package is not null
order by package, hash
"""  # noqa: S608 - our own text


def knows_dependencies(con: duckdb.DuckDBPyConnection, snapshot: str) -> bool:
    """Return whether the snapshot tells what depends on what."""
    return bool(con.execute(_KNOWN, [snapshot]).fetchall()[0][0])


def needing(
    con: duckdb.DuckDBPyConnection, snapshot: str, hashes: Collection[str]
) -> frozenset[str]:
    """Return these specs and all that link to them or run them, directly or not."""
    if not hashes:
        return frozenset()
    rows = con.execute(_ABOVE, [sorted(hashes), snapshot]).fetchall()
    return frozenset(hash_ for (hash_,) in rows)


def lacking(
    con: duckdb.DuckDBPyConnection, snapshot: str, usable: Collection[Condition]
) -> frozenset[str]:
    """Return the hashes that cached specs need and the snapshot has no usable binary of.

    `usable` is what a binary must meet to run on the host; externals are taken to be there.
    """
    # A dataset of format 1 does not tell externals from what is gone.
    if not con.execute(_TELLS_EXTERNALS, [snapshot]).fetchall()[0][0]:
        return frozenset()
    sql = _LACKING.format(usable=conjunction(list(usable)))
    rows = con.execute(sql, [snapshot, snapshot, *values(list(usable)), snapshot]).fetchall()
    return frozenset(hash_ for (hash_,) in rows)


def below(con: duckdb.DuckDBPyConnection, snapshot: str, hash_: str) -> list[tuple[str, str]]:
    """Return package and hash of all that a cached spec needs, externals as well, by package."""
    return [(name, key) for name, key in con.execute(_BELOW, [hash_, snapshot]).fetchall()]
