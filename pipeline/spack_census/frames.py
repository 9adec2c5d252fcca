"""The dataset for Polars: lazy frames over one pinned version."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from spack_census import schema
from spack_census.dataset import pin
from spack_census.errors import UnknownNameError


def scan(dataset: Path | str, table: str = "specs") -> pl.LazyFrame:
    """Return a table of the current version as a LazyFrame, columns as in `schema.py`.

    The frame keeps to the version that was current at the call. Raises DatasetError where there
    is no dataset, UnknownNameError where there is no such table.
    """
    tables = {known.name: known for known in schema.TABLES}
    if table not in tables:
        raise UnknownNameError("table", table, tables, "the dataset", ", ".join(tables))
    found = tables[table]
    folder = pin(Path(dataset)) / table
    if not any(folder.rglob("*.parquet")):
        return pl.LazyFrame(pl.from_arrow(found.arrow.empty_table()))
    # Polars would guess the type of a partition's value from its looks.
    hive = dict.fromkeys(found.partitions, pl.String)
    frame = pl.scan_parquet(folder, hive_partitioning=bool(hive), hive_schema=hive or None)
    return frame.select(found.arrow.names)
