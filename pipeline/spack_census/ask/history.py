"""Why a package changed from snapshot to snapshot, and what would be rebuilt for it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import duckdb

from spack_census.ask.held import holding

_RADIUS = """
with recursive edges as materialized (
    select hash, dependency_hash from dependencies where snapshot = $snapshot
),
above(hash) as (
    select hash from nodes where snapshot = $snapshot and package = $package
    union
    select edges.hash from edges inner join above on edges.dependency_hash = above.hash
)
select count(*), count(distinct package)
from specs
where snapshot = $snapshot and hash in (select hash from above)
"""
_NODES = "from nodes where snapshot in ($before, $after)"
_KNOWN = "select distinct snapshot from dependencies"
_CAUSES = """
select concat_ws(' ', cause, kind, detail) as told
from causes($before, $after)
where kind <> 'not told'
group by told
order by count(*) desc, told
"""


class Radius(NamedTuple):
    """Specs, and packages of these, that would be rebuilt; the package's own among them."""

    num_specs: int
    num_packages: int


def radius(con: duckdb.DuckDBPyConnection, snapshot: str, package: str) -> Radius | None:
    """Return what would be rebuilt if the recipe changed, None where the snapshot cannot tell."""
    if (snapshot,) not in con.sql(_KNOWN).fetchall():
        return None
    params = {"snapshot": snapshot, "package": package}
    return Radius(*con.sql(_RADIUS, params=params).fetchall()[0])


def causes(
    con: duckdb.DuckDBPyConnection, package: str, snapshots: Sequence[str]
) -> dict[str, list[str]]:
    """Return for each snapshot but the first what the package's changes in it owe to.

    Those of most specs first; a snapshot is left out where it or the one before it cannot tell.
    """
    known = {name for (name,) in con.sql(_KNOWN).fetchall()}
    found = {}
    for before, after in pairwise(snapshots):
        if {before, after} <= known:
            found[after] = _step(con, package, before, after)
    return found


def _step(con: duckdb.DuckDBPyConnection, package: str, before: str, after: str) -> list[str]:
    pair = {"before": before, "after": after}
    nodes = con.sql(_NODES, params=pair)
    own = con.sql("from specs where package = $package", params={"package": package})
    # The specs of other packages need not be matched, but lie below.
    with holding(con, {"nodes": nodes, "specs": own}):
        return [told for (told,) in con.sql(_CAUSES, params=pair).fetchall()]
