"""`census diff` as sections: the headline, the sentence one would say, what is gone, the rest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import NamedTuple

import duckdb

from spack_census.ask.changed import CHANGES
from spack_census.ask.diff import Diff
from spack_census.reports import causes, changes
from spack_census.reports.changes import place
from spack_census.reports.sections import Cell, Column, Kind, Section, Table
from spack_census.reports.sentences import epochs, percent, sentence

_HASH = 7


def diff(found: Diff, command: Sequence[str]) -> list[Section]:
    """Return a diff; `command` is how it was asked for, as words: cut lists name it."""

    def rest(kinds: str) -> str:
        return shlex.join([*command, "--only", kinds])

    # No query knows the scope and the lockfiles of this diff.
    every_row = shlex.join([*command, "--wide"])
    before, after = found.before.snapshot, found.after.snapshot
    still = {(row.package, row.platform, row.target) for row in found.places_gone}
    elsewhere = [
        row for row in found.specs_gone if (row.package, row.platform, row.target) not in still
    ]
    titled = {
        "Gone from a target": changes.gone_from_target(found.places_gone, before, rest),
        "Gone, but not the whole package from the target": changes.gone_specs(
            elsewhere, before, rest
        ),
        "Version changes": changes.versions(found.versions, after, rest),
        "Reconfigured: other variants": changes.variants(found.variants, after, rest),
        "Recompiled: another compiler": changes.compilers(found.compilers, rest),
        "Appeared on a target": changes.appeared_on_target(found.places_appeared, after, rest),
        "Why specs changed": causes.table(found.causes, after, every_row),
        "Specs of each stack": changes.stacks(found.stacks if found.changed else []),
    }
    return [
        Section(lead=epochs(found.before.hash_epoch, found.after.hash_epoch), tone="warning"),
        *_headline(found),
        Section(lead=sentence(found)),
        Section(lead=_counts(found), tone="soft"),
        *(Section(title, tables=[_bare(table)]) for title, table in titled.items() if table.rows),
        Section(notes=[note for note in (changes.renames(found.renamed), _unknown(found)) if note]),
    ]


def _unknown(found: Diff) -> str:
    return causes.UNKNOWN if found.counts["rebuilt"] and not found.knows_dependencies else ""


def _bare(table: Table) -> Table:
    # The title of its section says what its caption would.
    return Table(table.columns, table.rows, command=table.command, limit=table.limit)


def _headline(found: Diff) -> list[Section]:
    total = found.totals
    scope = [found.scope.package, found.scope.target, found.scope.stack]
    parts = [name for name in scope if name is not None]
    parts.append(f"{total.before_specs:,} → {total.after_specs:,} specs")
    if total.before_specs and not found.epochs_differ:
        parts.append(f"{percent(total.kept, total.before_specs)} of hashes kept")
    title = f"{found.before.snapshot} → {found.after.snapshot}"
    return [Section(title, "   ".join(parts))]


def _counts(found: Diff) -> str:
    if not found.changed:
        return ""
    said = [f"{found.counts[label]:,} {label}" for label in CHANGES if found.counts[label]]
    said.append(f"{found.totals.kept:,} kept")
    if found.totals.moved:
        said.append(f"{found.totals.moved:,} of them moved to other stacks")
    return f"Of the specs: {', '.join(said)}."


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
    causes: list[str]


def listed(rows: duckdb.DuckDBPyRelation) -> list[Section]:
    """Return each row of `diff.changes` with what differs between before and after."""
    columns = (
        Column("change", Kind.CHANGE),
        Column("package"),
        Column("on", rank=2),
        Column("system", rank=3),
        Column("stacks", Kind.LIST, rank=4),
        Column("what", Kind.TEXT),
        Column("because of", Kind.LIST, rank=5),
    )
    found: list[tuple[Cell, ...]] = [
        (
            row.change,
            row.package,
            place(row.platform, row.target),
            row.os,
            tuple(stack for stack in row.stacks if stack != "root"),
            _what(row),
            tuple(row.causes),
        )
        for row in map(Change._make, rows.fetchall())
    ]
    if not found:
        return [Section(lead="Nothing changed in this way.")]
    return [Section(tables=[Table(columns, found)])]


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
