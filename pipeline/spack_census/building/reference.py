"""The small tables of a version, written anew by each build: what the others refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from spack_census.building import tables
from spack_census.dataset import datapackage, parquet, schema
from spack_census.dataset.layout import File, SnapshotState
from spack_census.spack import microarch, series


def write(
    root: Path,
    states: Mapping[str, SnapshotState],
    rejects: pa.Table,
    others: Sequence[File],
) -> list[File]:
    """Write snapshots, targets, target_compat, the rejects of no snapshot, datapackage.json.

    `rejects` are those of no snapshot, in the schema of `schema.REJECTS`; `others` are all other
    files of the version, whose folders name the targets in use.
    """
    seen = {
        part.removeprefix("target=")
        for file in others
        for part in file.path.split("/")
        if part.startswith("target=")
    }
    content = {
        schema.SNAPSHOTS: tables.rows(schema.SNAPSHOTS, snapshot_rows(states)),
        schema.TARGETS: tables.rows(schema.TARGETS, microarch.targets_rows(seen)),
        schema.TARGET_COMPAT: tables.rows(schema.TARGET_COMPAT, microarch.compat_rows(seen)),
        # Written even when empty: a reader's glob over a folder without files is an error.
        schema.REJECTS: rejects,
    }
    files = [parquet.write(root, table, rows, "", snapshot=None) for table, rows in content.items()]
    return [*files, _write_datapackage(root, [*others, *files])]


def snapshot_rows(states: Mapping[str, SnapshotState]) -> list[dict[str, Any]]:
    """Return a row for each snapshot that has a document, in the schema of `schema.SNAPSHOTS`."""
    usable = [name for name, state in states.items() if state.num_documents]
    return [
        {
            "snapshot": name,
            "series": series_name,
            "series_order": order,
            "snapshot_date": series.classify(name).snapshot_date,
            **msgspec.structs.asdict(states[name]),
        }
        for series_name, names in series.ordered(usable).items()
        for order, name in enumerate(names, start=1)
    ]


def _write_datapackage(root: Path, files: Sequence[File]) -> File:
    """Describe the version for people and tools, as a Data Package (Frictionless Data)."""
    package = {
        "name": datapackage.NAME,
        "title": datapackage.TITLE,
        "profile": "data-package",
        "resources": [
            _resource(table, files)
            for table in schema.TABLES
            if not table.optional or any(file.table == table.name for file in files)
        ],
    }
    data = msgspec.json.format(msgspec.json.encode(package), indent=1) + b"\n"
    return parquet.write_file(root, datapackage.FILE, data)


def _resource(table: schema.Table, files: Sequence[File]) -> dict[str, Any]:
    return {
        "name": table.name,
        "description": table.description,
        "format": "parquet",
        "path": sorted(file.path for file in files if file.table == table.name),
        "partitions": table.partitions,
        "schema": {
            "fields": [datapackage.field(column) for column in table.columns],
            "missingValues": [],
        },
    }
