"""Lines of a terminal: tables that fit its width, prose, headings, and how to see the rest.

All text goes in as `rich.text.Text` with its control characters made visible, so that nothing a
document holds acts as markup or steers the terminal. A width of None is a pipe: no cell is cut.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

from rich.console import Console
from rich.text import Text

from spack_census.ask.formats import visible

PIPE = 80
"""Columns that prose and headlines keep to where the stream is no terminal."""

HELD_TOGETHER = "\xa0"
"""A space that no line is broken at; it is shown as any other space."""

_INDENT = 2
_GAP = 2
_NARROWEST = 9
_WRAPPED = 27
_BLOCKS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: cut where it must be, unless it wraps or is to stay whole."""

    title: str
    right: bool = False
    whole: bool = False
    wraps: bool = False
    style: str = ""


def show(lines: Iterable[Text], stream: TextIO) -> None:
    """Write lines to a stream: coloured on a terminal (unless NO_COLOR is set), else plain."""
    if not stream.isatty():
        # Not by rich: it would end the program where the reader of a pipe has seen enough.
        stream.writelines(f"{line.plain.rstrip()}\n" for line in lines)
        return
    console = Console(file=stream, highlight=False, emoji=False)
    for line in lines:
        line.rstrip()
        console.print(line, soft_wrap=True)


def terminal_width(stream: TextIO) -> int | None:
    """Return the columns of the terminal that the stream is, None where it is no terminal."""
    return Console(file=stream).width if stream.isatty() else None


def prose(text: str, width: int | None, style: str = "") -> list[Text]:
    """Return text wrapped at the terminal's width, at 80 columns at most."""
    lines = textwrap.wrap(visible(text), min(width or PIPE, PIPE), break_on_hyphens=False)
    return [Text(line, style) for line in lines]


def heading(text: str) -> Text:
    """Return the heading of a section."""
    return Text(visible(text), "bold")


def more(number: int, command: str) -> list[Text]:
    """Return the line that says how many rows are not shown and what shows them; none for 0."""
    return [Text(visible(f"  …{number:,} more: {command}"), "dim")] if number > 0 else []


def hint(command: str, meaning: str) -> Text:
    """Return a line that offers a command."""
    return Text(visible(f"{meaning}: {command}"), "dim")


def bar(share: float, width: int) -> str:
    """Return a bar of `width` columns for a share between 0 and 1, in eighths of a column."""
    eighths = round(share * width * 8)
    return _BLOCKS[8] * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def number(title: str) -> Column:
    """Return a column of numbers, which are never cut."""
    return Column(title, right=True, whole=True)


def table(
    columns: Sequence[Column], rows: Sequence[Sequence[str | Text]], width: int | None
) -> list[Text]:
    """Return a table, header first, no wider than `width` where cutting cells can help it."""
    header = [Text(visible(column.title), "dim") for column in columns]
    body = [
        [
            cell if isinstance(cell, Text) else Text(visible(cell), column.style)
            for cell, column in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
    natural = [max(cell.cell_len for cell in cells) for cells in zip(header, *body, strict=True)]
    widths = natural if width is None else _fitted(natural, columns, width)
    return [line for cells in [header, *body] for line in _lines(cells, columns, widths)]


def _fitted(natural: Sequence[int], columns: Sequence[Column], width: int) -> list[int]:
    """Return widths that add up to the terminal's, as far as they can.

    First a column that wraps gives way, for that loses nothing; then the widest is cut.
    """
    widths = list(natural)
    excess = sum(widths) + _INDENT + _GAP * (len(widths) - 1) - width
    wrapping = {at: _WRAPPED for at, column in enumerate(columns) if column.wraps}
    cutting = {at: _NARROWEST for at, column in enumerate(columns) if not column.whole}
    for floors in (wrapping, cutting):
        while excess > 0 and (free := [at for at in floors if widths[at] > floors[at]]):
            widths[max(free, key=lambda at: widths[at])] -= 1
            excess -= 1
    return widths


def _lines(cells: Sequence[Text], columns: Sequence[Column], widths: Sequence[int]) -> list[Text]:
    wrapped = [[""]] * len(cells)
    for at, column in enumerate(columns):
        if column.wraps:
            wrapped[at] = _wrap(cells[at].plain, widths[at])
    height = max(1, *map(len, wrapped))
    lines = []
    for number in range(height):
        line = Text(" " * _INDENT)
        for at, column in enumerate(columns):
            if column.wraps:
                part = wrapped[at][number] if number < len(wrapped[at]) else ""
                cell = Text(part, cells[at].style)
            else:
                cell = cells[at].copy() if number == 0 else Text()
            cell.truncate(widths[at], overflow="ellipsis")
            cell.align("right" if column.right else "left", widths[at])
            line.append_text(Text(" " * _GAP if at else "")).append_text(cell)
        lines.append(line)
    return lines


def _wrap(text: str, width: int) -> list[str]:
    # A name is broken at its hyphens only where it does not fit in one line.
    too_long = any(len(word) > width for word in text.split())
    lines = textwrap.wrap(text, width, break_on_hyphens=too_long)
    return [line.replace(HELD_TOGETHER, " ") for line in lines]
