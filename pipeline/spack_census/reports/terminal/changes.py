"""Single changes for people: one line a spec, with what differs between before and after."""

from __future__ import annotations

from typing import NamedTuple

import duckdb
from rich.text import Text

from spack_census.reports.terminal.layout import Column, prose, table

_HASH = 7


class Change(NamedTuple):
    """A row of `diff.changes`, its columns in order."""

    change: str
    package: str
    platform: str
    os: str
    target: str
    before_version: str | None
    after_version: str | None
    before_compiler: str | None
    after_compiler: str | None
    before_hash: str | None
    after_hash: str | None
    variants_added: list[str]
    variants_removed: list[str]
    stacks: list[str]
    attributes: list[str]


def render_changes(rows: duckdb.DuckDBPyRelation, width: int | None) -> list[Text]:
    """Return one line for each row of `diff.changes`; none is left out."""
    changes = [Change(*row) for row in rows.fetchall()]
    if not changes:
        return prose("Nothing changed in this way.", width)
    columns = [
        Column("change", whole=True),
        Column("package"),
        Column("on", whole=True),
        Column("system"),
        Column("stacks"),
        Column("what", wraps=True),
    ]
    cells = [
        (
            row.change,
            row.package,
            row.target,
            row.os,
            _stacks(row),
            _what(row),
        )
        for row in changes
    ]
    return table(columns, cells, width)


def _stacks(row: Change) -> str:
    stacks = [stack for stack in row.stacks if stack != "root"]
    if len(stacks) > 1:
        return f"{stacks[0]} +{len(stacks) - 1}"
    return stacks[0] if stacks else "-"


def _what(row: Change) -> str:
    """Return what tells the two specs apart: what the label names, down to the hash alone."""
    if row.change in {"upgraded", "downgraded"}:
        return f"{row.before_version} → {row.after_version}"
    if row.change == "recompiled":
        return f"{row.before_compiler or 'none'} → {row.after_compiler or 'none'}"
    if row.change == "reconfigured":
        before, after = " ".join(row.variants_removed), " ".join(row.variants_added)
        return f"{before or '-'} → {after or '-'}"
    if row.before_hash and row.after_hash:
        return f"/{row.before_hash[:_HASH]} → /{row.after_hash[:_HASH]}"
    return f"{row.before_version or row.after_version}"
