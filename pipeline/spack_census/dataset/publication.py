"""Publish a version of the dataset: all of it or nothing, and never under a reader's feet.

A version is made in `staging/`, moved to `versions/<id>` in one rename, and becomes current when
one symlink is replaced. A file that a reader can see is never changed: what did not change is a
hard link to it. Whatever a killed build leaves behind is removed by the next one.
"""

from __future__ import annotations

import errno
import os
import secrets
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

import msgspec

from spack_census.dataset import holds, schema
from spack_census.dataset.layout import (
    CURRENT,
    MANIFEST,
    VERSIONS,
    File,
    Manifest,
    SnapshotState,
    check_place,
    encode_manifest,
    installed_tools,
    is_new,
    pin,
    read_manifest,
    seal,
    version_ids,
    version_number,
)
from spack_census.dataset.turns import head, turn
from spack_census.disk import durable, failpoints, locking, removal
from spack_census.errors import DatasetError

RECIPES_AGAIN = "read the recipes anew: census recipes REPO"
_STAGING = "staging"
_KEPT_VERSIONS = 3
_KEPT_SECONDS = 3600


class Publication:
    """The dataset while its lock is held: the current version, and the next one being staged."""

    def __init__(self, dataset: Path, damaged: Collection[str] | None = None) -> None:
        self.dataset = dataset
        self.damaged = frozenset(damaged or ())
        self.repairing = damaged is not None
        self.warnings: list[str] = []
        # A name of its own: what workers of a killed build still write must not land in this one.
        self.staging = dataset / _STAGING / secrets.token_hex(4)
        self.tree = self.staging / "version"
        self.head = head(dataset)
        self.current = None if is_new(dataset) else pin(dataset)
        self.manifest = read_manifest(self.current) if self.current else None

    @property
    def snapshots(self) -> dict[str, SnapshotState]:
        """The snapshots of the current version."""
        return self.manifest.snapshots if self.manifest else {}

    @property
    def files(self) -> list[File]:
        """The files of the current version."""
        return self.manifest.files if self.manifest else []

    def path(self, file: File) -> Path:
        """Return where a file of the current version lies."""
        assert self.current is not None
        return self.current / file.path

    def prepare(self) -> None:
        """Empty the staging folder and remove what a killed build left in `versions/`."""
        failpoints.reached("empty staging")
        removal.remove_dead(self.dataset / _STAGING)
        durable.make_folder(self.dataset / VERSIONS)
        self.tree.mkdir(parents=True)
        number = version_number(self.current.name) if self.current else 0
        # Only in turn: what a rival has just moved there could be about to become current.
        with turn(self.dataset, self.head, self.warnings):
            for name in version_ids(self.dataset):
                # Moved there and never made current: nobody has seen it.
                if version_number(name) > number:
                    self._discard(name)

    def commit(
        self,
        kept: list[File],
        moved: list[tuple[File, Path]],
        snapshots: Mapping[str, SnapshotState],
    ) -> Manifest:
        """Make these files the current version; return its manifest, the old one if none differs.

        `kept` are files of the current version, `moved` finished files with the folder that
        their paths count from. Raises OSError and DatasetError, and then the old version is
        current, or the message says otherwise.
        """
        manifest = self._draft([*kept, *(file for file, _ in moved)], snapshots)
        if self.manifest is not None and not self.repairing and _same(manifest, self.manifest):
            return self.manifest
        for file in kept:
            self._link(file)
        for file, folder in moved:
            failpoints.reached("move file")
            (folder / file.path).rename(self._place(file))
        durable.write_bytes(self.tree / MANIFEST, encode_manifest(manifest))
        for folder_name, _, _ in os.walk(self.tree, topdown=False):
            durable.sync(Path(folder_name))
        with turn(self.dataset, self.head, self.warnings):
            failpoints.reached("move version")
            self.tree.rename(self.dataset / VERSIONS / manifest.id)
            durable.sync(self.dataset / VERSIONS)
            self._make_current(manifest)
        return manifest

    def _make_current(self, manifest: Manifest) -> None:
        failpoints.reached("make link")
        link = self.staging / CURRENT
        link.symlink_to(Path(VERSIONS) / manifest.id)
        failpoints.reached("replace link")
        link.rename(self.dataset / CURRENT)  # the commit point
        try:
            durable.sync(self.dataset)
        except OSError as error:
            message = f"{self.dataset}: version {manifest.id} is current, but the disk did not"
            raise DatasetError(
                f"{message} confirm it: {error.strerror}", "check the disk, then: census verify"
            ) from error

    def _place(self, file: File) -> Path:
        destination = self.tree / file.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        return destination

    def _link(self, file: File) -> None:
        """Hard-link a file of the current version, or copy it where links fail."""
        failpoints.reached("link file")
        origin, destination = self.path(file), self._place(file)
        if not origin.is_file() or origin.stat().st_size != file.size_bytes:
            raise DatasetError(
                f"{origin} is missing or cut short: the dataset is damaged",
                "see what else is: census verify",
                *([RECIPES_AGAIN] if file.table == schema.RECIPES.name else []),
                "mend it: census verify --repair SOURCE",
                "or drop the snapshots that SOURCE lacks: census build SOURCE --prune",
            )
        try:
            destination.hardlink_to(origin)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP):
                raise
            durable.write_bytes(destination, origin.read_bytes())

    def _draft(self, files: list[File], snapshots: Mapping[str, SnapshotState]) -> Manifest:
        files = sorted(files, key=lambda file: file.path)
        rows = {table.name: 0 for table in schema.TABLES if not table.optional}
        for file in files:
            if file.table is not None:
                rows[file.table] = rows.get(file.table, 0) + (file.rows or 0)
        number = version_number(self.manifest.id) + 1 if self.manifest else 1
        manifest = Manifest(
            format=schema.FORMAT,
            id="",
            parent=self.manifest.id if self.manifest else None,
            tools=installed_tools(),
            counts=rows,
            snapshots=dict(sorted(snapshots.items())),
            files=files,
        )
        return msgspec.structs.replace(manifest, id=f"{number:08d}-{seal(manifest)}")

    def clean(self) -> None:
        """Remove the staging folder, and versions that no reader can be expected to hold any more.

        The last three stay, each that was current less than an hour ago, and each that a reader
        holds. Raises OSError.
        """
        failpoints.reached("clean up")
        names = version_ids(self.dataset)
        limit = time.time() - _KEPT_SECONDS
        held = holds.held(self.dataset)
        # A version was current until the next one was made, however old it was by then.
        for name, successor in pairwise(names[: 1 - _KEPT_VERSIONS]):
            recent = (self.dataset / VERSIONS / successor).stat().st_mtime >= limit
            if not recent and name not in held:
                self._discard(name)
        failpoints.reached("remove staging")
        self.clear()

    def clear(self) -> None:
        """Remove what this build has staged, and the folder where no other has. Raises OSError."""
        removal.remove(self.staging)
        # Where the lock does not hold, a rival may have its own there.
        with suppress(OSError):
            self.staging.parent.rmdir()

    def _discard(self, name: str) -> None:
        failpoints.reached("discard version")
        # Out of sight first: a half-removed version must never look like one.
        (self.dataset / VERSIONS / name).rename(self.staging / name)
        removal.remove(self.staging / name)


@contextmanager
def lock(
    dataset: Path, wait_seconds: float = 0, damaged: Collection[str] | None = None
) -> Iterator[Publication]:
    """Hold the dataset's lock, and clear what a killed or failed build leaves behind.

    `damaged` names the snapshots to repair, None where nothing is. Raises BusyError where another
    build keeps the lock for longer than `wait_seconds`, DatasetError where the dataset is past
    use, OSError.
    """
    check_place(dataset)
    with locking.hold(dataset, wait_seconds):
        publication = Publication(dataset, damaged)
        try:
            publication.prepare()
            yield publication
        except BaseException:
            # Above all a full disk wants its room back; what stays, the next build removes.
            with suppress(OSError):
                publication.clear()
            raise


def _same(one: Manifest, other: Manifest) -> bool:
    """Tell whether two versions hold the same files, whatever their numbers and tools."""
    return (one.format, one.snapshots, one.files) == (other.format, other.snapshots, other.files)
