"""The rows of a diff that owe their change to one package."""

from __future__ import annotations

import duckdb
from duckdb import (
    ColumnExpression,
    ConstantExpression,
    FunctionExpression,
    LambdaExpression,
    SQLExpression,
)

from spack_census.ask import tallies
from spack_census.ask.held import kept
from spack_census.errors import CensusError, UnknownNameError


def because(
    con: duckdb.DuckDBPyConnection,
    rows: duckdb.DuckDBPyRelation,
    package: str,
    pair: dict[str, str],
) -> duckdb.DuckDBPyRelation:
    """Return the rows that have a cause of this package; its text begins with the name.

    Raises CensusError where a snapshot knows no dependencies, UnknownNameError for what caused
    nothing.
    """
    if not tallies.knows_dependencies(con, pair):
        raise CensusError(
            f"what changed because of {package} is not known: a snapshot that was built from "
            "documents knows no dependencies",
            "build both from the indexes of the build cache: census build SOURCE",
        )
    rows = kept(con, rows)
    told = rows.select("unnest(causes) as told").select("split_part(told, ' ', 1)")
    known = {name for (name,) in told.distinct().fetchall()}
    if package not in known:
        where = f"what changed from {pair['before']} to {pair['after']}"
        listing = "the column causes of --format csv"
        raise UnknownNameError("cause", package, known, where, listing)
    begins = FunctionExpression(
        "list_transform",
        ColumnExpression("causes"),
        LambdaExpression("told", SQLExpression("split_part(told, ' ', 1)")),
    )
    return rows.filter(FunctionExpression("list_contains", begins, ConstantExpression(package)))
