"""Documents in a git repository: the dated snapshots of one commit, and `develop` through time.

`develop` is one folder that changes; each of its states that was committed is a snapshot of its
own, `develop@DATE`, to which belongs whatever lies in the folder. Nothing is checked out: all is
read from git's objects.

A path is that in the commit, `_cache/v0.23.1/zlib/specs.md`; of a state of `develop` the commit
stands before it, as git itself writes it: `3c9a01be27d4:_cache/develop/zlib/specs.md`.
"""

from __future__ import annotations

import datetime as dt
import itertools
import operator
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Reject
from spack_census.errors import ParameterError, SourceError
from spack_census.sources import files, githistory, gitobjects
from spack_census.sources.githistory import Every, State
from spack_census.sources.gitobjects import Blobs
from spack_census.sources.gittree import Tree
from spack_census.sources.model import NONE_KNOWN, Candidate, Entry, Known, candidates

_DEVELOP = "develop"
_SITE_FOLDER = "_cache"
_ID_DIGITS = 12


class _LastState(threading.local):
    """What this thread found in the last state of `develop` that it read, by (path, state).

    From one commit to the next few documents change. Of one state only, or it would grow for ever;
    of one thread, or another's state would take the place of this one's under its hands.
    """

    def __init__(self) -> None:
        self.decoded: dict[tuple[str, str], Document | Reject] = {}


_last = _LastState()


def recognise(path: Path, unnamed: str | None) -> Git | None:
    """Return the bare repository at this path, None where there is none.

    A folder with a `.git` is read as a folder: what lies there may not be committed yet.
    """
    is_bare = (path / "HEAD").is_file() and all((path / x).is_dir() for x in ("objects", "refs"))
    return open_repository(path, unnamed=unnamed) if is_bare else None


def open_repository(
    repository: Path | str,
    *,
    rev: str = "HEAD",
    since: str | None = None,
    folder: str | None = None,
    every: Every = Every.DAY,
    unnamed: str | None = None,
) -> Git:
    """Return the source that a git repository is, bare or not.

    `rev` is the commit to read, `since` a date (2025-07-20, UTC) before which states of `develop`
    are left out, `folder` where to look (by default `_cache` where there is one), `unnamed` the
    snapshot of documents that name none (by default `unnamed@` and the date of the last change).
    Raises SourceError with git's message, ParameterError for a date that is none.
    """
    first_day = None if since is None else _date(since)
    git_dir = gitobjects.find(Path(repository).resolve())
    commit = gitobjects.commit_of(git_dir, rev)
    inside = _folder(git_dir, commit, folder)
    history = gitobjects.commits(git_dir, commit, _develop(inside))
    if unnamed is None:
        last = gitobjects.commits(git_dir, commit, inside)[-1]
        unnamed = f"unnamed@{githistory.utc(*last).date().isoformat()}"
    states = githistory.states(_DEVELOP, history, every, first_day)
    prefixed = {f"{state.commit[:_ID_DIGITS]}:": state for state in states}
    return Git(git_dir, commit, inside, every, prefixed, unnamed)


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"{text!r} is no date", "write it as 2025-07-20") from error


def _folder(git_dir: Path, commit: str, folder: str | None) -> str:
    wanted = _SITE_FOLDER if folder is None else folder.strip("/")
    if not wanted or gitobjects.is_folder(git_dir, commit, wanted):
        return wanted
    if folder is None:
        return ""
    message = f"no folder {folder!r} in commit {commit[:_ID_DIGITS]}"
    raise SourceError(message, "name one with --path; see: git ls-tree -d --name-only HEAD")


def _develop(folder: str) -> str:
    """Return where `develop` lies if this folder holds the snapshots, or is `develop` itself."""
    is_develop = folder.rpartition("/")[2] == _DEVELOP
    return folder if is_develop else f"{folder}/{_DEVELOP}".lstrip("/")


@dataclass(frozen=True, slots=True)
class Git:
    """The documents of one commit below a folder, and the chosen states of `develop` there."""

    git_dir: Path
    commit: str
    folder: str
    every: Every
    states: dict[str, State]
    """What stands before the path of an entry → the state of `develop` that it is of."""
    unnamed: str | None
    kind: str = "git"
    portable: bool = True

    @property
    def identity(self) -> str:
        """The path of the repository, and what gives a path in it another snapshot."""
        place = os.fsencode(self.git_dir).decode(errors="backslashreplace")
        return f"git {place} {self.folder} {self.every}"

    @property
    def place(self) -> str:
        """The path of the repository."""
        folder = self.git_dir.parent if self.git_dir.name == ".git" else self.git_dir
        return os.fsencode(folder).decode(errors="backslashreplace")

    def entries(self, known: Known = NONE_KNOWN) -> Iterator[Candidate]:
        """Yield each candidate: of the commit by path, then of each state of `develop`."""
        with Blobs(self.git_dir) as blobs:
            for prefix in ("", *self.states):
                tree = self._tree(blobs, prefix)
                listed = (_below(prefix, each) for each in tree.entries())
                yield from candidates(listed, known, partial(self._snapshot_of, tree))

    def _snapshot_of(self, tree: Tree, entry: Entry) -> str | Reject | None:
        """Return the snapshot, the state's or the one named."""
        prefix, path = self._split(entry.path)
        has_suffix = path.endswith(files.DOCUMENT_SUFFIXES)
        if prefix and has_suffix:
            return self.states[prefix].snapshot
        # What has no document's name and is larger than any document is something else.
        if entry.size > LIMITS.document_bytes and not has_suffix:
            return None
        if not prefix:
            return files.snapshot_of(tree, path)
        is_document = files.is_document(path, tree.read(path, files.HEAD_BYTES))
        return self.states[prefix].snapshot if is_document else None

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield what each document holds, in path order, through one git process."""
        with Blobs(self.git_dir) as blobs:
            pairs = map(self._split, sorted(paths))
            for prefix, group in itertools.groupby(pairs, key=operator.itemgetter(0)):
                tree, inside = self._tree(blobs, prefix), [path for _, path in group]
                state = self.states.get(prefix)
                for each in tree.documents(inside) if state is None else _decode(tree, inside):
                    snapshot = each.snapshot if state is None else state.snapshot
                    yield msgspec.structs.replace(
                        each, path=f"{prefix}{each.path}", snapshot=snapshot
                    )

    def _split(self, path: str) -> tuple[str, str]:
        """Return what stands before the path in a commit, empty for the commit itself, and it."""
        before, mark, inside = path.partition(":")
        return (before + mark, inside) if before + mark in self.states else ("", path)

    def _tree(self, blobs: Blobs, prefix: str) -> Tree:
        develop = _develop(self.folder)
        if not prefix:
            return Tree(blobs, self.git_dir, self.commit, self.folder, self.unnamed, develop)
        state = self.states[prefix]
        return Tree(blobs, self.git_dir, state.commit, develop, state.snapshot)


def _below(prefix: str, each: Entry | Reject) -> Entry | Reject:
    return msgspec.structs.replace(each, path=f"{prefix}{each.path}")


def _decode(tree: Tree, paths: Sequence[str]) -> Iterator[Document | Reject]:
    """Yield the documents of a state of `develop`; read only those not in the last state too."""
    keys = {path: (path, tree.state(path)) for path in paths}
    unread = [path for path in paths if keys[path] not in _last.decoded]
    read = dict(zip(unread, map(_alone, tree.documents(unread)), strict=True))
    found = {key: read.get(path) or _last.decoded[key] for path, key in keys.items()}
    _last.decoded = found
    yield from found.values()


def _alone(found: Document | Reject) -> Document | Reject:
    """Return a document that keeps nothing of those it was decoded with: it may stay for long."""
    if isinstance(found, Reject):
        return found
    return msgspec.structs.replace(found, records=tuple(found.records))
