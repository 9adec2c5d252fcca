"""Sections → lines of a terminal; the same lines in a pipe, there without colour.

All text goes in as `rich.text.Text` with its control characters made visible, so that nothing a
document holds acts as markup or steers the terminal.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from spack_census.ask.escaping import visible
from spack_census.reports import layout
from spack_census.reports.layout import HELD_TOGETHER, Fitted
from spack_census.reports.sections import Kind, Section, Table

PIPE = 80
"""Columns that prose keeps to at most, and where the stream is no terminal."""

_INDENT = 2
_TONES = {
    "bad": "red",
    "good": "green",
    "soft": "dim",
    "strong": "bold",
    "warning": "bold yellow",
    "accent": "cyan",
}
_CHANGES = {"gone": "bad", "downgraded": "bad", "appeared": "good", "upgraded": "good"}
_BLOCKS = " ▏▎▍▌▋▊▉█"


def show(sections: Iterable[Section], stream: TextIO, *, wide: bool = False) -> None:
    """Write sections to a stream, tables in the width of the terminal that it is.

    Coloured on a terminal unless NO_COLOR is set. In a pipe, and where it is to be `wide`, no
    column of a table is left out, no cell cut; where it is to be `wide`, no row either.
    """
    if not stream.isatty():
        # Not by rich: it would end the program where the reader of a pipe has seen enough.
        stream.writelines(f"{line.plain.rstrip()}\n" for line in render(sections, None, wide=wide))
        return
    console = Console(file=stream, highlight=False, emoji=False)
    for line in render(sections, console.width, wide=wide):
        line.rstrip()
        console.print(line, soft_wrap=True)


def render(sections: Iterable[Section], width: int | None, *, wide: bool = False) -> list[Text]:
    """Return the lines of sections, an empty one between two; a width of None is a pipe."""
    lines: list[Text] = []
    for section in sections:
        tables = (
            [replace(table, limit=None) for table in section.tables] if wide else section.tables
        )
        whole = replace(section, tables=tables)
        found = list(_section(whole, width, None if wide else width))
        lines += [Text(), *found] if lines and found else found
    return lines


def bar(share: float, width: int = 16) -> str:
    """Return a bar of `width` columns for a share between 0 and 1, in eighths of a column."""
    eighths = round(share * width * 8)
    return _BLOCKS[8] * (eighths // 8) + _BLOCKS[eighths % 8].strip()


def _section(section: Section, width: int | None, table_width: int | None) -> Iterator[Text]:
    head = [Text(visible(section.title), "bold")] if section.title else []
    head += _prose(section.lead, width, _TONES.get(section.tone, ""))
    indent = _INDENT if head else 0
    parts = [head]
    for table in section.tables:
        caption = [Text(visible(table.caption), "bold")] if table.caption else []
        parts.append([*caption, *table_lines(table, table_width, indent)])
    tail = [line for note in section.notes for line in _prose(note, width, "dim")]
    parts.append(tail + [line for hint in section.hints for line in _hint(*hint, width)])
    parts = [part for part in parts if part]
    if section.title and len(parts) > 1:
        parts[:2] = [[*parts[0], *parts[1]]]
    for at, part in enumerate(parts):
        yield from [Text(), *part] if at else part


def table_lines(table: Table, width: int | None, indent: int = 0) -> Iterator[Text]:
    """Yield a table's lines, header first, no wider than `width`, and what it does not show."""
    rows = table.rows if table.limit is None else table.rows[: table.limit]
    seen = Table(table.columns, rows)
    columns, dropped = layout.fit(seen, width, indent)
    if any(column.title for column in table.columns):
        headings = [(layout.heading_lines(each), "dim") for each in columns]
        yield from _block(headings, columns, indent, bottom=True)
    for number in range(len(rows)):
        cells = [
            (layout.lines_of(each.texts[number], each, each.cells[number]), _tone(each, number))
            for each in columns
        ]
        yield from _block(cells, columns, indent)
    margin = " " * indent
    rest = len(table.rows) - len(rows)
    if rest > 0:
        yield Text(visible(f"{margin}…{rest:,} more: {table.command}"), "dim")
    named = [each for each in dropped if each.title]
    if named:
        yield from _prose(_not_shown(named), width, "dim", indent)


def _not_shown(dropped: Sequence[Fitted]) -> str:
    """Return what columns there is no room for; one that says the same in each row is told."""
    same = [f"{each.title} {each.texts[0]}" for each in dropped if each.says_nothing]
    empty = [each.title for each in dropped if each.is_empty]
    others = [each.title for each in dropped if not each.says_nothing and not each.is_empty]
    parts = [f"in every row: {', '.join(same)}"] if same else []
    parts += [f"in no row: {', '.join(empty)}"] if empty else []
    parts += [f"no room for {', '.join(others)}: --wide"] if others else []
    return f"({'; '.join(parts)})"


def _block(
    cells: Sequence[tuple[list[str], str]],
    columns: Sequence[Fitted],
    indent: int,
    *,
    bottom: bool = False,
) -> Iterator[Text]:
    """Yield the lines of one row, whose cells have one line or several."""
    height = max((len(lines) for lines, _ in cells), default=0)
    for at in range(height):
        line = Text(" " * indent)
        for number, ((lines, style), each) in enumerate(zip(cells, columns, strict=True)):
            index = at - (height - len(lines)) if bottom else at
            part = lines[index] if 0 <= index < len(lines) else ""
            padding = " " * max(each.width - cell_len(part), 0)
            line.append(" " * layout.GAP if number else "")
            line.append(padding if each.column.is_number else "")
            line.append(part, style)
            line.append("" if each.column.is_number else padding)
        yield line


def _tone(each: Fitted, row: int) -> str:
    cell = each.cells[row]
    if each.column.kind is Kind.CHANGE:
        return _TONES.get(_CHANGES.get(str(cell), ""), "")
    if each.column.is_number and each.column.tone and not cell:
        return "dim"
    return _TONES.get(each.column.tone, "")


def _prose(text: str, width: int | None, style: str = "", indent: int = 0) -> Iterator[Text]:
    """Yield text in lines of the terminal's width, of 80 columns at most."""
    margin = " " * indent
    fitting = min(width or PIPE, PIPE)
    lines = textwrap.wrap(
        visible(text),
        fitting,
        initial_indent=margin,
        subsequent_indent=margin,
        break_on_hyphens=False,
        break_long_words=False,
    )
    for line in lines:
        yield Text(line.replace(HELD_TOGETHER, " "), style)


def _hint(meaning: str, command: str, width: int | None) -> Iterator[Text]:
    line = visible(f"{meaning}: {command}")
    if cell_len(line) <= (width or PIPE):
        yield Text(line, "dim")
        return
    # A command is never broken: whoever copies it would get half of it.
    yield from _prose(f"{meaning}:", width, "dim")
    yield Text(visible(f"  {command}"), "dim")
