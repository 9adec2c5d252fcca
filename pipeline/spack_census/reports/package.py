"""One package as sections: versions and where they are, what tells specs apart, its history."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from spack_census.ask.package import Count, Holding, PackageReport
from spack_census.errors import many
from spack_census.reports.layout import HELD_TOGETHER
from spack_census.reports.sections import Cell, Column, Kind, Section, Table

_SNAPSHOTS = 12
_VERSIONS = 6
_PAIRS = (Column("", tone="soft"), Column("", Kind.TEXT))


def package(report: PackageReport, command: Sequence[str]) -> list[Section]:
    """Return everything about a package; `command` is how it was asked for, as words."""
    return [
        _headline(report),
        *_gone(report),
        _versions(report),
        _built(report),
        *_differing(report),
        *_shared(report),
        *_spliced(report),
        *_declared(report),
        *_radius(report),
        _history(report, shlex.join([*command, "--wide"])),
    ]


def _headline(report: PackageReport) -> Section:
    places = {place["place"] for version in report.versions for place in version.places}
    said = (
        f"{report.package} in {report.snapshot}: {many(len(report.versions), 'version')}, "
        f"{many(report.num_specs, 'spec')} on {many(len(places), 'target')}"
    )
    return Section(lead=said, tone="strong")


def _gone(report: PackageReport) -> list[Section]:
    if report.newest_snapshot in {report.snapshot, *(each.snapshot for each in report.history)}:
        return []
    return [Section(lead=f"It is not in {report.newest_snapshot}, the latest.", tone="bad")]


def _versions(report: PackageReport) -> Section:
    columns = (Column("version"), Column("specs", Kind.COUNT), Column("on", Kind.TEXT))
    rows: list[tuple[Cell, ...]] = [
        (
            version.version,
            version.num_specs,
            ", ".join(_times(place["place"], place["num_specs"]) for place in version.places),
        )
        for version in report.versions
    ]
    return Section(tables=[Table(columns, rows)])


def _built(report: PackageReport) -> Section:
    rows: list[tuple[Cell, ...]] = [
        ("compilers", _listed(report.compilers, "none")),
        ("systems", _listed(report.systems, "none")),
        ("stacks", _listed(report.stacks, "none") if report.stacks else "none"),
        *([("flags", _listed(report.flags, "none"))] if report.flags else []),
    ]
    return Section("Built with, on and for", tables=[Table(_PAIRS, rows)])


def _differing(report: PackageReport) -> list[Section]:
    rows: list[tuple[Cell, ...]] = [
        (each.name, _listed(each.values, "not set")) for each in report.differing
    ]
    return [Section("Variants that differ", tables=[Table(_PAIRS, rows)])] if rows else []


def _shared(report: PackageReport) -> list[Section]:
    return (
        [Section("Variants that all specs share", " ".join(report.shared))] if report.shared else []
    )


def _spliced(report: PackageReport) -> list[Section]:
    """Return the specs whose dependencies were replaced after they were built."""
    columns = (Column("spec"), Column("built as"))
    rows: list[tuple[Cell, ...]] = [(each.hash, each.build_spec) for each in report.spliced]
    return [Section("Spliced", tables=[Table(columns, rows)])] if rows else []


def _declared(report: PackageReport) -> list[Section]:
    """Return what the recipe says: who maintains the package, and which versions there are."""
    found = report.declared
    if found is None:
        return []
    title = f"Recipe, as of {found.as_of}"
    if found.reading == "rejected":
        return [Section(title, "It could not be read: census query coverage.recipes_unread")]
    cached = {version.version for version in report.versions}
    pairs = {
        "maintainers": found.maintainers or ["none named"],
        "licence": found.licenses or ["not told"],
        "build systems": found.build_systems,
        "provides": found.provides,
        "versions": _few(found.versions),
        "not cached": _few([each for each in found.versions if each not in cached]),
        "deprecated": [each for each in found.deprecated if each in cached],
    }
    rows: list[tuple[Cell, ...]] = [
        (name, ", ".join(values)) for name, values in pairs.items() if values
    ]
    unread = many(found.num_unread, "call")
    notes = [f"{unread} could not be read, computed in code."] if found.num_unread else []
    return [Section(title, tables=[Table(_PAIRS, rows)], notes=notes)]


def _few(versions: list[str]) -> list[str]:
    rest = len(versions) - _VERSIONS
    return [*versions[:_VERSIONS], *([f"{rest:,} older"] if rest > 0 else [])]


def _radius(report: PackageReport) -> list[Section]:
    if report.radius is None:
        return []
    specs, packages = report.radius
    said = f"{many(specs, 'spec')} of {many(packages, 'package')}, its own among them."
    return [Section("Rebuilt if its recipe changes", said)]


def _history(report: PackageReport, rest: str) -> Section:
    held = {each.snapshot: each for each in report.history}
    first = next(name for name in report.series_snapshots if name in held)
    newest_first = report.series_snapshots[::-1]
    columns: tuple[Column, ...] = (
        Column("snapshot"),
        Column("specs", Kind.COUNT),
        Column("versions", Kind.TEXT),
    )
    rows = [_holding(name, held.get(name)) for name in newest_first]
    if report.causes:
        columns = (*columns, Column("because of", Kind.LIST))
        rows = [(*row, tuple(report.causes.get(str(row[0]), ()))) for row in rows]
    others = [each.snapshot for each in report.history if each.series != report.series]
    notes = [f"Also in {', '.join(others)}."] if others else []
    table = Table(columns, rows, command=rest, limit=_SNAPSHOTS)
    title = f"History in {report.series}: first seen in {first}"
    return Section(title, tables=[table], notes=notes)


def _holding(snapshot: str, held: Holding | None) -> tuple[Cell, ...]:
    if held is None:
        return snapshot, None, "-"
    rest = len(held.versions) - _VERSIONS
    versions = ", ".join(held.versions[:_VERSIONS]) + (f" and {rest} more" if rest > 0 else "")
    return snapshot, held.num_specs, versions


def _listed(counts: Sequence[Count], none: str) -> str:
    return ", ".join(_times(each.value or none, each.num_specs) for each in counts)


def _times(value: str, num_specs: int) -> str:
    return f"{value}{HELD_TOGETHER}×{num_specs:,}"
