"""Bytes in a report: what a snapshot, its targets and stacks take, as far as sizes are known."""

from __future__ import annotations

from collections.abc import Sequence

from spack_census.ask.shares import share_pct
from spack_census.reports.report import Size
from spack_census.reports.sections import Cell, Column, Kind, Table

_ROWS = 30
_UNITS = (("TB", 10**12), ("GB", 10**9), ("MB", 10**6), ("kB", 10**3))


def said(sizes: Sequence[Size]) -> str:
    """Return a sentence on the whole snapshot; empty where no size is known."""
    whole = next((each for each in sizes if each.part == "all"), None)
    if whole is None or whole.size_bytes is None:
        return ""
    known = whole.num_specs - whole.num_unknown
    new = written(whole.new_bytes or 0)
    least = "at least " if whole.num_unknown else ""
    return (
        f" Its binaries take {least}{written(whole.size_bytes)}, {new} of it new to the series; "
        f"the sizes of {known:,} of {whole.num_specs:,} specs are known."
    )


def table(sizes: Sequence[Size]) -> Table:
    """Return the bytes of each target and stack, those of most bytes first within their kind."""
    columns = (
        Column("of"),
        Column("name"),
        Column("specs", Kind.COUNT, rank=2),
        Column("sizes known", Kind.PERCENT, rank=1),
        Column("bytes"),
        Column("new", rank=3),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            each.part,
            each.name,
            each.num_specs,
            share_pct(each.num_specs - each.num_unknown, each.num_specs),
            written(each.size_bytes),
            written(each.new_bytes),
        )
        for each in sizes
        if each.part != "all"
    ]
    return Table(
        columns, rows, "Bytes by target and stack; stacks overlap", "sizes.csv", limit=_ROWS
    )


def written(size_bytes: int | None) -> str:
    """Return a size with its unit, three digits or more; unknown where there is none."""
    if size_bytes is None:
        return "unknown"
    for unit, factor in _UNITS:
        if size_bytes >= factor:
            return f"{size_bytes / factor:,.1f} {unit}"
    return f"{size_bytes:,} bytes"
