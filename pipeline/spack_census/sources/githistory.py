"""The states that a mutable snapshot went through: which are kept, and what each is called."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from spack_census.errors import SourceError

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class Every(StrEnum):
    """Which states of a mutable snapshot are kept; days and weeks are those of UTC."""

    DAY = "day"
    """The last of each day, develop@2025-07-20: a later one of that day takes its place."""
    WEEK = "week"
    """The first of each week (from Monday): it stays the first whatever follows."""
    COMMIT = "commit"
    """Each, with the time: develop@2025-07-20T093000Z."""


class State(NamedTuple):
    """One state of a mutable snapshot: the snapshot that it is, and the commit that holds it."""

    snapshot: str
    commit: str


def states(
    name: str, commits: Iterable[tuple[int, str]], every: Every, since: dt.date | None = None
) -> tuple[State, ...]:
    """Return the states to keep of the snapshot `name`, oldest commit first.

    `commits` are (seconds since 1970, object id), oldest first; those before `since` (UTC) are left
    out, which changes the names of none that stay.
    """
    chosen: dict[str, tuple[dt.datetime, str]] = {}
    for seconds, commit in commits:
        time = utc(seconds, commit)
        if every is Every.DAY:
            chosen[time.date().isoformat()] = (time, commit)
        elif every is Every.WEEK:
            chosen.setdefault(f"{time:%G-%V}", (time, commit))
        else:
            chosen[_unused(f"{time.date().isoformat()}T{time:%H%M%S}Z", chosen)] = (time, commit)
    return tuple(
        State(f"{name}@{key if every is Every.COMMIT else time.date().isoformat()}", commit)
        for key, (time, commit) in chosen.items()
        if since is None or time.date() >= since
    )


def utc(seconds: int, commit: str) -> dt.datetime:
    """Return the time that many seconds after 1970 began.

    Raises SourceError, naming the commit, for a time in no year from 1 to 9999.
    """
    try:
        return _EPOCH + dt.timedelta(seconds=seconds)
    except OverflowError as error:
        message = f"commit {commit} has a date that is in no calendar: {seconds} s after 1970"
        raise SourceError(message, "read a commit before it: --rev COMMIT") from error


def _unused(name: str, taken: Iterable[str]) -> str:
    """Return the name, numbered where several commits have one second."""
    same = sum(key.partition(".")[0] == name for key in taken)
    return f"{name}.{same + 1}" if same else name
