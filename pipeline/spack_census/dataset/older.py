"""Rows of an older format, as this program would have written them.

What the older one did not know is null, or an empty list; what it knew by another rule is made
anew. Nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spack_census.dataset import formats, schema
from spack_census.dataset.layout import File


def modern(table: schema.Table, rows: pa.Table, of_format: int) -> pa.Table:
    """Return the rows of a file of an older format in today's columns and order.

    `table` is that of today; the columns are those inside a file.
    """
    made = formats.rules(table.name, of_format)
    columns = []
    for field in table.file_arrow:
        if field.name in made:
            rule = made[field.name]
            columns.append(_made(rows[rule.made_of], rule.make))
        elif field.name in rows.column_names:
            columns.append(rows[field.name])
        else:
            columns.append(_unknown(field, rows.num_rows))
    found = pa.Table.from_arrays(columns, schema=table.file_arrow)
    return found.sort_by([(name, "ascending") for name in table.sort]).combine_chunks()


def respelled(
    version: Path, files: Iterable[File], table: schema.Table, of_format: int
) -> dict[str, tuple[str, dict[str, str]]]:
    """Return column → (column that decides, its value → the column's), where a rule changed.

    The values are those of the given files which today's rule makes something else of than stands
    in the column, or in the deciding one where the format did not have the column. So few differ
    that they fit into a query.
    """
    had = {column.name for each in formats.tables(of_format) for column in each.columns}
    found: dict[str, tuple[str, dict[str, str]]] = {}
    mine = [file for file in files if file.table == table.name]
    for name, rule in formats.rules(table.name, of_format).items():
        stood = name if name in had else rule.made_of
        values: dict[str, str] = {}
        for file in mine:
            read = pq.ParquetFile(version / file.path).read(list({rule.made_of, stood}))
            for row in read.group_by([*read.column_names]).aggregate([]).to_pylist():
                text = row[rule.made_of]
                if text is not None and rule.make(text) != row[stood]:
                    values[text] = rule.make(text)
        found[name] = (rule.made_of, dict(sorted(values.items())))
    return found


def _made(column: pa.ChunkedArray, make: Callable[[str], str]) -> pa.Array:
    coded = pc.dictionary_encode(column.combine_chunks())
    coded = coded.combine_chunks() if isinstance(coded, pa.ChunkedArray) else coded
    made = [None if text is None else make(text) for text in coded.dictionary.to_pylist()]
    return pa.array(made, pa.string()).take(coded.indices)


def _unknown(field: pa.Field, count: int) -> pa.Array:
    if field.nullable:
        return pa.nulls(count, field.type)
    # Where null may not stand, what is not known is a list of nothing.
    return pa.array([[]] * count, field.type)
