"""What a snapshot covers, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import duckdb
from duckdb import ColumnExpression, ConstantExpression

from spack_census.ask import names, queries, snapshots

_SIZES = """
select count(distinct package), count(*) from specs_at($snapshot)
where $platform is null or platform = $platform
"""
_TARGETS = """
select platform, target, count(distinct package) as num_packages, count(*)
from specs_at($snapshot)
where $platform is null or platform = $platform
group by platform, target
order by num_packages desc, platform, target
"""


class Place(NamedTuple):
    """A row of `coverage.by_target`."""

    platform: str
    target: str
    os: str
    num_packages: int
    num_specs: int
    coverage_pct: float


class TargetSize(NamedTuple):
    """A target over all its operating systems."""

    platform: str
    target: str
    num_packages: int
    num_specs: int


@dataclass(frozen=True, slots=True)
class Overview:
    """A snapshot, place by place."""

    snapshot: str
    num_packages: int
    num_specs: int
    places: list[Place]
    targets: list[TargetSize]


def overview(
    con: duckdb.DuckDBPyConnection, snapshot: str = "latest", platform: str | None = None
) -> Overview:
    """Return what a snapshot covers; raises UnknownNameError for an unknown one or platform."""
    name = snapshots.resolve(con, snapshot)
    places = [Place(*row) for row in place_rows(con, name, platform).fetchall()]
    chosen = {"snapshot": name, "platform": platform}
    sizes = con.sql(_SIZES, params=chosen).fetchall()[0]
    targets = [TargetSize(*row) for row in con.sql(_TARGETS, params=chosen).fetchall()]
    return Overview(name, sizes[0], sizes[1], places, targets)


def place_rows(
    con: duckdb.DuckDBPyConnection, snapshot: str, platform: str | None
) -> duckdb.DuckDBPyRelation:
    """Return the rows of `coverage.by_target`, of one platform where it is named."""
    name = snapshots.resolve(con, snapshot)
    rows = queries.run(con, queries.load("coverage.by_target"), {"snapshot": name})
    if platform is None:
        return rows
    names.demand_platform(con, platform, name)
    return rows.filter(ColumnExpression("platform") == ConstantExpression(platform))
