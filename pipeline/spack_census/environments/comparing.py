"""Two sides → a connection on which `diff` asks, or what tells two specs apart."""

from __future__ import annotations

import duckdb

from spack_census.ask import tallies
from spack_census.ask.scope import Scope
from spack_census.environments.pair import SpecDiff, compare, graph
from spack_census.environments.rows import joined, reduced
from spack_census.environments.sides import Side, Sides
from spack_census.errors import ConstraintError, ParameterError


def places(chosen: Sides, before: Side, after: Side, scope: Scope) -> duckdb.DuckDBPyConnection:
    """Return a connection that has both places as snapshots under their names.

    Beside a lockfile, a snapshot is reduced to what would come in place of the lockfile's specs.
    Raises ParameterError where a stack is asked for: a lockfile has none.
    """
    locks = (before.place.lock, after.place.lock)
    if locks == (None, None):
        return chosen.dataset
    if scope.stack is not None:
        message = f"--stack {scope.stack}: a lockfile has no stacks"
        raise ParameterError(message, "leave it out, or compare two snapshots")
    one, other = chosen.rows(before.place), chosen.rows(after.place)
    if None not in locks:
        return joined(one, other)
    whole = before if before.place.lock is not None else after
    return reduced(one, other, (before.place.name, after.place.name), keep=whole.place.name)


def specs(chosen: Sides, before: Side, after: Side) -> tuple[duckdb.DuckDBPyConnection, SpecDiff]:
    """Return what tells two specs apart, and a connection that has both.

    Raises ConstraintError where they are of two packages.
    """
    if before.package != after.package:
        raise ConstraintError(
            f"{before.package} and {after.package} are two packages",
            "name two specs of one package, such as previous:hdf5 latest:hdf5",
        )
    con = joined(chosen.rows(before.place), chosen.rows(after.place), diffs=False)
    assert before.hash is not None
    assert after.hash is not None
    names = {"before": before.place.name, "after": after.place.name}
    found = compare(
        graph(con, names["before"], before.hash),
        graph(con, names["after"], after.hash),
        knows_dependencies=tallies.knows_dependencies(con, names),
    )
    return con, found


def told(before: Side, after: Side) -> str:
    """Return what is to be known of the comparison of two places, empty where nothing is."""
    if (before.place.lock is None) == (after.place.lock is None):
        return ""
    lock, snapshot = (before, after) if before.place.lock is not None else (after, before)
    return (
        f"Of {snapshot.place.name} only what matches a spec of {lock.place.name} counts here. "
        "Stacks do not count: a lockfile has none."
    )
