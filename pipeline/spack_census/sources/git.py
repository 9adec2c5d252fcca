"""Documents in a git repository: the dated snapshots of one commit, and `develop` through time.

`develop` is one folder that changes; each of its states that was committed is a snapshot of its
own, `develop@DATE`. Nothing is checked out: all is read from git's objects.
"""

from __future__ import annotations

import datetime as dt
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import msgspec

from spack_census.config import LIMITS
from spack_census.errors import ParameterError, SourceError
from spack_census.records import Document, Reason, Reject
from spack_census.sources import Entry, files, gitobjects
from spack_census.sources.gitobjects import Blobs, TreeItem
from spack_census.sources.gitreading import Reading, parse_once

_DEVELOP = "develop"
_SITE_FOLDER = "_cache"
_REGULAR = ("100644", "100755")


class Every(StrEnum):
    """Which states of `develop` are kept."""

    DAY = "day"
    """The last of each day, develop@2025-07-20: a later one of that day takes its place."""
    WEEK = "week"
    """The first of each week (from Monday): it stays the first whatever follows."""
    COMMIT = "commit"
    """Each, with the time: develop@2025-07-20T093000Z."""


class State(NamedTuple):
    """A state of `develop`: the snapshot it is, and the commit that holds it."""

    snapshot: str
    commit: str


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
    git_dir = gitobjects.find(Path(repository).resolve())
    commit = gitobjects.commit_of(git_dir, rev)
    inside = _folder(git_dir, commit, folder)
    first_day = dt.date.min if since is None else _date(since)
    develop = f"{inside}/{_DEVELOP}".lstrip("/")
    history = _states(gitobjects.commits(git_dir, commit, develop), every, first_day)
    if unnamed is None:
        seconds, _ = gitobjects.commits(git_dir, commit, inside)[-1]
        unnamed = f"unnamed@{_utc(seconds):%Y-%m-%d}"
    return Git(git_dir, commit, inside, history, unnamed)


def _folder(git_dir: Path, commit: str, folder: str | None) -> str:
    wanted = _SITE_FOLDER if folder is None else folder.strip("/")
    if wanted and not gitobjects.files(git_dir, commit, wanted):
        if folder is None:
            return ""
        message = f"no folder {folder!r} in commit {commit[:12]}"
        raise SourceError(message, "name one with --path; see: git ls-tree -d --name-only HEAD")
    return wanted


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise ParameterError(f"{text!r} is no date", "write it as 2025-07-20") from error


def _utc(seconds: int) -> dt.datetime:
    return dt.datetime.fromtimestamp(seconds, dt.UTC)


def _states(
    commits: list[tuple[int, str]], every: Every, first_day: dt.date
) -> tuple[State, ...]:
    """Return the states to keep, oldest commit first; chosen before the early ones are left out."""
    chosen: dict[str, tuple[dt.datetime, str]] = {}
    for seconds, commit in commits:
        time = _utc(seconds)
        if every is Every.DAY:
            chosen[f"{time:%Y-%m-%d}"] = (time, commit)
        elif every is Every.WEEK:
            chosen.setdefault(f"{time:%G-%V}", (time, commit))
        else:
            name = f"{time:%Y-%m-%dT%H%M%SZ}"
            same = sum(key.partition(".")[0] == name for key in chosen)
            chosen[f"{name}.{same + 1}" if same else name] = (time, commit)
    return tuple(
        State(f"{_DEVELOP}@{name if every is Every.COMMIT else f'{time:%Y-%m-%d}'}", commit)
        for name, (time, commit) in chosen.items()
        if time.date() >= first_day
    )
