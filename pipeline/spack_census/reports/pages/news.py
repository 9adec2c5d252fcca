"""What a release manager looks for first: losses, other versions, packages gone and new."""

from __future__ import annotations

from collections import Counter

from spack_census.errors import many
from spack_census.reports.pages.outline import (
    Cell,
    Column,
    Kind,
    Section,
    Table,
    are,
    place,
    places,
)
from spack_census.reports.report import Report

_FEW = 3


def regressions(report: Report) -> Section:
    """Return what is gone from a target, packages that are gone everywhere first."""
    gone = [
        f"{row.os} on {place(row.platform, row.target)}"
        for row in report.coverage
        if row.before_specs and not row.after_specs
    ]
    lost = len({row.package for row in report.lost})
    lead = "No package is gone from a target that had it."
    if lost:
        lead = f"{many(lost, 'package')} {are(lost)} gone from a target."
    if gone:
        lead += f" Nothing is left for {', '.join(gone[:_FEW])}"
        lead += f" and {len(gone) - _FEW:,} more." if len(gone) > _FEW else "."
    columns = (
        Column("package", tone="bad"),
        Column("gone from"),
        Column("was"),
        Column("specs", Kind.COUNT),
        Column("on another target"),
        Column("stacks"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.package,
            place(row.platform, row.target),
            row.newest_version,
            row.num_specs,
            "yes" if row.elsewhere else "no",
            ", ".join(row.stacks),
        )
        for row in sorted(report.lost, key=lambda row: row.elsewhere)
    ]
    table = Table("Packages gone from a target", columns, rows, "lost.csv")
    return Section("regressions", "Regressions", lead, [table] if rows else [])


def versions(report: Report) -> Section:
    """Return the steps of versions, in the order of the report."""
    changed = Counter(change for change, _ in {(s.change, s.package) for s in report.versions})
    said = [
        f"{many(changed[change], 'package')} {'has' if changed[change] == 1 else 'have'} {word}"
        for change, word in (("downgraded", "older versions"), ("upgraded", "newer versions"))
        if changed[change]
    ]
    lead = "; ".join(said) + "." if said else "No package has another version."
    known = any(step.is_root is not None for step in report.versions)
    columns = [
        Column("package"),
        Column("before"),
        Column("after"),
        Column("direction"),
        Column("on"),
        Column("specs", Kind.COUNT),
    ]
    rows: list[tuple[Cell, ...]] = []
    for step in report.versions:
        direction = "↑ newer" if step.change == "upgraded" else "↓ older"
        steps = (step.package, step.before_version, step.after_version, direction)
        root = ("yes" if step.is_root else "no",) if known else ()
        rows.append((*steps, places(step.places), step.num_specs, *root))
    titles = (*columns, Column("root")) if known else tuple(columns)
    table = Table("Version changes, by package", titles, rows, "versions.csv")
    return Section("versions", "Version changes", lead, [table] if rows else [])


def packages(report: Report) -> Section:
    """Return the packages that are gone from a platform, then those that are new on one."""
    counts = Counter(row.change for row in report.packages)
    lead = "The same packages on every platform."
    if counts:
        lead = f"{counts['gone']:,} gone from a platform, {counts['appeared']:,} new on one."
    columns = (
        Column("package"),
        Column("change"),
        Column("platform"),
        Column("targets", Kind.COUNT),
        Column("specs", Kind.COUNT),
    )
    rows: list[tuple[Cell, ...]] = [
        (row.package, row.change, row.platform, row.num_targets, row.num_specs)
        for row in sorted(report.packages, key=lambda row: row.change != "gone")
    ]
    table = Table("Packages gone and new, by platform", columns, rows, "packages.csv")
    return Section("packages", "Packages gone and new", lead, [table] if rows else [])
