"""The header of a checked-in query: what it answers, what it asks for, what its columns hold.

Fixed keys in this order, each a comment:

    -- title: Packages that appeared or vanished between two snapshots
    -- params: before, after
    -- column: package | Package name
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from spack_census.errors import QueryError

NAME = re.compile(r"[a-z][a-z0-9_]*")
"""What a query, a parameter and a column can be called."""

_KEYS = ("title", "params", "column")
_LINE = re.compile(r"-- ([a-z]+): (\S.*)")


class Column(NamedTuple):
    """A column of a query's result, as the header describes it."""

    name: str
    description: str


def read(path: Path, sql: str) -> tuple[str, tuple[str, ...], tuple[Column, ...]]:
    """Return title, parameters and columns; raises QueryError that names the line."""
    found: dict[str, list[str]] = {key: [] for key in _KEYS}
    at = 0
    for number, line in enumerate(sql.splitlines(), start=1):
        if not line.startswith("--"):
            break
        match = _LINE.fullmatch(line.rstrip())
        if match is None or match[1] not in _KEYS:
            raise _error(path, number, f"{line!r} is no `-- key: value` of a header")
        if _KEYS.index(match[1]) < at or (match[1] != "column" and found[match[1]]):
            raise _error(path, number, f"{match[1]!r} is out of order or stands twice")
        at = _KEYS.index(match[1])
        found[match[1]].append(match[2])
        _check_value(path, number, match[1], found[match[1]])
    for key in ("title", "column"):
        if not found[key]:
            raise _error(path, 1, f"the header has no {key!r}")
    params = tuple(_split_params(found["params"][0])) if found["params"] else ()
    return found["title"][0], params, tuple(map(_column, found["column"]))


def _check_value(path: Path, number: int, key: str, values: list[str]) -> None:
    """Raise QueryError unless the last value read fits its key and those before it."""
    names = []
    if key == "params":
        names = _split_params(values[-1])
    elif key == "column":
        names = [_column(value).name for value in values]
        if not _column(values[-1]).description:
            raise _error(path, number, "a column needs a name, `|` and a description")
    for name in names:
        if not NAME.fullmatch(name) or names.count(name) > 1:
            raise _error(path, number, f"{name!r} is no name, or stands twice")


def _split_params(value: str) -> list[str]:
    return [name.strip() for name in value.split(",")]


def _column(value: str) -> Column:
    return Column(*map(str.strip, value.partition("|")[::2]))


def _error(path: Path, number: int, message: str) -> QueryError:
    return QueryError(f"{path}:{number}: {message}", f"keys, in order: {', '.join(_KEYS)}")
