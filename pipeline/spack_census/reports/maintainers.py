"""Who maintains a package that is gone, beside its row, as far as recipes were read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from spack_census.reports.sections import Cell, Column, Kind, Package

Maintainers = Mapping[str, Sequence[str]]
"""Package → who maintains it; empty where no recipes were read."""
NOBODY: Maintainers = MappingProxyType({})


def with_maintainers(
    columns: tuple[Column, ...], rows: list[tuple[Cell, ...]], maintainers: Maintainers
) -> tuple[tuple[Column, ...], list[tuple[Cell, ...]]]:
    """Add who maintains the package, which stands first in a row; where somebody is named."""
    named = [tuple(maintainers.get(row[0].name, ())) for row in rows if isinstance(row[0], Package)]
    if not any(named):
        return columns, rows
    column = Column("maintainers", Kind.LIST, rank=4)
    return (*columns, column), [(*row, who) for row, who in zip(rows, named, strict=True)]
