"""One package for people: versions and where they are, what tells specs apart, its history."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from spack_census.ask.package import Count, Holding, PackageReport
from spack_census.errors import many
from spack_census.reports.terminal.layout import (
    HELD_TOGETHER,
    PIPE,
    Column,
    heading,
    number,
    prose,
    table,
)

_SNAPSHOTS = 12
_VERSIONS = 6


def render_package(report: PackageReport, width: int | None) -> list[Text]:
    """Return the lines of a package's report for a terminal of this width, None for a pipe."""
    sections = [
        _headline(report, width),
        _versions(report, width),
        _built(report, width),
        _differing(report, width),
        _shared(report, width),
        _history(report, width),
    ]
    return [line for section in sections if section for line in [*section, Text()]][:-1]


def _headline(report: PackageReport, width: int | None) -> list[Text]:
    places = {place["place"] for version in report.versions for place in version.places}
    said = (
        f"{report.package} in {report.snapshot}: {many(len(report.versions), 'version')}, "
        f"{many(report.num_specs, 'spec')} on {many(len(places), 'target')}"
    )
    lines = prose(said, width, "bold")
    if report.snapshot != report.newest_snapshot:
        holders = {each.snapshot for each in report.history}
        if report.newest_snapshot not in holders:
            lines += prose(f"It is not in {report.newest_snapshot}, the latest.", width, "red")
    return lines


def _versions(report: PackageReport, width: int | None) -> list[Text]:
    columns = [Column("version"), number("specs"), Column("on", wraps=True)]
    cells = [
        (
            version.version,
            f"{version.num_specs:,}",
            ", ".join(_times(place["place"], place["num_specs"]) for place in version.places),
        )
        for version in report.versions
    ]
    return table(columns, cells, width)


def _built(report: PackageReport, width: int | None) -> list[Text]:
    cells = [
        ("compilers", _listed(report.compilers, "none")),
        ("systems", _listed(report.systems, "none")),
        ("stacks", _listed(report.stacks, "none") if report.stacks else "none"),
    ]
    return [heading("Built with, on and for"), *_pairs(cells, width)]


def _differing(report: PackageReport, width: int | None) -> list[Text]:
    if not report.differing:
        return []
    cells = [(each.name, _listed(each.values, "not set")) for each in report.differing]
    return [heading("Variants that differ"), *_pairs(cells, width)]


def _shared(report: PackageReport, width: int | None) -> list[Text]:
    if not report.shared:
        return []
    columns = [Column("", wraps=True)]
    shown = table(columns, [(" ".join(report.shared),)], width or PIPE)
    return [heading("Variants that all specs share"), *shown[1:]]


def _history(report: PackageReport, width: int | None) -> list[Text]:
    held = {each.snapshot: each for each in report.history}
    first = next(name for name in report.series_snapshots if name in held)
    newest_first = report.series_snapshots[::-1]
    columns = [Column("snapshot"), number("specs"), Column("versions", wraps=True)]
    cells = [_holding(name, held.get(name)) for name in newest_first[:_SNAPSHOTS]]
    lines = [
        heading(f"History in {report.series}: first seen in {first}"),
        *table(columns, cells, width),
    ]
    rest = len(newest_first) - _SNAPSHOTS
    if rest > 0:
        lines.append(Text(f"  …{rest:,} older: census query coverage.lifetimes", "dim"))
    others = [each.snapshot for each in report.history if each.series != report.series]
    if others:
        lines += prose(f"Also in {', '.join(others)}.", width, "dim")
    return lines


def _holding(snapshot: str, held: Holding | None) -> tuple[str, str, str]:
    if held is None:
        return snapshot, "-", "-"
    rest = len(held.versions) - _VERSIONS
    versions = ", ".join(held.versions[:_VERSIONS]) + (f" and {rest} more" if rest > 0 else "")
    return snapshot, f"{held.num_specs:,}", versions


def _pairs(cells: Sequence[tuple[str, str]], width: int | None) -> list[Text]:
    columns = [Column("", style="dim"), Column("", wraps=True)]
    # The header would be an empty line: names of the rows say it all.
    return table(columns, cells, width)[1:]


def _listed(counts: Sequence[Count], none: str) -> str:
    return ", ".join(_times(each.value or none, each.num_specs) for each in counts)


def _times(value: str, num_specs: int) -> str:
    return f"{value}{HELD_TOGETHER}×{num_specs:,}"
