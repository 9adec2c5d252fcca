"""Which specs of a snapshot satisfy a constraint, on a host or on any."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from spack_census.ask import snapshots
from spack_census.ask.hosts import Host, host_conditions
from spack_census.ask.knowledge import is_virtual
from spack_census.ask.predicates import Condition, conditions
from spack_census.errors import UnknownNameError
from spack_census.spack.constraints import Constraint

_FIND = """
select
    package,
    version,
    concat_ws('@', compiler_name, compiler_version) as compiler,
    platform,
    os,
    target,
    variants,
    stacks,
    hash,
    snapshot
from specs
where snapshot = ? and {where}
order by package, version_key desc, platform, os, target, compiler, variants, hash
"""


def find(
    con: duckdb.DuckDBPyConnection,
    constraint: Constraint,
    snapshot: str = "latest",
    host: Host | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return the specs of a snapshot that satisfy the constraint and run on the host, if one.

    One row a spec, newest version of a package first. Raises UnknownNameError where no snapshot
    of the dataset has the package, and what `conditions` raises.
    """
    name = snapshots.resolve(con, snapshot)
    demand_package(con, constraint)
    open_platform = constraint.platform is None
    on_host = host_conditions(host, name, with_platform=open_platform)
    where = [*conditions(con, constraint, name), *on_host]
    sql = _FIND.format(where=conjunction(where))
    return con.sql(sql, params=[name, *values(where)])


def conjunction(parts: Sequence[Condition]) -> str:
    """Return SQL that holds where all conditions do."""
    return " and ".join(part.sql for part in parts) or "true"


def values(parts: Sequence[Condition]) -> list[Any]:
    """Return what the conditions bind, in order."""
    return [value for part in parts for value in part.values]


def demand_package(con: duckdb.DuckDBPyConnection, constraint: Constraint) -> None:
    """Raise UnknownNameError unless the dataset has the constraint's package, if it names one.

    A virtual package will do, too.
    """
    if constraint.package is None:
        return
    known = {name for (name,) in con.sql("select distinct package from specs").fetchall()}
    if constraint.package not in known and not is_virtual(con, constraint.package):
        listing = "census query coverage.matrix"
        raise UnknownNameError("package", constraint.package, known, "the dataset", listing)
