"""The dataset folder: where things lie in it, its manifest, and how a reader pins a version.

DATASET/current -> versions/00000042-0123456789abcdef     the commit point
DATASET/versions/<id>/manifest.json                        every file of that version
DATASET/versions/<id>/specs/platform=…/target=…/snapshot=…/part-<sha16>.parquet
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path

import msgspec

from spack_census.dataset import formats, schema
from spack_census.errors import DatasetError

CURRENT = "current"
PUBLIC = "https://binaries.spack.io/cache_spack_io_index.json"
"""The list of the snapshots of Spack's public build cache."""
VERSIONS = "versions"
MANIFEST = "manifest.json"
OWNERS = "owners.json"
"""Beside the versions: which source each snapshot was built from."""
VERSION_ID = re.compile(r"\d{8}-[0-9a-f]{16}")
PARTITION_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}")
"""What may become a folder name; nothing else from a document ever does (match in full)."""
_TOOLS = ("duckdb", "polars", "pyarrow", "spack-census")


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a version; `snapshot` is None where the file belongs to no single one."""

    path: str
    table: str | None
    snapshot: str | None
    size_bytes: int
    rows: int | None
    sha256: str


class SnapshotState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version knows of one snapshot, enough to tell whether its source has changed.

    What later formats added has a default, which is not written: a manifest of an older one is
    encoded to the same bytes again, and its id goes on vouching for it.
    """

    source: str
    source_revision: str
    hash_epoch: int | None
    num_documents: int
    num_packages: int
    num_specs: int
    num_documents_rejected: int
    num_specs_rejected: int
    rules: int | None = None
    """The number of the rules it was made by (`limits.RULES`), None where that was not noted."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in one version. No clock stands in it: the same input gives the same bytes.

    `id` is the version's number and, after a hyphen, what `seal` makes of all else.
    """

    format: int
    """As it is written; `formats.number` makes its number of it."""
    id: str
    parent: str | None
    tools: dict[str, str]
    counts: dict[str, int]
    """Rows of each table."""
    snapshots: dict[str, SnapshotState]
    files: list[File]


class _Written(msgspec.Struct):
    format: int


@functools.cache
def installed_tools() -> dict[str, str]:
    """Return tool → version of what writes a dataset: other versions may write other bytes."""
    from importlib.metadata import version

    return {tool: version(tool) for tool in _TOOLS}


def seal(manifest: Manifest) -> str:
    """Return the 16 characters of an id that vouch for everything else in the manifest.

    The files' hashes and the parent's id are part of it, so that the id of one version vouches
    for all of its bytes and for the line of versions that it came from.
    """
    unsigned = msgspec.structs.replace(manifest, id="")
    return hashlib.sha256(msgspec.json.encode(unsigned)).hexdigest()[:16]


def encode_manifest(manifest: Manifest) -> bytes:
    """Return a manifest as its file holds it, the same bytes for the same manifest."""
    return msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"


def check_place(dataset: Path) -> None:
    """Raise DatasetError where a dataset cannot lie at all.

    DuckDB reads a folder such as `snapshot=x` above the dataset as a column, in place of the true
    one, and finds nothing below a folder whose name is not UTF-8 or holds a backslash.
    """
    columns = {column.name for table in schema.TABLES for column in table.columns}
    hint = "move or build it elsewhere: census build SOURCE --dataset DIR"
    for part in dataset.resolve().parts:
        if "=" in part and part.partition("=")[0] in columns:
            message = f"the dataset lies below a folder named {part!r}, which reads as a column"
            raise DatasetError(message, hint)
        if "\\" in part:
            message = (
                f"the dataset lies below a folder named {part!r}, and DuckDB reads no backslash"
            )
            raise DatasetError(message, hint)
        try:
            part.encode()
        except UnicodeEncodeError as error:
            message = f"the dataset lies below a folder named {part!a}, which is not UTF-8"
            raise DatasetError(message, hint) from error


def pin(dataset: Path) -> Path:
    """Return the real folder of the dataset's current version.

    A reader resolves `current` once and keeps the result: what it then reads is one version,
    whatever is published meanwhile. Raises DatasetError where there is none.
    """
    check_place(dataset)
    current = dataset / CURRENT
    if is_new(dataset):
        raise DatasetError(
            f"no dataset in {dataset}",
            f"build one: census build SOURCE --dataset {dataset}",
            f"where SOURCE is {PUBLIC} (Spack's), a mirror, or documents (the sample) in a clone",
            "or name another: --dataset DIR, or the variable CENSUS_DATASET",
        )
    if not current.is_symlink():
        message = f"{current} is no link, though {dataset / VERSIONS} holds versions"
        raise DatasetError(message, *way_back(dataset))
    link = current.readlink()
    if link.parent != Path(VERSIONS) or not VERSION_ID.fullmatch(link.name):
        message = f"{current} points to {link}, which is no version of this dataset"
        raise DatasetError(message, *way_back(dataset))
    version = dataset.resolve() / link
    if not version.is_dir():
        raise DatasetError(f"{current} points to {link}, which is gone", *way_back(dataset))
    return version


def is_new(dataset: Path) -> bool:
    """Tell whether nothing was ever published here.

    A first version that no link names is what a killed first build leaves; a later one, or a
    `current` that is no link (a copy may have made it a folder), is a dataset without its head.
    """
    current = dataset / CURRENT
    if current.is_symlink() or current.exists():
        return False
    return all(version_number(name) <= 1 for name in version_ids(dataset))


def version_ids(dataset: Path) -> list[str]:
    """Return the ids of all versions that lie in a dataset, oldest first."""
    folder = dataset / VERSIONS
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    return sorted(name for name in names if VERSION_ID.fullmatch(name))


def version_number(version_id: str) -> int:
    """Return the number in a version's id."""
    return int(version_id[:8])


def way_back(dataset: Path, without: str | None = None) -> tuple[str, ...]:
    """Return the next steps where the current version is past use, `without` being its name."""
    others = [name for name in version_ids(dataset) if name != without]
    current = dataset / CURRENT
    link = [f"remove {current} and go back: ln -s {VERSIONS}/{each} {current}" for each in others]
    return (*link[-1:], "build it into a new folder: census build SOURCE --dataset DIR")


def read_manifest(version: Path) -> Manifest:
    """Return the manifest of a version folder, of any format that is known.

    Raises DatasetError if it is not readable, or of a newer format.
    """
    path = version / MANIFEST
    try:
        data = path.read_bytes()
        # First: of a newer format nothing else is certain.
        formats.demand_known(msgspec.json.decode(data, type=_Written).format, version)
        return msgspec.json.decode(data, type=Manifest)
    # Broken UTF-8 is no MsgspecError.
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        steps = way_back(version.parent.parent, version.name)
        raise DatasetError(f"{path} cannot be read: {error}", *steps) from error


def demand_files(version: Path, manifest: Manifest) -> None:
    """Raise DatasetError where a file is missing: a glob would leave out its rows in silence."""
    for file in manifest.files:
        if not (version / file.path).is_file():
            raise DatasetError(
                f"{version / file.path} is missing: the dataset is damaged",
                "see what else is: census verify",
                "mend it: census verify --repair SOURCE",
            )
