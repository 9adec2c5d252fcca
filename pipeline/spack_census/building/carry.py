"""What stands in the current version → the next one: as it is, or out of an older format."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.dataset import formats, older, parquet, schema
from spack_census.dataset.layout import File, Manifest
from spack_census.dataset.publication import Publication
from spack_census.disk import failpoints
from spack_census.errors import DatasetError


def over(
    publication: Publication, snapshots: Collection[str]
) -> tuple[list[File], list[tuple[File, Path]]]:
    """Return the files of these snapshots: those kept as they are, those written anew and where.

    So are those of optional tables, which belong to no snapshot. All are kept where the current
    version is of today's format; else all are written anew. Raises DatasetError where a file to
    be written anew is damaged.
    """
    optional = {table.name for table in schema.TABLES if table.optional}
    files = [
        file for file in publication.files if file.snapshot in snapshots or file.table in optional
    ]
    if not is_older(publication.manifest):
        return files, []
    folder = publication.staging / "carried"
    return [], [(_converted(publication, file, folder), folder) for file in files]


def is_older(manifest: Manifest | None) -> bool:
    """Tell whether a version has to be written anew to be of today's format."""
    return manifest is not None and formats.number(manifest.format) != schema.FORMAT


def _converted(publication: Publication, file: File, root: Path) -> File:
    failpoints.reached("carry over")
    table = _table(file)
    folder = "/".join(file.path.split("/")[1:-1])
    rows = modern(publication, file)
    return parquet.write(root, table, rows, folder, snapshot=file.snapshot)


def modern(publication: Publication, file: File) -> pa.Table:
    """Return the rows of a file of the current version in today's columns and order.

    Raises DatasetError where it is damaged.
    """
    assert publication.manifest is not None
    path = publication.path(file)
    data = path.read_bytes()
    # What has decayed must not be given a hash that vouches for it.
    if hashlib.sha256(data).hexdigest() != file.sha256:
        message = f"{path} is not as it was written: the dataset is damaged"
        raise DatasetError(
            message, "see what else is: census verify", "mend it: census verify --repair SOURCE"
        )
    rows = pq.ParquetFile(pa.BufferReader(data)).read()
    return older.modern(_table(file), rows, formats.number(publication.manifest.format))


def unplaced_rejects(publication: Publication) -> pa.Table:
    """Return the rejects of no snapshot, which lie in a file of their own."""
    found = [
        modern(publication, file)
        for file in publication.files
        if file.table == schema.REJECTS.name and file.snapshot is None
    ]
    return pa.concat_tables([schema.REJECTS.arrow.empty_table(), *found])


def _table(file: File) -> schema.Table:
    return next(table for table in schema.TABLES if table.name == file.table)
