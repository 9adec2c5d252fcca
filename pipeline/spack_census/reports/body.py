"""The rows of a table in HTML: pages hold thousands, which a template is slow at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from spack_census.ask.escaping import visible
from spack_census.reports.explorer import package_address
from spack_census.reports.sections import Cell, Column, Package, Table, shown

if TYPE_CHECKING:
    from markupsafe import Markup

_LONG = 40
"""What is longer than so many characters may take several lines."""


def table_rows(table: Table, limit: int, site: str | None) -> Markup:
    """Return the first rows of a table; packages lead into the explorer where there is one."""
    from markupsafe import Markup

    labels = [f'<td data-label="{_escaped(column.title)}"' for column in table.columns]
    return Markup("".join(_rows(table, labels, limit, site)))  # noqa: S704 - each cell is escaped


def _rows(table: Table, labels: list[str], limit: int, site: str | None) -> Iterator[str]:
    for row in table.rows[:limit]:
        yield "<tr>"
        for at, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            text = shown(cell, column.kind)
            tag, end = (labels[at], "</td>") if at else ('<th scope="row"', "</th>")
            yield f"{tag}{_class(column, cell, text)}>{_content(cell, text, site)}{end}"
        yield "</tr>\n"


def _class(column: Column, cell: Cell, text: str) -> str:
    first = "n" if column.is_number else "long" if len(text) > _LONG else ""
    second = column.tone if column.tone and cell else ""
    both = f"{first} {second}".strip()
    return f' class="{both}"' if both else ""


def _content(cell: Cell, text: str, site: str | None) -> str:
    if site is None or not isinstance(cell, Package):
        return _escaped(text)
    address = package_address(f"../{site}", cell.name, cell.snapshot)
    return f'<a href="{_escaped(address)}">{_escaped(cell.name)}</a>'


def _escaped(text: str) -> str:
    from markupsafe import escape

    return escape(visible(text))
