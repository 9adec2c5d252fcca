"""One snapshot's documents → its Parquet files in a scratch folder: the unit of work of a build.

A task says where to read and where to write and carries no data, so that it can run in this
process, in a pool of processes or on another machine that sees the same folders.
"""

from __future__ import annotations

import hashlib
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from spack_census.building import tables
from spack_census.building.contents import Contents
from spack_census.dataset import parquet, schema
from spack_census.dataset.layout import File, SnapshotState
from spack_census.documents.limits import RULES
from spack_census.documents.records import Document, Problem, Reason, Reject
from spack_census.errors import ClusterError, SourceError
from spack_census.sources import shelves
from spack_census.sources.directory import Directory
from spack_census.sources.model import Source
from spack_census.sources.shelves import Look
from spack_census.spack import series


@dataclass(frozen=True, slots=True)
class Task:
    """Convert these documents of one snapshot."""

    source: Source
    declared: str
    """The snapshot's name in the documents."""
    snapshot: str
    """Its name in the dataset."""
    paths: tuple[str, ...]
    scratch: Path
    """How the name of its folder begins; each try of the task makes a folder of its own."""
    shelf: str | None = None
    """The prefix of the shelf where all of its documents lie; they have no `paths` then."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What a task wrote and found; paths of `files` count from its scratch folder."""

    snapshot: str
    scratch: Path
    state: SnapshotState
    files: tuple[File, ...]
    sha256: dict[str, str]
    """Path of each document read → SHA-256 of what was read; nothing for a shelf."""
    problems: tuple[tuple[str, Problem], ...]
    """(path, problem) of each reject."""
    num_specs_seen: int
    look: Look | None
    """What the shelf was like before it was read."""

    @property
    def contents(self) -> Contents:
        """What the files hold, while they lie in the scratch folder."""
        return Contents(self.scratch, self.files)


@dataclass(frozen=True, slots=True)
class NoShelf:
    """What a task found where a shelf seemed to be: documents that have to be taken one by one."""

    prefix: str


def convert(task: Task) -> Converted | NoShelf:
    """Read, decode and write one snapshot; nothing is written where its shelf is none.

    Raises SourceError where a document cannot be read, ClusterError where this machine does not
    see the folder to write to.
    """
    scratch = _folder(task)
    if task.shelf is None:
        return _write(task, scratch, *read(task))
    assert isinstance(task.source, Directory)
    folder = task.source.root / task.shelf
    # What is written meanwhile must not pass for what was looked at.
    look, paths = shelves.look(folder), shelves.documents(folder, task.shelf)
    if look is None or paths is None or len(paths) != look.num_documents:
        return NoShelf(task.shelf)
    try:
        return _write(task, scratch, *read(replace(task, paths=tuple(paths))), look)
    except _Stray:
        return NoShelf(task.shelf)


class _Stray(Exception):  # noqa: N818 - a verdict on the input, not an error of the program
    """A document is of another snapshot than expected."""


def _write(
    task: Task,
    scratch: Path,
    accepted: list[Document],
    rejected: list[Reject],
    look: Look | None = None,
) -> Converted:
    specs = tables.specs(accepted)
    num_packages = len(specs["package"].unique())
    rejects = tables.rejects(accepted, rejected)
    files = [*_write_specs(scratch, specs, task.snapshot)]
    folder = f"snapshot={task.snapshot}"
    if accepted:
        described = tables.documents(accepted)
        files.append(
            parquet.write(scratch, schema.DOCUMENTS, described, folder, snapshot=task.snapshot)
        )
    for table, rows in (
        (schema.EXTERNALS, tables.externals(accepted)),
        (schema.DEPENDENCIES, tables.dependencies(accepted)),
    ):
        if rows.num_rows:
            files.append(parquet.write(scratch, table, rows, folder, snapshot=task.snapshot))
    if rejects.num_rows:
        files.append(parquet.write(scratch, schema.REJECTS, rejects, "", snapshot=task.snapshot))
    problems = [(reject.path, reject.problem) for reject in rejected]
    problems += [(document.path, each) for document in accepted for each in document.problems]
    sha256 = {document.path: document.sha256 for document in accepted}
    sha256 |= {reject.path: reject.sha256 for reject in rejected if reject.sha256}
    return Converted(
        snapshot=task.snapshot,
        scratch=scratch,
        state=_state(task, accepted, rejected, sha256, num_packages),
        files=tuple(files),
        # Of a million documents on shelves it would fill the memory.
        sha256=sha256 if look is None else {},
        problems=tuple(problems),
        num_specs_seen=sum(document.num_specs_seen for document in accepted),
        look=look,
    )


def _folder(task: Task) -> Path:
    # A worker given up for lost may still write: its try and the next must not share a file.
    folder = task.scratch.with_name(f"{task.scratch.name}-{secrets.token_hex(8)}")
    try:
        folder.mkdir()
    except FileNotFoundError as error:
        message = f"{socket.gethostname()} does not see {folder.parent}"
        hint = "put the dataset and the source on a file system that all workers share"
        raise ClusterError(message, hint) from error
    return folder


def read(task: Task) -> tuple[list[Document], list[Reject]]:
    """Return the accepted documents and the rejects of a task, in path order."""
    accepted: list[Document] = []
    rejected: list[Reject] = []
    first: dict[str, Document] = {}
    for found in task.source.documents(task.paths):
        if task.shelf is not None and found.snapshot != task.declared:
            raise _Stray
        if found.snapshot not in (task.declared, None):
            raise SourceError(f"{found.path} changed while it was read", "run the build again")
        if isinstance(found, Reject):
            rejected.append(msgspec.structs.replace(found, snapshot=task.snapshot))
        elif found.package in first:
            rejected.append(_second(task, found, first[found.package]))
        else:
            renamed = found.snapshot != task.snapshot
            accepted.append(
                msgspec.structs.replace(found, snapshot=task.snapshot) if renamed else found
            )
            if found.package is not None:
                first[found.package] = found
    return accepted, rejected


def _second(task: Task, document: Document, first: Document) -> Reject:
    problem = Problem(
        Reason.DUPLICATE_DOCUMENT,
        "file",
        f"{first.path} describes the same package of the same snapshot and comes first",
        "keep one of the two",
    )
    return Reject(
        document.path,
        document.sha256,
        document.size_bytes,
        problem,
        task.snapshot,
        document.package,
        document.num_specs_seen,
    )


def _write_specs(scratch: Path, specs: pa.Table, snapshot: str) -> Iterator[File]:
    # They are sorted by place first; no name of a folder has a slash.
    places = pc.binary_join_element_wise(specs["platform"], specs["target"], "/")
    start = 0
    for place, count in (each.values() for each in pc.value_counts(places).to_pylist()):
        platform, target = place.split("/")
        folder = f"platform={platform}/target={target}/snapshot={snapshot}"
        rows = specs.slice(start, count)
        start += count
        yield parquet.write(scratch, schema.SPECS, rows, folder, snapshot=snapshot)


def revision(sha256: Mapping[str, str]) -> str:
    """Return what identifies a snapshot's input: a hash over its paths, contents, our rules."""
    lines = "".join(f"{path}\0{sha256[path]}\n" for path in sorted(sha256))
    return hashlib.sha256(f"rules {RULES}\n{lines}".encode()).hexdigest()


def _state(
    task: Task,
    accepted: list[Document],
    rejected: list[Reject],
    sha256: dict[str, str],
    num_packages: int,
) -> SnapshotState:
    return SnapshotState(
        source=task.source.kind,
        source_revision=revision(sha256),
        hash_epoch=_hash_epoch(task.snapshot, accepted),
        num_documents=len(accepted),
        num_packages=num_packages,
        num_specs=sum(len(document.records) for document in accepted),
        num_documents_rejected=len(rejected),
        num_specs_rejected=sum(len(document.problems) for document in accepted),
        rules=RULES,
    )


def _hash_epoch(snapshot: str, accepted: list[Document]) -> int | None:
    """Return what an index says itself, else the release's name, else what documents show."""
    indexed = [document.hash_epoch for document in accepted if document.generation is None]
    shown = [document.hash_epoch for document in accepted]
    newest, seen = (
        max((epoch for epoch in epochs if epoch is not None), default=None)
        for epochs in (indexed, shown)
    )
    if newest is not None:
        return newest
    told = series.hash_epoch_of_release(snapshot)
    return seen if told is None else told
