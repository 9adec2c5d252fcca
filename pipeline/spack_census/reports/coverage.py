"""Coverage as sections: the share first, then where it comes from, then what is missing."""

from __future__ import annotations

import difflib
import shlex
from collections import Counter
from collections.abc import Iterable, Sequence

from spack_census.ask.coverage import Coverage, Package
from spack_census.ask.hosts import ANY_OS
from spack_census.ask.overview import Overview
from spack_census.ask.shares import share_pct
from spack_census.errors import many
from spack_census.reports.sections import Cell, Column, Kind, Section, Table
from spack_census.reports.sentences import percent
from spack_census.reports.text import bar

_ROWS = 10
_FEW = 6


def overview(found: Overview, command: Sequence[str]) -> list[Section]:
    """Return a snapshot's coverage place by place; `command` is how it was asked for, as words."""
    columns = (
        Column("platform", rank=2),
        Column("target"),
        Column("system"),
        Column("packages", Kind.COUNT),
        Column("specs", Kind.COUNT, rank=3),
        Column("share", Kind.PERCENT, rank=1),
        Column("", tone="accent", rank=9),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.platform,
            row.target,
            row.os,
            row.num_packages,
            row.num_specs,
            share_pct(row.num_packages, found.num_packages),
            bar(row.num_packages / found.num_packages),
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
    hint = ("What a machine can use", shlex.join([*command, "--host", "CPU"]))
    return [Section(lead=said, tone="strong", tables=[Table(columns, rows)], hints=[hint])]


def coverage(found: Coverage, command: Sequence[str], known: Iterable[str]) -> list[Section]:
    """Return a coverage by packages; `known` are names to suggest for unknown ones."""
    rest = shlex.join([*command, "--format", "csv"])
    hints = [
        (f"The same CPU under {platform}", shlex.join([*command, "--platform", platform]))
        for platform in found.other_platforms
    ]
    return [
        Section(lead=_sentence(found), tone="strong"),
        *_best_targets(found),
        *_reasons(found),
        *_covered(found, rest),
        *_missing(found, rest),
        *_unknown(found, rest, sorted(known)),
        Section(hints=hints),
    ]


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


def _best_targets(found: Coverage) -> list[Section]:
    if not found.host_targets:
        return []
    counted = Counter(row.best_target for row in found.covered)
    own = found.host_targets[0]
    rows: list[tuple[Cell, ...]] = [
        (
            target,
            counted[target],
            "its own" if target == own else f"{own} runs it (archspec)",
        )
        for target in found.host_targets
        if counted[target] or target == own
    ]
    systems = (
        f"Binaries of all systems are counted: {', '.join(found.systems)}. "
        "One for a newer system than the host's may not run there: --os SYSTEM."
    )
    notes = [systems] if len(found.systems) > 1 and found.question.os == ANY_OS else []
    columns = (Column("best target"), Column("packages", Kind.COUNT), Column("", Kind.TEXT, rank=1))
    return [Section(tables=[Table(columns, rows)], notes=notes)]


def _reasons(found: Coverage) -> list[Section]:
    """Return where the missing packages are instead, the places that have most of them first."""
    places = Counter(tuple(row.found_on) for row in found.missing if row.found_on)
    if found.question.host is None or not places:
        return []
    rows: list[tuple[Cell, ...]] = [
        (count, ("only " if len(place) == 1 else "") + " ".join(place))
        for place, count in places.most_common(_FEW)
    ]
    rest = sum(count for _, count in places.most_common()[_FEW:])
    rows += [(rest, "elsewhere")] if rest else []
    columns = (Column("packages", Kind.COUNT), Column("are on", Kind.TEXT))
    title = f"Not for this host: {many(sum(places.values()), 'package')}"
    return [Section(title, tables=[Table(columns, rows)])]


def _covered(found: Coverage, rest: str) -> list[Section]:
    """Return what of a list is covered; of a whole snapshot it would say little, at length."""
    if found.question.packages is None or not found.covered:
        return []
    columns = (
        *(Column("package"), Column("newest"), Column("specs", Kind.COUNT, rank=1)),
        Column("is on", Kind.LIST),
    )
    rows: list[tuple[Cell, ...]] = [
        (row.package, row.newest_version, row.num_specs, _elsewhere(row)) for row in found.covered
    ]
    title = f"Covered: {many(len(rows), 'package')}"
    return [Section(title, tables=[Table(columns, rows, command=rest, limit=_ROWS)])]


def _missing(found: Coverage, rest: str) -> list[Section]:
    missing = [row for row in found.missing if row.known]
    if not missing:
        return []
    title = f"Missing: {many(len(missing), 'package')}, those in most stacks first"
    rows: list[tuple[Cell, ...]] = [
        (row.package, row.num_stacks, _elsewhere(row)) for row in missing
    ]
    columns = (Column("package"), Column("stacks", Kind.COUNT, rank=1), Column("is on", Kind.LIST))
    return [Section(title, tables=[Table(columns, rows, command=rest, limit=_ROWS)])]


def _elsewhere(row: Package) -> tuple[str, ...]:
    return tuple(row.found_on) or ("other snapshots only",)


def _unknown(found: Coverage, rest: str, known: list[str]) -> list[Section]:
    unknown = [row.package for row in found.missing if not row.known]
    if not unknown:
        return []
    # Only of those shown: for thousands of names, looking for near ones takes minutes.
    rows: list[tuple[Cell, ...]] = [
        (name, tuple(difflib.get_close_matches(name, known, n=3, cutoff=0.6)) if at < _ROWS else ())
        for at, name in enumerate(unknown)
    ]
    columns = (Column("package"), Column("near names", Kind.LIST))
    title = f"Unknown: {many(len(unknown), 'package')} that no snapshot here has"
    return [Section(title, tables=[Table(columns, rows, command=rest, limit=_ROWS)])]
