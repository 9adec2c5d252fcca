"""Tables in the width of a terminal: which columns there is room for, and how wide each is.

Nothing is broken inside a word. Headings and texts go over several lines; hashes are cut to seven
characters, variants to those that differ, lists to their first items; then columns give way, those
that say the same in every row first, then by rank; only then the widest names are cut, with an
ellipsis. Without a width (a pipe, `--wide`) everything is shown whole.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from spack_census.ask.escaping import visible
from spack_census.reports.sections import Cell, Column, Kind, Table, joined, shown
from spack_census.reports.wrapping import cut, wrapped

HELD_TOGETHER = "\xa0"
"""A space that no line is broken at; it is shown as any other space."""

GAP = 2
_HASH = 7
_LIST = 24
_TEXT = 24
_NAME = 36
_CUT = 9
_HEADING = 12


@dataclass(slots=True)
class Fitted:
    """A column with its cells as texts, and the width that it gets."""

    at: int
    column: Column
    cells: list[Cell]
    texts: list[str]
    title: str
    width: int = 0

    @property
    def full(self) -> int:
        """The width of its widest cell."""
        return max(map(cell_len, self.texts), default=0)

    @property
    def says_nothing(self) -> bool:
        """Whether it has one and the same text in each of several rows."""
        return len(self.texts) > 1 and len(set(self.texts)) == 1 and not self.is_empty

    @property
    def is_empty(self) -> bool:
        """Whether no row has anything in it."""
        return set(self.texts) <= {"", "-"}


def fit(table: Table, width: int | None, indent: int) -> tuple[list[Fitted], list[Fitted]]:
    """Return the columns that are shown, with their widths, and those that are not."""
    columns = [_column(table, at) for at in range(len(table.columns))]
    if width is None:
        for each in columns:
            each.width = max(each.full, cell_len(each.title))
        return columns, []
    if sum(each.full for each in columns) + GAP * (len(columns) - 1) > width - indent:
        columns = [_shortened(each, columns[0].texts) for each in columns]
    leasts = {each.at: _least(each) for each in columns}

    def room(shown_columns: Sequence[Fitted]) -> int:
        taken = sum(leasts[each.at] for each in shown_columns)
        return width - indent - taken - GAP * (len(shown_columns) - 1)

    left, dropped = list(columns), []
    order = sorted(
        (each for each in columns if each.column.rank > 0),
        key=lambda each: (each.is_empty or each.says_nothing, each.column.rank, each.at),
    )
    while order and room(left) < 0:
        dropped.append(order.pop())
        left.remove(dropped[-1])
    for each in left:
        each.width = leasts[each.at]
    _share(left, room(left))
    return left, sorted(dropped, key=lambda each: each.at)


def lines_of(text: str, each: Fitted, cell: Cell) -> list[str]:
    """Return a cell's lines in the width of its column."""
    if cell_len(text) <= each.width:
        return [text.replace(HELD_TOGETHER, " ")]
    match each.column.kind:
        case Kind.TEXT:
            return [part.replace(HELD_TOGETHER, " ") for part in wrapped(text, each.width)]
        case Kind.HASH:
            return [text[:_HASH]]
        case Kind.LIST | Kind.VARIANTS | Kind.HASHES if isinstance(cell, tuple):
            return [_listed([visible(item) for item in cell], each.column.kind, each.width)]
        case _:
            return [cut(text, each.width)]


def heading_lines(each: Fitted) -> list[str]:
    """Return the lines of a column's heading; one of several words may take several."""
    if cell_len(each.title) <= each.width:
        return [each.title]
    lines = [""]
    for piece in _pieces(each.title):
        between = "" if not lines[-1] or lines[-1].endswith("_") else " "
        if lines[-1] and cell_len(lines[-1] + between + piece) > each.width:
            lines.append("")
            between = ""
        lines[-1] += between + piece
    return [cut(line, each.width) for line in lines]


def _column(table: Table, at: int) -> Fitted:
    column = table.columns[at]
    cells = [row[at] for row in table.rows]
    texts = [visible(shown(cell, column.kind)) for cell in cells]
    return Fitted(at, column, cells, texts, visible(column.title))


def _shortened(each: Fitted, groups: Sequence[str]) -> Fitted:
    """Return a column with what tells its rows apart: variants that differ, starts of hashes."""
    match each.column.kind:
        case Kind.VARIANTS:
            cells = _differing(each.cells, groups)
            title = each.title if cells == each.cells else f"{each.title} that differ"
        case Kind.HASHES:
            title = each.title
            cells = [
                tuple(item[:_HASH] for item in cell) if isinstance(cell, tuple) else cell
                for cell in each.cells
            ]
        case _:
            return each
    texts = [visible(shown(cell, each.column.kind)) for cell in cells]
    return Fitted(each.at, each.column, cells, texts, title)


def _differing(cells: Sequence[Cell], groups: Sequence[str]) -> list[Cell]:
    """Return lists of variants without those that all rows of a group share."""
    members: dict[str, list[set[str]]] = defaultdict(list)
    for group, cell in zip(groups, cells, strict=True):
        members[group].append(set(cell) if isinstance(cell, tuple) else set())
    shared = {
        group: set[str].intersection(*found) if len(found) > 1 else set()
        for group, found in members.items()
    }
    return [
        tuple(item for item in cell if item not in shared[group])
        if isinstance(cell, tuple)
        else cell
        for group, cell in zip(groups, cells, strict=True)
    ]


def _least(each: Fitted) -> int:
    """Return the width below which a column would rather not be there."""
    words = max(map(cell_len, _pieces(each.title)), default=0)
    match each.column.kind:
        case Kind.HASH:
            content = min(each.full, _HASH)
        case Kind.LIST | Kind.VARIANTS | Kind.HASHES:
            content = max(map(_shortest, each.cells), default=0)
        case Kind.TEXT:
            longest = max(map(cell_len, " ".join(each.texts).split(" ")))
            content = min(each.full, max(_TEXT, min(longest, _NAME)))
        case _ if each.column.is_number:
            content = each.full
        case _:
            content = min(each.full, _NAME)
    return max(content, words)


def _shortest(cell: Cell) -> int:
    """Return the width of a list's first item and the number of the others."""
    if not isinstance(cell, tuple) or not cell:
        return 1
    more = f" +{len(cell) - 1}" if len(cell) > 1 else ""
    return min(cell_len(visible(cell[0])) + len(more), _LIST)


def _listed(items: list[str], kind: Kind, width: int) -> str:
    """Return as many items as there is room for, and how many there are besides."""
    for count in range(len(items), 0, -1):
        rest = len(items) - count
        text = joined(items[:count], kind) + (f" +{rest}" if rest else "")
        if cell_len(text) <= width:
            return text
    more = f" +{len(items) - 1}" if len(items) > 1 else ""
    return cut(items[0], width - len(more)) + more


def _share(columns: Sequence[Fitted], room: int) -> None:
    """Give the room that is left to columns that need it, or take what there is not."""
    while room < 0:
        widest = max(columns, key=lambda each: 0 if each.column.is_number else each.width)
        if widest.width <= _CUT or widest.column.is_number:
            return
        widest.width -= 1
        room += 1
    names = [each for each in columns if each.column.kind in {Kind.NAME, Kind.CHANGE}]
    others = [each for each in columns if each.column.kind is not Kind.HASH]
    room = _fill(names, room)
    room = _fill([each for each in columns if len(each.title) <= _HEADING], room, headings=True)
    room = _fill(others, room)
    for each in columns:
        # Seven characters or all: anything between is neither short nor of use.
        if each.column.kind is Kind.HASH and each.full - each.width <= room:
            room -= max(each.full - each.width, 0)
            each.width = max(each.full, each.width)
    _fill(columns, room, headings=True)


def _fill(columns: Sequence[Fitted], room: int, *, headings: bool = False) -> int:
    """Widen the narrowest columns first, up to their content; return the room that is left."""
    wanted = {
        each.at: max(each.width, cell_len(each.title)) if headings else each.full
        for each in columns
    }
    while room > 0:
        hungry = [each for each in columns if each.width < wanted[each.at]]
        if not hungry:
            break
        min(hungry, key=lambda each: each.width).width += 1
        room -= 1
    return room


def _pieces(title: str) -> list[str]:
    # The name of a column may be broken where its words meet: num_ specs.
    return re.findall(r"[^ _]+_*|_+", title)
