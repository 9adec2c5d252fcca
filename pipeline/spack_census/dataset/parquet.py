"""Arrow tables → Parquet files named by their content, on disk for certain before they count."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.dataset.layout import File
from spack_census.dataset.schema import Table
from spack_census.disk import durable


def write(root: Path, table: Table, rows: pa.Table, folder: str, *, snapshot: str | None) -> File:
    """Write rows as one file under `root/<table>/<folder>/` and return its manifest entry.

    Columns that stand in the folder's name are left out of the file, as Hive has it.
    """
    inside = rows.select(table.file_arrow.names).cast(table.file_arrow).combine_chunks()
    sink = pa.BufferOutputStream()
    # Statistics let readers skip; dictionaries keep hashes, which never repeat, plain.
    repeating = [name for name in inside.column_names if name not in ("hash", "sha256")]
    pq.write_table(inside, sink, compression="zstd", compression_level=3, use_dictionary=repeating)
    data = sink.getvalue().to_pybytes()
    name = f"part-{hashlib.sha256(data).hexdigest()[:16]}.parquet"
    path = "/".join(part for part in (table.name, folder, name) if part)
    return write_file(root, path, data, table=table.name, snapshot=snapshot, rows=inside.num_rows)


def write_file(
    root: Path,
    path: str,
    data: bytes,
    *,
    table: str | None = None,
    snapshot: str | None = None,
    rows: int | None = None,
) -> File:
    """Write a new file at `root/path` and return its manifest entry."""
    durable.write_bytes(root / path, data)
    return File(
        path=path,
        table=table,
        snapshot=snapshot,
        size_bytes=len(data),
        rows=rows,
        sha256=hashlib.sha256(data).hexdigest(),
    )
