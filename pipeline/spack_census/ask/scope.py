"""What part of a diff is asked for: one package, one target, one stack, or all of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression

from spack_census.ask import names
from spack_census.errors import UnknownNameError


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of a diff that is asked for; None means all."""

    package: str | None = None
    target: str | None = None
    stack: str | None = None


def checked(con: duckdb.DuckDBPyConnection, scope: Scope, before: str, after: str) -> Scope:
    """Return the scope with its stack under the present name.

    Raises UnknownNameError where neither snapshot has the package, target or stack.
    """
    snapshots = (before, after)
    if scope.package is not None:
        names.demand_package(con, scope.package, *snapshots)
    if scope.target is not None:
        names.demand_target(con, scope.target, *snapshots)
    if scope.stack is None:
        return scope
    return replace(scope, stack=names.current_stack(con, scope.stack, *snapshots))


def within(
    rows: duckdb.DuckDBPyRelation, scope: Scope, *stack_columns: str
) -> duckdb.DuckDBPyRelation:
    """Return the rows inside the scope; a stack counts where any of these columns holds it."""
    for column, value in (("package", scope.package), ("target", scope.target)):
        if value is not None:
            rows = rows.filter(ColumnExpression(column) == ConstantExpression(value))
    if scope.stack is not None:
        holds = _holds(stack_columns[0], scope.stack)
        for column in stack_columns[1:]:
            holds |= _holds(column, scope.stack)
        rows = rows.filter(holds)
    return rows


def _holds(column: str, stack: str) -> Expression:
    stacks = FunctionExpression("current_stacks", ColumnExpression(column))
    held = FunctionExpression("list_contains", stacks, ConstantExpression(stack))
    # The stacks of what is on one side only are null on the other.
    return FunctionExpression("ifnull", held, ConstantExpression(value=False))


def labelled(rows: duckdb.DuckDBPyRelation, labels: list[str]) -> duckdb.DuckDBPyRelation:
    """Return the rows whose `change` is one of the labels."""
    wanted = [ConstantExpression(label) for label in labels]
    return rows.filter(ColumnExpression("change").isin(*wanted))


def demand_labels(labels: list[str], known: tuple[str, ...]) -> None:
    """Raise UnknownNameError unless each label is a known kind of change."""
    for label in labels:
        if label not in known:
            raise UnknownNameError("kind of change", label, known, "--only", ", ".join(known))
