"""The dataset folder: where things lie in it, its manifest, and how a reader pins a version.

DATASET/current -> versions/00000042-0123456789abcdef     the commit point
DATASET/versions/<id>/manifest.json                        every file of that version
DATASET/versions/<id>/specs/platform=…/target=…/snapshot=…/part-<sha16>.parquet
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from spack_census import schema
from spack_census.errors import DatasetError

CURRENT = "current"
VERSIONS = "versions"
MANIFEST = "manifest.json"
VERSION_ID = re.compile(r"\d{8}-[0-9a-f]{16}")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a version; `snapshot` is None where the file belongs to no single one."""

    path: str
    table: str | None
    snapshot: str | None
    size_bytes: int
    rows: int | None
    sha256: str


class SnapshotState(msgspec.Struct, frozen=True, kw_only=True):
    """What a version knows of one snapshot, enough to tell whether its source has changed."""

    source: str
    source_revision: str
    hash_epoch: int | None
    num_documents: int
    num_packages: int
    num_specs: int
    num_documents_rejected: int
    num_specs_rejected: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in one version. No clock stands in it: the same input gives the same bytes."""

    format: int
    id: str
    parent: str | None
    tools: dict[str, str]
    counts: dict[str, int]
    """Rows of each table."""
    snapshots: dict[str, SnapshotState]
    files: list[File]


def pin(dataset: Path) -> Path:
    """Return the real folder of the dataset's current version.

    A reader resolves `current` once and keeps the result: what it then reads is one version,
    whatever is published meanwhile. Raises DatasetError where there is none.
    """
    current = dataset / CURRENT
    if not current.is_symlink():
        raise DatasetError(
            f"no dataset in {dataset}",
            f"build one: census build SOURCE --dataset {dataset}",
            "or name another: --dataset DIR, or the variable CENSUS_DATASET",
        )
    link = current.readlink()
    if link.parent != Path(VERSIONS) or not VERSION_ID.fullmatch(link.name):
        raise DatasetError(
            f"{current} points to {link}, which is no version of this dataset",
            "remove the link and build again: census build SOURCE",
        )
    version = dataset.resolve() / link
    if not version.is_dir():
        raise DatasetError(
            f"{current} points to {link}, which is gone", "build again: census build SOURCE"
        )
    return version


def read_manifest(version: Path) -> Manifest:
    """Return the manifest of a version folder; raises DatasetError if it is not readable."""
    path = version / MANIFEST
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (OSError, msgspec.MsgspecError) as error:
        raise DatasetError(
            f"{path} cannot be read: {error}", "build the dataset again: census build SOURCE"
        ) from error
    if manifest.format != schema.FORMAT:
        raise DatasetError(
            f"{path.parent} was built by a version of census with other tables",
            "build it into a new folder: census build SOURCE --dataset DIR",
        )
    return manifest
