"""`census diff`: what changed between any two things."""

from __future__ import annotations

import sys
from dataclasses import astuple
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.asking import OnTarget
from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import (
    DEFAULT_DATASET,
    Dataset,
    ExitCode,
    Format,
    RowFormat,
    Wide,
    other_dataset,
    words,
)
from spack_census.cli.printing import answer
from spack_census.errors import ParameterError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from spack_census.ask.scope import Scope
    from spack_census.environments.sides import Side, Sides

InStack = Annotated[
    str | None, Option("--stack", metavar="NAME", help="Specs of this CI stack only.")
]
OfPackage = Annotated[
    str | None, Option("--package", metavar="NAME", help="Specs of this package only.")
]
Only = Annotated[
    str | None,
    Option("--only", metavar="KIND,…", help="List all changes of these kinds."),
]
Because = Annotated[
    str | None,
    Option("--cause", metavar="NAME", help="List all changes that owe to this package."),
]
WithExitCode = Annotated[
    bool, Option("--exit-code", help="Exit with 1 if anything changed, 0 if not.")
]
_THINGS = "Snapshot, spack.lock, SPEC, or PLACE:SPEC"
Before = Annotated[
    str | None, Argument(metavar="BEFORE", help=f"{_THINGS}; else the previous snapshot.")
]
After = Annotated[str | None, Argument(metavar="AFTER", help="The same; else the latest snapshot.")]


def diff(
    before: Before = None,
    after: After = None,
    package: OfPackage = None,
    target: OnTarget = None,
    stack: InStack = None,
    only: Only = None,
    cause: Because = None,
    exit_code: WithExitCode = False,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show what changed between two snapshots, lockfiles or specs: what is gone comes first.

    Rows of --format, --only and --cause: one a changed spec, as in
    diff.changes; of two specs one an attribute. Kinds: gone, appeared,
    downgraded, upgraded, recompiled, reconfigured, rebuilt.

    Example: census diff --only upgraded,gone

    Example: census diff old/spack.lock spack.lock

    Example: census diff previous:hdf5+mpi latest:hdf5+mpi
    """
    from spack_census.ask.scope import Scope
    from spack_census.environments.sides import Sides

    scope = Scope(package, target, stack)
    options = {"--package": package, "--target": target, "--stack": stack}
    command = ["census", "diff", *(name for name in (before, after) if name), *words(options)]
    command += words({"--dataset": other_dataset(dataset)})
    chosen = Sides(dataset)
    sides = chosen.pair(before or "previous", after or "latest")
    labels = [] if only is None else [label.strip() for label in only.split(",")]
    if sides[0].hash is not None:
        if cause is not None or any(astuple(scope)):
            message = "--package, --target, --stack and --cause say nothing of two specs"
            raise ParameterError(message, "leave them out")
        changed = _two_specs(chosen, sides, labels, format, wide=wide)
    else:
        changed = _two_places(chosen, sides, scope, labels, cause, command, format, wide=wide)
    return ExitCode.DIFFERENT if exit_code and changed else ExitCode.OK


def _two_specs(
    chosen: Sides, sides: tuple[Side, Side], only: list[str], form: Format, *, wide: bool
) -> bool:
    from spack_census.ask.changed import CHANGES
    from spack_census.ask.scope import demand_labels, labelled
    from spack_census.environments.comparing import specs
    from spack_census.reports import pair as shown
    from spack_census.reports.rows import table
    from spack_census.reports.sections import Section

    demand_labels(only, CHANGES)
    con, found = specs(chosen, *sides)
    rows = shown.pair_rows(con, found)
    if only:
        rows = labelled(rows, only)
        answer(lambda: [Section(tables=[table(rows)])], lambda: rows, form, wide=wide)
        return len(rows) > 0
    names = (sides[0].place.name, sides[1].place.name)
    answer(lambda: shown.pair(found, names), lambda: rows, form, wide=wide)
    return found.changed


def _two_places(
    chosen: Sides,
    sides: tuple[Side, Side],
    scope: Scope,
    only: list[str],
    cause: str | None,
    command: list[str],
    form: Format,
    *,
    wide: bool,
) -> bool:
    from spack_census.ask import diff as asked
    from spack_census.environments.comparing import places, told
    from spack_census.reports import diff as shown
    from spack_census.reports import text
    from spack_census.reports.sections import Section

    con = places(chosen, *sides, scope)
    pair = (sides[0].place.name, sides[1].place.name)
    if not only and cause is None and form is Format.TABLE:
        found = asked.diff(con, *pair, scope)
        notes = [note for note in (told(*sides),) if note]
        text.show([*shown.diff(found, command), Section(notes=notes)], sys.stdout, wide=wide)
        changed = found.changed
    else:
        rows = asked.change_rows(con, *pair, scope, only, cause)
        answer(lambda: shown.listed(rows), lambda: rows, form, wide=wide)
        # A spec that only moved to other stacks has no row, yet that is a change too.
        all_asked = not only and cause is None
        changed = len(rows) > 0 or (all_asked and asked.diff(con, *pair, scope).changed)
    _note_rules(con, pair)
    return changed


def _note_rules(con: DuckDBPyConnection, pair: tuple[str, str]) -> None:
    from spack_census.ask import rules, snapshots
    from spack_census.ask.tallies import LOCKFILE

    listed = [each for each in snapshots.listing(con) if each.snapshot in pair]
    note = rules.told(each for each in listed if each.source != LOCKFILE)
    if note:
        print(f"note: {note}", file=sys.stderr)
