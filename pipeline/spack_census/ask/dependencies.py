"""`^dependency`: which specs depend on something, however far down, where the dataset knows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from spack_census.errors import ConstraintError
from spack_census.spack.constraints import Constraint

_BY_NAME = """
select hash
from dependencies
where snapshot = ? and (dependency = ? or list_contains(virtuals, ?))
"""
_BY_SPEC = """
select hash
from dependencies
where snapshot = ? and dependency_hash in (select hash from specs where snapshot = ? and {sql})
"""
_DEPENDENTS = """hash in (
    with recursive found(hash) as (
        select hash from ({start}) as starts
        union
        select above.hash
        from dependencies as above
        inner join found on above.dependency_hash = found.hash
        where above.snapshot = ?
    )
    select hash from found
)"""
_UNKNOWN = """
select count(*)
from dependencies
where snapshot = ? and dependency = ?
    and dependency_hash not in (select hash from specs where snapshot = ?)
"""

_Part = tuple[str, str, tuple[Any, ...]]


def dependency_condition(
    con: duckdb.DuckDBPyConnection,
    dependency: Constraint,
    parts: Sequence[_Part],
    snapshot: str,
) -> tuple[str, tuple[Any, ...]]:
    """Return SQL that holds for specs with this dependency, direct or not, and its values.

    `parts` are the conditions on the dependency itself: attribute, SQL, values. A bare name may be
    that of a virtual package. Raises ConstraintError where the snapshot knows no dependencies, or
    not enough of this one, as of an external.
    """
    _demand_known(con, dependency, parts, snapshot)
    start: str
    values: list[Any]
    if len(parts) == 1:
        start, values = _BY_NAME, [snapshot, dependency.package, dependency.package]
    else:
        start = _BY_SPEC.format(sql=" and ".join(sql for _, sql, _ in parts))
        values = [snapshot, snapshot, *(value for *_, bound in parts for value in bound)]
    return _DEPENDENTS.format(start=start), (*values, snapshot)


def _demand_known(
    con: duckdb.DuckDBPyConnection, dependency: Constraint, parts: Sequence[_Part], snapshot: str
) -> None:
    asked = f"cannot ask for ^{dependency.text}"
    count = "select count(*) from dependencies where snapshot = ?"
    if not _number(con, count, snapshot):
        raise ConstraintError(
            f"{asked}: {snapshot} does not tell what depends on what",
            "leave the dependency out, or build the snapshot from a build cache's index",
        )
    if len(parts) == 1:
        return
    if _number(con, f"{count} and list_contains(virtuals, ?)", snapshot, dependency.package):
        raise ConstraintError(
            f"{asked}: {dependency.package} is a virtual package, known by its name alone",
            f"write ^{dependency.package}, or name the package that provides it",
        )
    unknown = _number(con, _UNKNOWN, snapshot, dependency.package, snapshot)
    if unknown:
        raise ConstraintError(
            f"{asked}: {unknown:,} specs depend on a {dependency.package} that is not in"
            f" {snapshot}, as externals are not",
            f"write ^{dependency.package}",
        )


def _number(con: duckdb.DuckDBPyConnection, sql: str, *values: Any) -> int:
    return int(con.execute(sql, list(values)).fetchall()[0][0])
