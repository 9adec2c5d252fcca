"""Publish a version of the dataset: all of it or nothing, and never under a reader's feet.

A version is made in `staging/`, moved to `versions/<id>` in one rename, and becomes current when
one symlink is replaced. A file that a reader can see is never changed: what did not change is a
hard link to it. Whatever a killed build leaves behind is removed by the next one.
"""

from __future__ import annotations

import datetime
import errno
import fcntl
import hashlib
import os
import shutil
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version as installed_version
from pathlib import Path

import msgspec

from spack_census import parquet, schema
from spack_census.dataset import (
    CURRENT,
    MANIFEST,
    VERSION_ID,
    VERSIONS,
    File,
    Manifest,
    SnapshotState,
    pin,
    read_manifest,
)
from spack_census.errors import BusyError, DatasetError

_LOCK = "LOCK"
_STAGING = "staging"
_KEPT_VERSIONS = 3
_KEPT_SECONDS = 3600
_TOOLS = ("duckdb", "polars", "pyarrow", "spack-census")


class Publication:
    """The dataset while its lock is held: the current version, and the next one being staged."""

    def __init__(self, dataset: Path) -> None:
        self.dataset = dataset
        self.staging = dataset / _STAGING
        self.tree = self.staging / "version"
        self.current = pin(dataset) if (dataset / CURRENT).is_symlink() else None
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
        _remove(self.staging)
        number = _number(self.current.name) if self.current else -1
        versions = self.dataset / VERSIONS
        versions.mkdir(exist_ok=True)
        self.tree.mkdir(parents=True)
        for path in versions.iterdir():
            # Moved there and never made current: nobody has seen it.
            if VERSION_ID.fullmatch(path.name) and _number(path.name) > number:
                self._discard(path)

    def commit(
        self,
        kept: list[File],
        moved: list[tuple[File, Path]],
        snapshots: Mapping[str, SnapshotState],
    ) -> Manifest:
        """Make these files the current version; return its manifest, the old one if none differs.

        `kept` are files of the current version, `moved` finished files with the folder that
        their paths count from.
        """
        manifest = self._draft([*kept, *(file for file, _ in moved)], snapshots)
        if self.manifest is not None and manifest.id[9:] == self.manifest.id[9:]:
            return self.manifest
        for file in kept:
            self._link(file)
        for file, folder in moved:
            (folder / file.path).rename(self._place(file))
        encoded = msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n"
        parquet.write_bytes(self.tree / MANIFEST, encoded)
        for folder_name, _, _ in os.walk(self.tree, topdown=False):
            _sync(Path(folder_name))
        self.tree.rename(self.dataset / VERSIONS / manifest.id)
        _sync(self.dataset / VERSIONS)
        link = self.staging / CURRENT
        link.symlink_to(Path(VERSIONS) / manifest.id)
        link.rename(self.dataset / CURRENT)  # the commit point
        _sync(self.dataset)
        return manifest

    def _place(self, file: File) -> Path:
        destination = self.tree / file.path
        destination.parent.mkdir(parents=True, exist_ok=True)
        return destination

    def _link(self, file: File) -> None:
        """Hard-link a file of the current version, or copy it where links fail."""
        origin, destination = self.path(file), self._place(file)
        try:
            destination.hardlink_to(origin)
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP):
                raise
            parquet.write_bytes(destination, origin.read_bytes())

    def _draft(self, files: list[File], snapshots: Mapping[str, SnapshotState]) -> Manifest:
        files = sorted(files, key=lambda file: file.path)
        rows = {table.name: 0 for table in schema.TABLES}
        for file in files:
            if file.table is not None:
                rows[file.table] += file.rows or 0
        content = (schema.FORMAT, rows, dict(sorted(snapshots.items())), files)
        digest = hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]
        number = _number(self.manifest.id) + 1 if self.manifest else 1
        return Manifest(
            format=schema.FORMAT,
            id=f"{number:08d}-{digest}",
            parent=self.manifest.id if self.manifest else None,
            tools={tool: installed_version(tool) for tool in _TOOLS},
            counts=rows,
            snapshots=dict(sorted(snapshots.items())),
            files=files,
        )

    def clean(self) -> None:
        """Remove the staging folder and versions that are neither recent nor among the last."""
        versions = self.dataset / VERSIONS
        by_age = sorted(path for path in versions.iterdir() if VERSION_ID.fullmatch(path.name))
        limit = time.time() - _KEPT_SECONDS
        for path in by_age[:-_KEPT_VERSIONS]:
            if path.stat().st_mtime < limit:
                self._discard(path)
        _remove(self.staging)

    def _discard(self, path: Path) -> None:
        # Out of sight first: a half-removed version must never look like one.
        path.rename(self.staging / path.name)
        _remove(self.staging / path.name)


@contextmanager
def lock(dataset: Path) -> Iterator[Publication]:
    """Hold the dataset's lock; raises BusyError where another build has it.

    The lock is the kernel's and comes free with its holder's death; the file's text only says
    who that was. The file is never removed: two builders could then lock two different files.
    """
    dataset.mkdir(parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(dataset / _LOCK, flags, 0o644)
    try:
        _lock(descriptor, dataset)
        publication = Publication(dataset)
        publication.prepare()
        yield publication
    finally:
        os.close(descriptor)


def _lock(descriptor: int, dataset: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(descriptor, 200, 0).decode(errors="replace").strip()
        message = f"{dataset} is being built ({holder or 'by another process'})"
        raise BusyError(message, "wait for that build, then run this one again") from error
    except OSError as error:
        message = f"{dataset} cannot be locked: {error.strerror}"
        raise DatasetError(message, "put the dataset on a file system that has flock") from error
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    os.ftruncate(descriptor, 0)
    os.pwrite(
        descriptor, f"process {os.getpid()} on {socket.gethostname()} since {now}".encode(), 0
    )


def _number(version_id: str) -> int:
    return int(version_id[:8])


def _remove(path: Path) -> None:
    if path.is_symlink():
        path.unlink()
    elif path.exists():
        shutil.rmtree(path)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
