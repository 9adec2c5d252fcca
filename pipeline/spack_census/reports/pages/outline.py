"""A report as sections of tables, no markup yet: what Markdown and HTML have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from spack_census.ask.formats import visible
from spack_census.reports.report import Report

Cell = str | int | float | None

# `visible` spells the controls; these have no place in XML 1.0 either.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")


class Kind(StrEnum):
    """How the cells of a column are shown."""

    TEXT = "text"
    COUNT = "count"
    DELTA = "delta"
    PERCENT = "percent"
    RATIO = "ratio"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; a tone colours the cells of it that are not 0."""

    title: str
    kind: Kind = Kind.TEXT
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all its rows: a page that shows fewer links the file that has them."""

    caption: str
    columns: tuple[Column, ...]
    rows: list[tuple[Cell, ...]]
    file: str


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a report: what it comes to in a sentence, and its tables."""

    key: str
    title: str
    lead: str
    tables: list[Table] = field(default_factory=list)


def shown(cell: Cell, kind: Kind) -> str:
    """Return a cell as people read it: counts with commas, differences with their sign."""
    match kind, cell:
        case _, None:
            return "-"
        case Kind.DELTA, int():
            return f"{cell:+,}" if cell else "0"
        case Kind.COUNT, int():
            return f"{cell:,}"
        case Kind.PERCENT, int() | float():
            # Only what is exactly none or all is said to be.
            share = min(max(cell, 0.05), 99.94) if 0 < cell < 100 else cell
            return f"{share:.1f}%"
        case Kind.RATIO, int() | float():
            return f"{cell:.1f}×"
        case _:
            return str(cell)


def epochs(report: Report) -> str:
    """Return the warning that stands above a report across epochs, nothing for others."""
    if not report.epochs_differ:
        return ""
    return (
        "Hashes are made differently in these two snapshots (Spack's database version "
        f"{report.before.hash_epoch} → {report.after.hash_epoch}): every hash differs, and a "
        "rebuilt spec says nothing about its content."
    )


def place(platform: str, target: str) -> str:
    """Return the name of a target: the platform is said where it is not linux."""
    return target if platform == "linux" else f"{platform}/{target}"


def xml_text(text: str) -> str:
    """Return text as XML can hold it, without characters that steer or hide."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))


def places(names: list[str]) -> str:
    """Return the names of targets given as platform/target."""
    return ", ".join(place(*name.split("/", 1)) for name in names)


def are(number: int) -> str:
    """Return the verb for a number of things."""
    return "is" if number == 1 else "are"
