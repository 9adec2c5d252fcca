"""The dataset for Polars: lazy frames over one pinned version."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from spack_census.dataset import schema
from spack_census.dataset.layout import demand_files, pin, read_manifest
from spack_census.errors import DatasetError, UnknownNameError


def scan(dataset: Path | str, table: str = "specs") -> pl.LazyFrame:
    """Return a table of the current version as a LazyFrame, columns as in `schema.py`.

    The frame keeps to the version that was current at the call. Raises DatasetError where there
    is no dataset, or its files are not those of its manifest; UnknownNameError where there is no
    such table.
    """
    tables = {known.name: known for known in schema.TABLES}
    if table not in tables:
        raise UnknownNameError("table", table, tables, "the dataset", ", ".join(tables))
    found = tables[table]
    version = pin(Path(dataset))
    manifest = read_manifest(version)
    demand_files(version, manifest)
    folder = version / table
    known = {version / file.path for file in manifest.files}
    present = [path for path in folder.rglob("*") if not path.is_dir()]
    for path in present:
        # Polars would read it along with the others.
        if path not in known:
            message = f"{path} is not of this dataset: the dataset is damaged"
            raise DatasetError(message, "remove it, or see what else is wrong: census verify")
    if not present:
        return pl.LazyFrame(pl.from_arrow(found.arrow.empty_table()))
    # Polars would guess the type of a partition's value from its looks.
    hive = dict.fromkeys(found.partitions, pl.String)
    frame = pl.scan_parquet(
        folder, glob=False, hive_partitioning=bool(hive), hive_schema=hive or None
    )
    return frame.select(found.arrow.names)
