"""A table of a dataset → one Parquet file, each snapshot in row groups of its own.

A reader over HTTP that asks for one snapshot then fetches the pages of that snapshot and no other.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.dataset.schema import Table
from spack_census.disk import failpoints

_ROWS_OF_A_GROUP = 122_880
"""As DuckDB has it: enough for a reader to skip by, not too many to hold at once."""
_NEVER_REPEAT = ("hash", "dependency_hash", "sha256")


@dataclass(frozen=True, slots=True)
class Written:
    """A file of one table."""

    table: Table
    num_rows: int
    size_bytes: int
    sha256: str

    @property
    def name(self) -> str:
        """Its name, the same in every export."""
        return f"{self.table.name}.parquet"


def write(con: duckdb.DuckDBPyConnection, table: Table, path: Path) -> Written:
    """Write all rows of a table as a new file at `path`, on the disk for certain.

    Columns are those of the schema in its order, those of the folder names among them; rows come
    by partition and then in the table's own order. The same rows give the same bytes. Raises
    OSError.
    """
    repeating = [column.name for column in table.columns if column.name not in _NEVER_REPEAT]
    num_rows = 0
    failpoints.reached("create file")
    with path.open("xb") as file:
        with pq.ParquetWriter(
            file, table.arrow, compression="zstd", compression_level=9, use_dictionary=repeating
        ) as writer:
            for rows in _parts(con, table):
                failpoints.reached("write file")
                writer.write_table(rows, row_group_size=_ROWS_OF_A_GROUP)
                num_rows += rows.num_rows
        failpoints.reached("sync file")
        file.flush()
        os.fsync(file.fileno())
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(table, num_rows, path.stat().st_size, digest)


def _parts(con: duckdb.DuckDBPyConnection, table: Table) -> Iterator[pa.Table]:
    """Yield the rows snapshot by snapshot, by name, or all at once where there are none."""
    names = [column.name for column in table.columns]
    first = [name for name in ("snapshot", *table.partitions, *table.sort) if name in names]
    # By all columns in the end: rows that differ at all have one order.
    order = ", ".join(f"{name} nulls first" for name in dict.fromkeys([*first, *names]))
    question = f"select {', '.join(names)} from {table.name}"  # noqa: S608 - the schema's names
    if "snapshot" not in table.partitions:
        yield _rows(con.sql(f"{question} order by {order}"), table)
        return
    snapshots = con.sql(f"select distinct snapshot from {table.name} order by snapshot")  # noqa: S608
    for (snapshot,) in snapshots.fetchall():
        found = con.sql(f"{question} where snapshot = $1 order by {order}", params=[snapshot])
        yield _rows(found, table)


def _rows(found: duckdb.DuckDBPyRelation, table: Table) -> pa.Table:
    return found.to_arrow_table().cast(table.arrow)
