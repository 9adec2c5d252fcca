"""The whole dataset in today's format, with no need of any source."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from spack_census.building import carry, reference
from spack_census.dataset import formats, older, schema
from spack_census.dataset.layout import File, Manifest, pin, read_manifest
from spack_census.dataset.publication import lock
from spack_census.disk import durable
from spack_census.errors import ConservationError, DatasetError

_MEND = "mend that and do it again; what was published before is as it was"


class Plan(NamedTuple):
    """What carrying a dataset over to today's format would take."""

    of_format: int
    num_snapshots: int
    num_files: int
    num_bytes: int
    new_tables: tuple[str, ...]
    new_columns: tuple[str, ...]
    """As table.column, of tables that are not new."""
    made_anew: dict[str, int]
    """table.column whose rule changed → the values of it that become others."""

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return self.of_format != schema.FORMAT


def plan(dataset: Path) -> Plan:
    """Return what `migrate` would do; nothing is written. Raises DatasetError."""
    version = pin(dataset)
    manifest = read_manifest(version)
    of_format = formats.number(manifest.format)
    files = [file for file in manifest.files if file.snapshot is not None]
    had = {table.name for table in formats.tables(of_format)}
    made = {
        f"{table.name}.{column}": len(values)
        for table in schema.TABLES
        for column, (_, values) in older.respelled(version, files, table, of_format).items()
        if values
    }
    new = [
        f"{table.name}.{column.name}"
        for table in schema.TABLES
        for column in table.columns
        if table.name in had and column.since > of_format
        if column.name not in formats.rules(table.name, of_format)
    ]
    return Plan(
        of_format=of_format,
        num_snapshots=len(manifest.snapshots),
        num_files=len(files),
        num_bytes=sum(file.size_bytes for file in files),
        new_tables=tuple(
            table.name for table in schema.TABLES if table.name not in had and not table.optional
        ),
        new_columns=tuple(new),
        made_anew=made,
    )


def migrate(dataset: Path, wait_seconds: float = 0) -> tuple[Manifest, list[str]]:
    """Publish the current version in today's format, with no need of any source.

    Returns its manifest, that of the current version where there is nothing to do, and warnings.
    Raises BusyError, DatasetError, ConservationError, and then leaves the dataset as it was.
    """
    pin(dataset)
    errors = durable.errors(dataset, _MEND, DatasetError)
    with errors, lock(dataset, wait_seconds) as publication:
        manifest = publication.manifest
        assert manifest is not None
        if not carry.is_older(manifest):
            return manifest, []
        _, moved = carry.over(publication, manifest.snapshots.keys())
        folder = publication.staging / "reference"
        carried = [file for file, _ in moved]
        made = reference.write(
            folder, manifest.snapshots, carry.unplaced_rejects(publication), carried
        )
        _demand_same(manifest, [*carried, *made])
        moved += [(file, folder) for file in made]
        published = publication.commit([], moved, manifest.snapshots)
        warnings = []
        try:
            publication.clean()
        except OSError as error:
            warnings.append(f"cleaning up failed, the next build will do it: {error}")
    return published, warnings


def _demand_same(before: Manifest, files: Collection[File]) -> None:
    rows = dict.fromkeys(before.counts, 0)
    for file in files:
        if file.table is not None:
            rows[file.table] = rows.get(file.table, 0) + (file.rows or 0)
    # Of targets archspec may know more by now.
    counted = [name for name in before.counts if not name.startswith("target")]
    for name in counted:
        if rows[name] != before.counts[name]:
            message = f"{name}: {before.counts[name]:,} rows before, {rows[name]:,} after"
            hint = "this is a fault of census itself: please report it"
            raise ConservationError(f"{message}; nothing was published", hint)
