"""What is shown to people: sections of tables, without markup. Terminal, Markdown, HTML render it.

A kind of report is a function that returns a list of `Section`; `text.show`, `markdown.sections`
and the templates of `html` do the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Package(NamedTuple):
    """The name of a package in a cell, and the snapshot that has it: a page links it."""

    name: str
    snapshot: str


Cell = str | int | float | tuple[str, ...] | Package | None


class Kind(StrEnum):
    """How the cells of a column are shown, and what gives way where there is little room."""

    NAME = "name"
    """A name or another short text, shown whole wherever that can be."""
    TEXT = "text"
    """A text of several words, which may take several lines."""
    LIST = "list"
    """Names: the first of them and the number of the others, where not all have room."""
    VARIANTS = "variants"
    """All variants of a spec; where there is little room those in which specs differ."""
    HASH = "hash"
    """A hash, of which seven characters tell it apart."""
    HASHES = "hashes"
    """As LIST, of hashes."""
    CHANGE = "change"
    """A word for a change, as in docs/vocabulary.md."""
    COUNT = "count"
    DELTA = "delta"
    PERCENT = "percent"
    RATIO = "ratio"


_NUMBERS = frozenset({Kind.COUNT, Kind.DELTA, Kind.PERCENT, Kind.RATIO})
_BETWEEN = {Kind.LIST: ", ", Kind.VARIANTS: " "}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    title: str
    kind: Kind = Kind.NAME
    tone: str = ""
    """good, bad or soft: the colour of those of its cells that are not 0."""
    rank: int = 0
    """Columns of the highest rank go first where a terminal is narrow, those of rank 0 never."""

    @property
    def is_number(self) -> bool:
        """Whether its cells stand to the right."""
        return self.kind in _NUMBERS


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all its rows; whoever shows fewer names the file or the command of all."""

    columns: tuple[Column, ...]
    rows: Sequence[tuple[Cell, ...]]
    caption: str = ""
    file: str = ""
    """The file beside a report that has all rows."""
    command: str = ""
    """The command that lists all rows."""
    limit: int | None = None
    """How many rows a terminal shows."""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a report: what it comes to in a sentence, its tables, what is to be known of it."""

    title: str = ""
    lead: str = ""
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    """Small print, a sentence each."""
    hints: Sequence[tuple[str, str]] = ()
    """What could be asked next, and the command that asks it."""
    key: str = ""
    """Its name in addresses."""
    tone: str = ""
    """Of the lead: strong, warning or soft."""


def shown(cell: Cell, kind: Kind) -> str:
    """Return a cell as people read it: counts with commas, differences with their sign."""
    if cell is None or cell == ():
        return "-"
    if isinstance(cell, Package):
        return cell.name
    if isinstance(cell, tuple):
        return joined(cell, kind)
    return str(cell) if isinstance(cell, str) else _number(cell, kind)


def _number(cell: float, kind: Kind) -> str:
    match kind:
        case Kind.DELTA if cell:
            return f"{cell:+,}"
        case Kind.PERCENT:
            # Only what is exactly none or all is said to be.
            share = min(max(cell, 0.05), 99.94) if 0 < cell < 100 else cell
            return f"{share:.1f}%"
        case Kind.RATIO:
            return f"{cell:.1f}×"
        case _:
            return f"{cell:,}"


def joined(items: Sequence[str], kind: Kind) -> str:
    """Return the items of a list in one line."""
    return _BETWEEN.get(kind, ", ").join(items)
