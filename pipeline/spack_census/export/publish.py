"""Bring the folder of an export up to date: what is there stays until what replaces it is whole.

OUTPUT/<table>.parquet      a table of the dataset, all snapshots
OUTPUT/census.sql           views and macros over the files at the address, for DuckDB
OUTPUT/datapackage.json     tables and columns, as Data Package; croissant.json: as Croissant
OUTPUT/SHA256SUMS           of all of them, replaced last
"""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.ask import snapshots
from spack_census.ask.database import connect
from spack_census.dataset import datapackage, schema
from spack_census.disk import apart, durable, locking
from spack_census.errors import many
from spack_census.export import croissant, describe, tables

_DRAFTS = ".drafts"
_HINT = "mend that and run it again; each file that is there is whole"
_BUSY = ("is being written", "wait for that run: census export … --wait SECONDS")


@dataclass(slots=True)
class Exported:
    """What a run wrote."""

    num_rows: dict[str, int]
    """Of each table."""
    names: list[str] = field(default_factory=list)
    """All files of the export, in the order in which they are replaced."""
    written: list[str] = field(default_factory=list)
    """Those that are not as they were."""
    size_bytes: int = 0

    @property
    def said(self) -> str:
        """What came of the run, in a line."""
        held = f"{many(len(self.num_rows), 'table')}, {many(self.num_rows['specs'], 'spec')}"
        held += f", {self.size_bytes / 1e6:.1f} MB"
        if not self.written:
            return f"nothing new: {held}"
        return f"{held}: {many(len(self.written), 'file')} written"


def publish(dataset: Path, output: Path, address: str = "", wait_seconds: float = 0) -> Exported:
    """Write each table of a dataset as one Parquet file, and what describes them.

    `address` is where the folder will be served, for the views in census.sql; without it they are
    for a DuckDB that is started in the folder. Each file is replaced in one step, and only where
    it differs. Of a folder that is served meanwhile SHA256SUMS tells whether all of it is of one
    dataset. Raises BusyError, CensusError where the disk fails, DatasetError, ParameterError where
    the folders are not apart.
    """
    apart.demand({"the dataset": dataset, "the export": output})
    with (
        connect(dataset, diffs=False) as con,
        durable.errors(output, _HINT),
        locking.hold(output, wait_seconds, _BUSY),
    ):
        drafts = output / _DRAFTS
        shutil.rmtree(drafts, ignore_errors=True)
        drafts.mkdir()
        files = [
            tables.write(con, table, drafts / f"{table.name}.parquet") for table in schema.TABLES
        ]
        listed = snapshots.listing(con)
        newest = snapshots.newest(listed) if listed else None
        texts = {
            describe.SCRIPT: describe.script(address),
            datapackage.FILE: describe.package(files, newest.snapshot if newest else None),
            croissant.FILE: croissant.croissant(
                files, address, newest.snapshot_date if newest else None
            ),
        }
        digests = {file.name: file.sha256 for file in files}
        digests |= {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}
        texts[describe.SUMS] = describe.sums(list(digests.items()))
        for name, text in texts.items():
            durable.write_bytes(drafts / name, text)
        done = Exported({file.table.name: file.num_rows for file in files})
        for name in [*(file.name for file in files), *texts]:
            _take(drafts / name, output / name, done)
        shutil.rmtree(drafts)
        durable.sync(output)
        return done


def _take(draft: Path, path: Path, done: Exported) -> None:
    """Put a draft in its place, unless what is there has the same bytes."""
    done.names.append(path.name)
    done.size_bytes += draft.stat().st_size
    if not (path.is_file() and _digest(path) == _digest(draft)):
        draft.replace(path)
        done.written.append(path.name)


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
