"""Coverage for people: the share first, then where it comes from, then what is missing."""

from __future__ import annotations

import difflib
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from rich.text import Text

from spack_census.ask.coverage import Coverage, Package
from spack_census.ask.hosts import ANY_OS
from spack_census.ask.overview import Overview
from spack_census.errors import many
from spack_census.reports.sentences import percent
from spack_census.reports.terminal.layout import (
    PIPE,
    Column,
    bar,
    heading,
    hint,
    more,
    number,
    prose,
    table,
)

_ROWS = 10
_FEW = 6
_LISTED = 3
_BAR = 16


def render_overview(found: Overview, width: int | None, command: Sequence[str]) -> list[Text]:
    """Return the lines of a snapshot's coverage, place by place, for a terminal of this width.

    `command` is how it was asked for, as words: the lines offer what can be asked next with it.
    """
    columns = [
        *map(Column, ("platform", "target", "system")),
        *map(number, ("packages", "specs", "share")),
        Column("", style="cyan", whole=True),
    ]
    bar_width = _BAR if (width or PIPE) >= PIPE else 0
    cells = [
        (
            row.platform,
            row.target,
            row.os,
            f"{row.num_packages:,}",
            f"{row.num_specs:,}",
            percent(row.num_packages, found.num_packages),
            bar(row.num_packages / found.num_packages, bar_width),
        )
        for row in found.places
    ]
    said = f"{found.snapshot}: {many(found.num_packages, 'package')}, {found.num_specs:,} specs"
    if found.targets:
        most = found.targets[0]
        said += (
            f"; {most.platform}/{most.target} has most packages, {most.num_packages:,} "
            f"({percent(most.num_packages, found.num_packages)})"
        )
    return [
        *prose(said, width, "bold"),
        Text(),
        *table(columns, cells, width),
        Text(),
        hint(shlex.join([*command, "--host", "CPU"]), "What a machine can use"),
    ]


def render_coverage(
    found: Coverage, width: int | None, command: Sequence[str], known: Iterable[str]
) -> list[Text]:
    """Return the lines of a coverage by packages; `known` are names to suggest for unknown ones."""
    sections = [
        prose(_sentence(found), width, "bold"),
        _best_targets(found, width),
        _reasons(found, width),
        _missing(found, width, command),
        _unknown(found, width, command, sorted(known)),
        _others(found, command),
    ]
    return [line for section in sections if section for line in [*section, Text()]][:-1]


def _sentence(found: Coverage) -> str:
    question, total = found.question, len(found.packages)
    share = percent(len(found.covered), total)
    place = ""
    if question.host is not None:
        system = "" if question.os == ANY_OS else f", {question.os}"
        place = f" on {question.host} ({question.platform}{system})"
    elif question.target is not None:
        platform = f"{question.platform}/" if question.platform else ""
        place = f" on {platform}{question.target}"
    elif question.platform is not None:
        place = f" on {question.platform}"
    if question.packages is not None:
        numbers = f"{share} of your list ({len(found.covered):,} of {total:,})"
        return f"{found.snapshot}{place}: {numbers}"
    does = "install from binaries" if question.host is not None else "are there"
    return f"{found.snapshot}{place}: {len(found.covered):,} of {total:,} packages {does} ({share})"


def _best_targets(found: Coverage, width: int | None) -> list[Text]:
    if not found.host_targets:
        return []
    counted = Counter(row.best_target for row in found.covered)
    own = found.host_targets[0]
    shown = [target for target in found.host_targets if counted[target] or target == own]
    cells = [
        (
            target,
            f"{counted[target]:,}",
            "its own" if target == own else f"{own} runs it (archspec)",
        )
        for target in shown
    ]
    unknown = found.question.os == ANY_OS
    systems = (
        f"Binaries of all systems are counted: {', '.join(found.systems)}. "
        "One for a newer system than the host's may not run there: --os SYSTEM."
    )
    return [
        *table([Column("best target"), number("packages"), Column("")], cells, width),
        *(prose(systems, width, "dim") if len(found.systems) > 1 and unknown else []),
    ]


def _reasons(found: Coverage, width: int | None) -> list[Text]:
    """Return where the missing packages are instead, the places that have most of them first."""
    places = Counter(tuple(row.found_on) for row in found.missing if row.found_on)
    if found.question.host is None or not places:
        return []
    number_of = sum(places.values())
    cells = [
        (f"{count:,}", ("only " if len(place) == 1 else "") + " ".join(place))
        for place, count in places.most_common(_FEW)
    ]
    rest = sum(count for _, count in places.most_common()[_FEW:])
    cells += [(f"{rest:,}", "elsewhere")] if rest else []
    columns = [number("packages"), Column("are on", wraps=True)]
    return [heading(f"Not for this host: {number_of:,}"), *table(columns, cells, width)]


def _missing(found: Coverage, width: int | None, command: Sequence[str]) -> list[Text]:
    rows = [row for row in found.missing if row.known]
    if not rows:
        return []
    if found.question.packages is None and found.question.host is not None:
        title = "Missing, those in most stacks first"
    else:
        title = f"Missing: {many(len(rows), 'package')}, those in most stacks first"
    cells = [(row.package, f"{row.num_stacks:,}", _elsewhere(row)) for row in rows[:_ROWS]]
    columns = [Column("package"), number("stacks"), Column("is on", wraps=True)]
    shown = table(columns, cells, width)
    rest = shlex.join([*command, "--format", "csv"])
    return [heading(title), *shown, *more(len(rows) - _ROWS, rest)]


def _elsewhere(row: Package) -> str:
    if len(row.found_on) > _LISTED:
        return f"{len(row.found_on)} targets"
    return " ".join(row.found_on) or "other snapshots only"


def _unknown(
    found: Coverage, width: int | None, command: Sequence[str], known: list[str]
) -> list[Text]:
    rows = [row for row in found.missing if not row.known]
    if not rows:
        return []
    # Only of those shown: for thousands of names, looking for near ones takes minutes.
    cells = [(row.package, _near(row.package, known)) for row in rows[:_ROWS]]
    shown = table([Column("package"), Column("near names", wraps=True)], cells, width)
    title = f"Unknown: {many(len(rows), 'package')} that no snapshot here has"
    rest = shlex.join([*command, "--format", "csv"])
    return [heading(title), *shown, *more(len(rows) - _ROWS, rest)]


def _near(name: str, known: list[str]) -> str:
    return " ".join(difflib.get_close_matches(name, known, n=3, cutoff=0.6)) or "-"


def _others(found: Coverage, command: Sequence[str]) -> list[Text]:
    return [
        hint(shlex.join([*command, "--platform", platform]), f"The same CPU under {platform}")
        for platform in found.other_platforms
    ]
