"""What the files of one snapshot hold, as far as a build asks: published ones, or just written."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.dataset.layout import File
from spack_census.dataset.publication import Publication
from spack_census.errors import DatasetError


class Contents(NamedTuple):
    """The files of a snapshot, in the folder that their paths count from.

    All that it tells is read from them; it raises DatasetError where one cannot be read.
    """

    root: Path
    files: Sequence[File]

    def documents(self) -> set[tuple[str, str]]:
        """Return (path, SHA-256) of each document."""
        return {(row["path"], row["sha256"]) for row in self._rows("documents", "path", "sha256")}

    def read(self) -> set[tuple[str, str]]:
        """Return (path, SHA-256) of each document that was read for it, accepted or not."""
        rows = self._rows("rejects", "path", "sha256", "scope")
        rejected = {(row["path"], row["sha256"]) for row in rows if row["scope"] == "document"}
        found = self.documents() | rejected
        return {(path, sha256) for path, sha256 in found if sha256 is not None}

    def packages(self) -> set[str]:
        """Return the packages described, with specs or without."""
        rows = self._rows("documents", "package") + self._rows("specs", "package")
        return {row["package"] for row in rows if row["package"] is not None}

    def hashes(self) -> set[str]:
        """Return the hashes of its specs."""
        return {row["hash"] for row in self._rows("specs", "hash")}

    def indexes(self) -> dict[str, int]:
        """Return label → specs it named, of each index of a build cache; none for documents."""
        return {
            row["path"].partition("/")[2]: sum(each["num_specs"] for each in row["stacks_declared"])
            for row in self._rows("documents", "package", "path", "stacks_declared")
            if row["package"] is None
        }

    def _rows(self, table: str, *names: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for file in self.files:
            if file.table == table:
                path = self.root / file.path
                try:
                    rows += pq.ParquetFile(path).read(list(names)).to_pylist()
                except (pa.ArrowException, OSError) as error:
                    message = f"{path} cannot be read: {error}"
                    hint = "mend it: census verify --repair SOURCE"
                    raise DatasetError(message, hint) from error
        return rows


def published(publication: Publication, snapshot: str) -> Contents:
    """Return what the current version of a dataset holds of a snapshot."""
    files = [file for file in publication.files if file.snapshot == snapshot]
    return Contents(publication.current or publication.dataset, files)
