"""The rows of any query as a table: what each column holds is told by its type and its name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import duckdb

from spack_census.ask.formats import all_rows
from spack_census.reports.sections import Cell, Column, Kind, Table

_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")
_HASHES = re.compile(r".*(hash|hashes|revision|sha256)")
_LAST = 1000
"""What a hash is ranked below other columns: it says least to a person."""


def table(relation: duckdb.DuckDBPyRelation, ranks: Sequence[str] = ()) -> Table:
    """Return all rows of a query as a table.

    `ranks` names the columns that may give way on a narrow terminal, those that stay longest
    first; without them each may but the first, from the right. Raises QueryError where the query
    fails while it runs.
    """
    names = relation.columns
    numeric = [_NUMBERS.fullmatch(str(type_)) is not None for type_ in relation.types]
    rows = all_rows(relation)
    columns = tuple(
        Column(
            name,
            _kind(name, [row[at] for row in rows], number=numeric[at]),
            rank=_rank(name, at, ranks, number=numeric[at]),
        )
        for at, name in enumerate(names)
    )
    return Table(columns, [tuple(map(_cell, row)) for row in rows])


def _rank(name: str, at: int, ranks: Sequence[str], *, number: bool) -> int:
    if ranks:
        return ranks.index(name) + 1 if name in ranks else 0
    if _HASHES.fullmatch(name):
        return at + _LAST
    # Counts are the answer, and most queries end with them.
    return at // 4 + 1 if number and at else at


def _kind(name: str, values: Sequence[Any], *, number: bool) -> Kind:
    if number:
        return Kind.COUNT
    if any(isinstance(value, list) for value in values):
        if _HASHES.fullmatch(name):
            return Kind.HASHES
        return Kind.VARIANTS if name == "variants" else Kind.LIST
    if _HASHES.fullmatch(name):
        return Kind.HASH
    words = any(isinstance(value, str) and " " in value for value in values)
    return Kind.TEXT if words else Kind.NAME


def _cell(value: Any) -> Cell:
    """Return a plain value as a cell: nothing for null, JSON for what has no other form."""
    if value is None:
        return ""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return tuple(value) or ""
    if isinstance(value, str) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return json.dumps(value, ensure_ascii=False)
