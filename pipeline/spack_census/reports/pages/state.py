"""What the snapshot holds now, and how far the figures can be trusted."""

from __future__ import annotations

from spack_census.errors import many
from spack_census.reports.pages.outline import Cell, Column, Kind, Section, Table, place
from spack_census.reports.report import Coverage, Report


def coverage(report: Report) -> Section:
    """Return packages and specs of each target and system, the largest first."""
    targets = {(row.platform, row.target) for row in report.coverage if row.after_specs}
    lead = (
        f"{report.totals.after_packages:,} packages as {many(report.totals.after_specs, 'spec')} "
        f"on {many(len(targets), 'target')}."
    )
    columns = (
        Column("target"),
        Column("system"),
        Column("packages", Kind.COUNT),
        Column("change", Kind.DELTA),
        Column("of all packages", Kind.PERCENT),
        Column("specs", Kind.COUNT),
        Column("change", Kind.DELTA),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            place(row.platform, row.target),
            row.os,
            row.after_packages,
            row.after_packages - row.before_packages,
            row.coverage_pct,
            row.after_specs,
            row.after_specs - row.before_specs,
        )
        for row in sorted(report.coverage, key=_largest)
    ]
    return Section(
        "coverage", "Coverage", lead, [Table("By target and system", columns, rows, "coverage.csv")]
    )


def quality(report: Report) -> Section:
    """Return what was rejected, and which checks find something to say of the snapshot."""
    rejected = sum(row.num_rejects for row in report.rejects)
    failing = [check for check in report.checks if check.num_failing]
    said = f"{rejected:,} rejected" if rejected else "Nothing was rejected"
    lead = f"{said}; all {len(report.checks)} checks pass."
    if failing:
        lead = f"{said}; {len(failing)} of {len(report.checks)} checks find something."
    rejects = Table(
        "Rejected, by reason",
        (Column("what"), Column("reason"), Column("rejected", Kind.COUNT, "bad")),
        [(row.scope, row.reason, row.num_rejects) for row in report.rejects],
        "rejects.csv",
    )
    checks = Table(
        "Checks",
        (Column("check"), Column("rows that fail", Kind.COUNT, "bad"), Column("looks for")),
        [(check.name, check.num_failing, check.title) for check in report.checks],
        "checks.csv",
    )
    return Section("quality", "Data quality", lead, [t for t in (rejects, checks) if t.rows])


def _largest(row: Coverage) -> tuple[int, str, str, str]:
    return -row.after_packages, row.platform, row.target, row.os
