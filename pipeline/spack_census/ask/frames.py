"""The dataset for Polars: lazy frames over one pinned version."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from spack_census.dataset import formats, schema
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
    return _modern(frame, found, formats.number(manifest.format))


def _modern(frame: pl.LazyFrame, table: schema.Table, of_format: int) -> pl.LazyFrame:
    """Return today's columns of a table, whatever format the files are of."""
    made = formats.rules(table.name, of_format)
    types = pl.DataFrame(table.arrow.empty_table()).schema
    columns = []
    for column in table.columns:
        if column.name in made:
            columns.append(_made(made[column.name]).alias(column.name))
        elif column.since <= of_format:
            columns.append(pl.col(column.name))
        else:
            unknown = pl.lit(None if column.nullable else [], dtype=types[column.name])
            columns.append(unknown.alias(column.name))
    return frame.select(columns)


def _made(rule: formats.Rule) -> pl.Expr:
    def make(values: pl.Series) -> pl.Series:
        known = values.unique().drop_nulls()
        made = pl.Series([rule.make(text) for text in known], dtype=pl.String)
        return values.replace_strict(known, made, default=None, return_dtype=pl.String)

    return pl.col(rule.made_of).map_batches(make, return_dtype=pl.String)
