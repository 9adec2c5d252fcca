"""An environment's fit, the rank of snapshots, and a ladder, as lines of a terminal."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from rich.text import Text

from spack_census.environments.ladder import Ladder
from spack_census.environments.model import EnvironmentFit, SnapshotFit, SpecFit
from spack_census.reports import environment
from spack_census.reports.sentences import many, percent
from spack_census.reports.terminal.layout import (
    Column,
    heading,
    hint,
    more,
    number,
    prose,
    table,
)

_ROWS = 20
_HASH = 7


def render_environment(
    found: EnvironmentFit, width: int | None, command: Sequence[str]
) -> list[Text]:
    """Return the lines of an environment's fit; `command` is how it was asked for, as words."""
    lines = [*prose(environment.headline(found), width, "bold"), Text()]
    missing = environment.to_compile(found)
    if missing:
        lines += [heading("Would compile" if found.locked else "Not there as a binary")]
        columns = [Column("spec"), Column("nearest cached")]
        columns += [Column("what differs", wraps=True), Column("needed by", wraps=True)]
        cells = [_row(each, locked=found.locked) for each in missing[:_ROWS]]
        rest = shlex.join([*command, "--format", "csv"])
        shown = columns if found.locked else columns[:-1]
        lines += table(shown, [row[: len(shown)] for row in cells], width)
        lines += [*more(len(missing) - _ROWS, rest), Text()]
    for note in environment.notes(found):
        lines += prose(note, width, "dim")
    fitting = shlex.join([*command, "--all-snapshots"])
    return [*lines, hint(fitting, "Which snapshot fits best")]


def _row(each: SpecFit, *, locked: bool) -> tuple[str, str, str, str]:
    spec = f"{each.package}@{each.version}" if locked else " ".join(each.needed_by)
    near = "-"
    if each.nearest is not None:
        build = each.nearest.build
        near = f"{build.package}@{build.version} /{build.hash[:_HASH]}"
    roots = each.needed_by
    needed = roots[0] if len(roots) == 1 else many(len(roots), "root")
    return spec, near, environment.told(each), needed


def render_ranks(ranks: list[SnapshotFit], width: int | None) -> list[Text]:
    """Return the lines of the snapshots by how much of an environment each holds."""
    columns = [Column("snapshot"), number("cached"), number("of"), number("share")]
    cells = [
        (
            each.snapshot,
            f"{each.num_hits:,}",
            f"{each.num_specs:,}",
            percent(each.num_hits, each.num_specs),
        )
        for each in ranks
    ]
    said = prose(environment.best(ranks), width, "bold")
    return [*said, Text(), *table(columns, cells, width)]


def render_ladder(found: Ladder, width: int | None) -> list[Text]:
    """Return the lines of a ladder: the conclusion, then the conditions from the package down."""
    columns = [Column("condition", wraps=True), number("specs"), Column("there instead")]
    cells = [
        (
            _condition(found, rung.condition, rung.attribute),
            f"{rung.num_specs:,}",
            ", ".join(rung.there),
        )
        for rung in found.rungs
    ]
    said = prose(environment.conclusion(found), width, "bold")
    return [*said, Text(), *table(columns, cells, width)]


def _condition(found: Ladder, text: str, attribute: str) -> str:
    if attribute == "package":
        return f"{text} in {found.snapshot}"
    if attribute == "os" and found.glibc is not None:
        return f"{text} (glibc {found.glibc})"
    return text
