"""A report as sections, what matters most first: what Markdown and HTML have in common."""

from __future__ import annotations

from collections import Counter

from spack_census.ask.diff import TELLING, WORTH_SAYING
from spack_census.errors import many
from spack_census.reports import causes, changes, sizes
from spack_census.reports.changes import place
from spack_census.reports.report import Coverage, Report
from spack_census.reports.sections import Cell, Column, Kind, Package, Section, Table
from spack_census.reports.sentences import percent

_FEW = 3


def sections(report: Report) -> list[Section]:
    """Return the sections of a report."""
    return [
        regressions(report),
        versions(report),
        packages(report),
        stacks(report),
        rebuilds(report),
        coverage(report),
        quality(report),
    ]


def regressions(report: Report) -> Section:
    """Return what is gone: packages from a target, those from all first, and every single spec."""
    gone = [
        f"{row.os} on {place(row.platform, row.target)}"
        for row in report.coverage
        if row.before_specs and not row.after_specs
    ]
    packages_gone = len({row.package for row in report.places_gone})
    lead = "No package is gone from a target that had it."
    if packages_gone:
        lead = f"{many(packages_gone, 'package')} {_are(packages_gone)} gone from a target."
    if report.specs_gone:
        number = len(report.specs_gone)
        lead += f" {many(number, 'spec')} {_are(number)} gone without a successor."
    if gone:
        lead += f" Nothing is left for {', '.join(gone[:_FEW])}"
        lead += f" and {len(gone) - _FEW:,} more." if len(gone) > _FEW else "."
    before = report.before.snapshot
    named = {each.package: each.maintainers for each in report.maintainers}
    tables = [
        changes.gone_from_target(report.places_gone, before, maintainers=named),
        changes.gone_specs(report.specs_gone, before, maintainers=named),
    ]
    return Section("Regressions", lead, _filled(tables), key="regressions")


def versions(report: Report) -> Section:
    """Return the steps of versions, in the order of the report."""
    changed = Counter(change for change, _ in {(s.change, s.package) for s in report.versions})
    said = [
        f"{many(changed[change], 'package')} {_were(changed[change])} {change}"
        for change in ("downgraded", "upgraded")
        if changed[change]
    ]
    lead = "; ".join(said) + "." if said else "No package was upgraded or downgraded."
    table = changes.versions(report.versions, report.after.snapshot)
    return Section("Version changes", lead, _filled([table]), key="versions")


def packages(report: Report) -> Section:
    """Return the packages that are gone from a platform, and those that appeared."""
    counts = Counter(row.change for row in report.packages)
    lead = "The same packages on every platform."
    if counts:
        gone, appeared = counts["gone"], counts["appeared"]
        lead = f"{many(gone, 'package')} {_are(gone)} gone from a platform"
        lead += f", {appeared:,} appeared on one."
    columns = (
        Column("package"),
        Column("change", Kind.CHANGE),
        Column("platform"),
        Column("targets", Kind.COUNT),
        Column("specs", Kind.COUNT),
    )
    sides = {"gone": report.before.snapshot, "appeared": report.after.snapshot}
    rows: list[tuple[Cell, ...]] = [
        (
            Package(row.package, sides[row.change]),
            row.change,
            row.platform,
            row.num_targets,
            row.num_specs,
        )
        for row in sorted(report.packages, key=lambda row: row.change != "gone")
    ]
    tables = [
        Table(columns, rows, "Packages gone and appeared, by platform", "packages.csv"),
        changes.appeared_on_target(report.places_appeared, report.after.snapshot),
    ]
    return Section("Packages gone and appeared", lead, _filled(tables), key="packages")


def stacks(report: Report) -> Section:
    """Return what changed in each stack, those that lost most first."""
    touched = [row for row in report.stacks if row.kept < max(row.before_specs, row.after_specs)]
    lead = f"{len(touched):,} of {many(len(report.stacks), 'stack')} changed."
    note = changes.renames([(each.before, each.after) for each in report.renamed])
    notes = [note] if note else []
    return Section("Stacks", lead, _filled([changes.stacks(report.stacks)]), notes, key="stacks")


def rebuilds(report: Report) -> Section:
    """Return where rebuilds concentrate, and what was built with other compilers or variants."""
    total = report.totals
    others = [
        f"{count:,} {what}"
        for count, what in (
            (total.recompiled, "recompiled with another compiler"),
            (total.reconfigured, "reconfigured with other variants"),
        )
        if count
    ]
    why = causes.said(report.causes) if report.knows_dependencies else ""
    said = f"{many(total.rebuilt, 'spec')} rebuilt: {why or 'only the hash differs'}. "
    kept = f"{total.kept:,} kept their hash ({percent(total.kept, total.before_specs)})."
    tables = [
        causes.table(report.causes, report.after.snapshot),
        _attribution(report),
        changes.compilers(report.compilers),
        changes.variants(report.variants, report.after.snapshot),
    ]
    lead = said + ", ".join([*others, kept])
    notes = [causes.UNKNOWN] if total.rebuilt and not report.knows_dependencies else []
    return Section("Rebuilds", lead, _filled(tables), notes, key="rebuilds")


def _attribution(report: Report) -> Table:
    columns = (
        Column("where"),
        Column("of kind"),
        Column("rebuilt", Kind.COUNT),
        Column("share of rebuilds", Kind.PERCENT),
        Column("share of specs", Kind.PERCENT),
        Column("over-represented", Kind.RATIO),
    )
    telling = [row for row in report.rebuilds if (row.over_represented or 0) >= WORTH_SAYING]
    if report.epochs_differ or report.totals.rebuilt < TELLING:
        telling = []
    rows: list[tuple[Cell, ...]] = [
        (
            row.value or "none",
            row.dimension,
            row.num_changes,
            row.share_pct,
            row.base_rate_pct,
            row.over_represented,
        )
        for row in sorted(telling, key=lambda row: -row.num_changes)
    ]
    return Table(columns, rows, "Where more was rebuilt than its size explains", "rebuilds.csv")


def coverage(report: Report) -> Section:
    """Return packages and specs of each target and system, the largest first."""
    targets = {(row.platform, row.target) for row in report.coverage if row.after_specs}
    lead = (
        f"{report.totals.after_packages:,} packages as {many(report.totals.after_specs, 'spec')} "
        f"on {many(len(targets), 'target')}.{sizes.said(report.sizes)}"
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
    table = Table(columns, rows, "By target and system", "coverage.csv")
    tables = [table, sizes.table(report.sizes)]
    return Section("Coverage", lead, _filled(tables), key="coverage")


def quality(report: Report) -> Section:
    """Return what was rejected, and which checks find something to say of the snapshot."""
    rejected = sum(row.num_rejects for row in report.rejects)
    failing = [check for check in report.checks if check.num_failing]
    said = f"{rejected:,} rejected" if rejected else "Nothing was rejected"
    lead = f"{said}; all {len(report.checks)} checks pass."
    if failing:
        lead = f"{said}; {len(failing)} of {len(report.checks)} checks find something."
    rejects = Table(
        (Column("what"), Column("reason"), Column("rejected", Kind.COUNT, "bad")),
        [(row.scope, row.reason, row.num_rejects) for row in report.rejects],
        "Rejected, by reason",
        "rejects.csv",
    )
    checks = Table(
        (Column("check"), Column("rows that fail", Kind.COUNT, "bad"), Column("looks for")),
        [(check.name, check.num_failing, check.title) for check in report.checks],
        "Checks",
        "checks.csv",
    )
    return Section("Data quality", lead, _filled([rejects, checks]), key="quality")


def _filled(tables: list[Table]) -> list[Table]:
    """Return the tables that have rows; the only one of a section needs no caption."""
    return [table for table in tables if table.rows]


def _largest(row: Coverage) -> tuple[int, str, str, str]:
    return -row.after_packages, row.platform, row.target, row.os


def _are(number: int) -> str:
    return "is" if number == 1 else "are"


def _were(number: int) -> str:
    return "was" if number == 1 else "were"
