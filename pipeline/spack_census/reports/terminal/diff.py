"""A diff for people: the headline, the sentence one would say, regressions, then the rest."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import groupby

from rich.text import Text

from spack_census.ask.diff import CHANGES, Diff, Place
from spack_census.reports.sentences import percent, sentence
from spack_census.reports.terminal.layout import (
    PIPE,
    Column,
    heading,
    more,
    number,
    prose,
    table,
)

_ROWS = 20
_FEW = 5
_LISTED = 2
_STYLES = {"gone": "red", "downgraded": "red", "upgraded": "green", "appeared": "green"}


def render_diff(diff: Diff, width: int | None, command: Sequence[str]) -> list[Text]:
    """Return a diff's lines for a terminal of this width, None for a pipe.

    `command` is how it was asked for, as words: lists that are cut name it to show their rest.
    """
    sections = [
        _epochs(diff, width),
        _headline(diff, width),
        prose(sentence(diff), width),
        prose(_counts(diff), width, "dim"),
        _places("Gone from a target", diff.lost, "was", width, [*command, "--only", "gone"]),
        _versions(diff, width, command),
        _variants(diff, width, command),
        _compilers(diff, width, command),
        _places("New on a target", diff.gained, "newest", width, [*command, "--only", "appeared"]),
        _stacks(diff, width),
    ]
    return [line for section in sections if section for line in [*section, Text()]][:-1]


def _epochs(diff: Diff, width: int | None) -> list[Text]:
    if not diff.epochs_differ:
        return []
    warning = (
        "Hashes are made differently in these two snapshots: "
        f"Spack's database version {diff.before.hash_epoch} → {diff.after.hash_epoch}. "
        "So every hash differs, and a rebuilt spec says nothing about its content."
    )
    return prose(warning, width, "bold yellow")


def _headline(diff: Diff, width: int | None) -> list[Text]:
    total = diff.totals
    scope = [diff.scope.package, diff.scope.target, diff.scope.stack]
    parts = [
        f"{diff.before.snapshot} → {diff.after.snapshot}",
        *[name for name in scope if name is not None],
        f"{total.before_specs:,} → {total.after_specs:,} specs",
    ]
    if total.before_specs and not diff.epochs_differ:
        parts.append(f"{percent(total.kept, total.before_specs)} of hashes kept")
    line = "   ".join(parts)
    if len(line) <= (width or PIPE):
        return [heading(line)]
    return [heading(parts[0]), *prose("   ".join(parts[1:]), width)]


def _counts(diff: Diff) -> str:
    if not diff.changed:
        return ""
    said = [f"{diff.counts[label]:,} {label}" for label in CHANGES if diff.counts[label]]
    said.append(f"{diff.totals.kept:,} kept")
    if diff.totals.moved:
        said.append(f"{diff.totals.moved:,} of them in other stacks")
    return f"Specs: {' · '.join(said)}"


def _places(
    title: str, rows: list[Place], version: str, width: int | None, command: Sequence[str]
) -> list[Text]:
    if not rows:
        return []
    style = "red" if version == "was" else "green"
    columns = [
        Column("package", style=style),
        Column("on", whole=True),
        Column(version),
        number("specs"),
        Column("stacks", wraps=True),
    ]
    limit = _ROWS if version == "was" else _FEW
    grouped = [(name, list(places)) for name, places in groupby(rows, lambda row: row.package)]
    cells = [
        (
            package,
            _where([f"{row.platform}/{row.target}" for row in places]),
            " ".join(sorted({row.newest_version for row in places})),
            f"{sum(row.num_specs for row in places):,}",
            " ".join(sorted({stack for row in places for stack in row.stacks})) or "-",
        )
        for package, places in grouped[:limit]
    ]
    shown = table(columns, cells, width)
    return [heading(title), *shown, *more(len(grouped) - limit, shlex.join(command))]


def _versions(diff: Diff, width: int | None, command: Sequence[str]) -> list[Text]:
    if not diff.versions:
        return []
    columns = [
        Column("package"),
        Column("before"),
        Column(""),
        Column("after"),
        Column("on", whole=True),
    ]
    cells = [
        (
            row.package,
            row.before_version,
            Text("↑" if row.change == "upgraded" else "↓", _STYLES[row.change]),
            row.after_version,
            _where(row.places),
        )
        for row in diff.versions[:_ROWS]
    ]
    rest = shlex.join([*command, "--only", "upgraded,downgraded"])
    return [
        heading("Version changes"),
        *table(columns, cells, width),
        *more(len(diff.versions) - _ROWS, rest),
    ]


def _variants(diff: Diff, width: int | None, command: Sequence[str]) -> list[Text]:
    if not diff.variants:
        return []
    columns = [
        Column("package"),
        Column("on", whole=True),
        Column("before"),
        Column("after", wraps=True),
    ]
    cells = [
        (
            row.package,
            _where(row.places),
            " ".join(row.variants_removed) or "-",
            " ".join(row.variants_added) or "-",
        )
        for row in diff.variants[:_FEW]
    ]
    rest = shlex.join([*command, "--only", "reconfigured"])
    return [
        heading("Other variants"),
        *table(columns, cells, width),
        *more(len(diff.variants) - _FEW, rest),
    ]


def _compilers(diff: Diff, width: int | None, command: Sequence[str]) -> list[Text]:
    if not diff.compilers:
        return []
    columns = [
        Column("before"),
        Column("after"),
        number("packages"),
        number("specs"),
    ]
    cells = [
        (
            row.before_compiler or "none",
            row.after_compiler or "none",
            f"{row.num_packages:,}",
            f"{row.num_specs:,}",
        )
        for row in diff.compilers[:_ROWS]
    ]
    rest = shlex.join([*command, "--only", "recompiled"])
    return [
        heading("Other compilers"),
        *table(columns, cells, width),
        *more(len(diff.compilers) - _ROWS, rest),
    ]


def _stacks(diff: Diff, width: int | None) -> list[Text]:
    if not diff.changed or not diff.by_stack:
        return []
    counted = ("rebuilt", "upgraded", "appeared", "gone")
    columns = [Column("stack"), number("specs")]
    columns += [number(label) for label in counted]
    cells: list[list[str | Text]] = []
    for row in diff.by_stack:
        counts = {label: getattr(row, label) for label in counted}
        marked = [
            Text(f"{count:,}", _STYLES.get(label, "") if count else "dim")
            for label, count in counts.items()
        ]
        cells.append([row.stack, f"{row.after_specs:,}", *marked])
    return [heading("By stack"), *table(columns, cells, width)]


def _where(places: list[str]) -> str:
    targets = [place.partition("/")[2] for place in places]
    # One target may be there on two platforms: then both are named.
    names = targets if len(set(targets)) == len(targets) else places
    return " ".join(sorted(names)) if len(names) <= _LISTED else f"{len(names)} targets"
