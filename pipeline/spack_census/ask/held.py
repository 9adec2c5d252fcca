"""Rows that a connection holds in memory: of a query that is asked again, or made in Python.

All of it is DuckDB's own. Arrow, which could do the same, takes longer to load than most answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any

import duckdb

_NAMES = map("held_{}".format, count())


def hold(name: str, rows: duckdb.DuckDBPyRelation) -> None:
    """Hold rows as a table in temp, which comes before a view of the same name in main."""
    rows.query("given", f"create temp table {name} as from given")


def release(con: duckdb.DuckDBPyConnection, name: str) -> None:
    """Hold these rows no longer."""
    con.execute(f"drop table temp.{name}")


@contextmanager
def holding(
    con: duckdb.DuckDBPyConnection, rows: Mapping[str, duckdb.DuckDBPyRelation]
) -> Iterator[None]:
    """Hold rows under these names meanwhile."""
    done = []
    try:
        for name, each in rows.items():
            hold(name, each)
            done.append(name)
        yield
    finally:
        for name in done:
            release(con, name)


def kept(con: duckdb.DuckDBPyConnection, rows: duckdb.DuckDBPyRelation) -> duckdb.DuckDBPyRelation:
    """Return the same rows in the same order, reckoned once, while the connection is open."""
    name = next(_NAMES)
    hold(name, rows)
    return con.table(name)


def made(
    con: duckdb.DuckDBPyConnection, types: Mapping[str, str], rows: Iterable[Sequence[Any]]
) -> duckdb.DuckDBPyRelation:
    """Return rows of Python's values as a relation; `types` are column → its type in SQL."""
    values = list(zip(*rows, strict=True)) or [()] * len(types)
    columns = ", ".join(
        f'unnest(${at}::{type_}[]) as "{name}"' for at, (name, type_) in enumerate(types.items(), 1)
    )
    return con.sql(f"select {columns}", params=[list(map(_listed, each)) for each in values])


def _listed(value: Any) -> Any:
    # DuckDB takes a tuple for a struct.
    return list(value) if isinstance(value, tuple) else value
