"""Names that a user gave: known ones pass, others raise an error that suggests near ones."""

from __future__ import annotations

import duckdb

from spack_census.errors import UnknownNameError


def demand_package(con: duckdb.DuckDBPyConnection, name: str, *snapshots: str) -> None:
    """Raise UnknownNameError unless one of the snapshots holds the package; any one where none."""
    known = _values(con, "package", snapshots) if snapshots else packages(con)
    if name not in known:
        where = " or ".join(snapshots) or "the dataset"
        listing = "census query coverage.matrix"
        if snapshots and name in packages(con):
            listing += f"; where it is: census package {name}"
        raise UnknownNameError("package", name, known, where, listing)


def packages(con: duckdb.DuckDBPyConnection) -> set[str]:
    """Return the names of all packages of the dataset, in whatever snapshot."""
    return {name for (name,) in con.sql("select distinct package from specs").fetchall()}


def demand_target(con: duckdb.DuckDBPyConnection, name: str, *snapshots: str) -> None:
    """Raise UnknownNameError unless one of the snapshots has specs on the target.

    A CPU for which nothing was built is often meant as a host: the error says how to ask for it.
    """
    known = _values(con, "target", snapshots)
    if name in known:
        return
    listing = "census coverage"
    if name in _hosts(con):
        listing += f"; what a {name} node can use: census coverage --host {name}"
    raise UnknownNameError("target", name, known, " or ".join(snapshots), listing)


def demand_platform(con: duckdb.DuckDBPyConnection, name: str, snapshot: str) -> None:
    """Raise UnknownNameError unless the snapshot has specs on the platform."""
    known = _values(con, "platform", (snapshot,))
    if name not in known:
        raise UnknownNameError("platform", name, known, snapshot, ", ".join(sorted(known)))


def current_stack(con: duckdb.DuckDBPyConnection, name: str, *snapshots: str) -> str:
    """Return the present name of a stack; raises UnknownNameError where no snapshot has it.

    `root`, the union of all stacks, is none of them.
    """
    found = con.sql("select current_stacks([$name])[1]", params={"name": name}).fetchall()
    known = _values(con, "unnest(current_stacks(stacks))", snapshots)
    if found[0][0] not in known:
        listing = f"census query coverage.by_stack -p snapshot={snapshots[-1]}"
        raise UnknownNameError("stack", name, known, " or ".join(snapshots), listing)
    return str(found[0][0])


def _hosts(con: duckdb.DuckDBPyConnection) -> set[str]:
    return {name for (name,) in con.sql("select target from targets").fetchall()}


def _values(
    con: duckdb.DuckDBPyConnection, expression: str, snapshots: tuple[str, ...]
) -> set[str]:
    """Return the distinct values of an expression of ours over the specs of some snapshots."""
    sql = f"select distinct {expression} from specs where list_contains($snapshots, snapshot)"  # noqa: S608 - the callers above give the expression
    return {value for (value,) in con.sql(sql, params={"snapshots": list(snapshots)}).fetchall()}
