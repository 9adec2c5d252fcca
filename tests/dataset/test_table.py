"""Types of columns: what SQL and Arrow make of each is one and the same."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest

from spack_census.dataset import schema
from spack_census.dataset.table import COUNT, TEXT, TEXTS, Column, several, struct

COLUMNS = [(table.name, column) for table in schema.TABLES for column in table.columns]


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=[f"{t}.{c.name}" for t, c in COLUMNS])
def test_a_column_is_in_sql_what_it_is_in_arrow(table: str, column: Column) -> None:
    with duckdb.connect(":memory:") as con:
        con.register("made", pa.table({"one": pa.nulls(1, column.type)}))
        [(of_arrow,)] = con.sql("select typeof(one) from made").fetchall()
        [(of_sql,)] = con.sql(f"select typeof(null::{column.stored.sql})").fetchall()
    assert of_sql == of_arrow, table


def test_texts_and_lists_of_a_struct_are_never_null() -> None:
    found = several(struct(name=TEXT, tags=TEXTS, number=COUNT)).make().value_type
    assert [found.field(at).nullable for at in range(3)] == [False, False, True]
