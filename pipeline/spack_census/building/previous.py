"""What the current version of a dataset holds of one snapshot, as far as guards ask."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.dataset.publication import Publication
from spack_census.errors import DatasetError


def documents(publication: Publication, snapshot: str) -> set[tuple[str, str]]:
    """Return (path, SHA-256) of each document."""
    rows = _columns(publication, "documents", snapshot, ["path", "sha256"])
    return {(row["path"], row["sha256"]) for row in rows}


def read(publication: Publication, snapshot: str) -> set[tuple[str, str]]:
    """Return (path, SHA-256) of each document that was read for it, accepted or not."""
    rows = _columns(publication, "rejects", snapshot, ["path", "sha256", "scope"])
    rejected = {(row["path"], row["sha256"]) for row in rows if row["scope"] == "document"}
    found = documents(publication, snapshot) | rejected
    return {(path, sha256) for path, sha256 in found if sha256 is not None}


def packages(publication: Publication, snapshot: str) -> set[str]:
    """Return the packages described, with specs or without."""
    rows = _columns(publication, "documents", snapshot, ["package"])
    rows += _columns(publication, "specs", snapshot, ["package"])
    return {row["package"] for row in rows if row["package"] is not None}


def hashes(publication: Publication, snapshot: str) -> set[str]:
    """Return the hashes of its specs."""
    return {row["hash"] for row in _columns(publication, "specs", snapshot, ["hash"])}


def indexes(publication: Publication, snapshot: str) -> dict[str, int]:
    """Return label → specs it named, of each index of a build cache; none for documents."""
    names = ["package", "path", "stacks_declared"]
    return {
        row["path"].rpartition("/")[2]: sum(each["num_specs"] for each in row["stacks_declared"])
        for row in _columns(publication, "documents", snapshot, names)
        if row["package"] is None
    }


def _columns(
    publication: Publication, table: str, snapshot: str, names: list[str]
) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for file in publication.files:
        if file.table == table and file.snapshot == snapshot:
            path = publication.path(file)
            try:
                rows += pq.ParquetFile(path).read(names).to_pylist()
            except (pa.ArrowException, OSError) as error:
                message = f"{path} cannot be read: {error}"
                raise DatasetError(message, "mend it: census verify --repair SOURCE") from error
    return rows
