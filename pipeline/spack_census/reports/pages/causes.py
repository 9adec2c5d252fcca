"""Where changes are made: stacks, rebuilds and where they concentrate, compilers, variants."""

from __future__ import annotations

from spack_census.ask.diff import WORTH_SAYING
from spack_census.ask.shares import share_pct
from spack_census.errors import many
from spack_census.reports.pages.outline import Cell, Column, Kind, Section, Table, places
from spack_census.reports.report import Report, StackChange
from spack_census.reports.sentences import percent

"""How far above its share of all specs a place has to be to be named."""


def stacks(report: Report) -> Section:
    """Return what changed in each stack, those that lost most first."""
    touched = [row for row in report.stacks if row.kept < max(row.before_specs, row.after_specs)]
    lead = f"{len(touched):,} of {many(len(report.stacks), 'stack')} changed."
    columns = (
        Column("stack"),
        Column("specs", Kind.COUNT),
        Column("change", Kind.DELTA),
        Column("gone", Kind.COUNT, "bad"),
        Column("appeared", Kind.COUNT, "good"),
        Column("older", Kind.COUNT, "bad"),
        Column("newer", Kind.COUNT, "good"),
        Column("recompiled", Kind.COUNT),
        Column("reconfigured", Kind.COUNT),
        Column("rebuilt", Kind.COUNT),
        Column("hashes kept", Kind.PERCENT),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.stack if row.change == "same" else f"{row.stack} ({row.change})",
            row.after_specs,
            row.after_specs - row.before_specs,
            row.gone,
            row.appeared,
            row.downgraded,
            row.upgraded,
            row.recompiled,
            row.reconfigured,
            row.rebuilt,
            share_pct(row.kept, row.before_specs),
        )
        for row in sorted(report.stacks, key=_by_loss)
    ]
    return Section("stacks", "Stacks", lead, [Table("By stack", columns, rows, "stacks.csv")])


def _by_loss(row: StackChange) -> tuple[int, int, int, str]:
    return -row.gone, -row.downgraded, -row.after_specs, row.stack


def rebuilds(report: Report) -> Section:
    """Return where rebuilds concentrate, and what was built with other compilers or variants."""
    total = report.totals
    others = [
        f"{count:,} have {what}"
        for count, what in (
            (total.recompiled, "another compiler"),
            (total.reconfigured, "other variants"),
        )
        if count
    ]
    said = f"{many(total.rebuilt, 'spec')} rebuilt: only the hash differs. "
    kept = f"{total.kept:,} kept their hash ({percent(total.kept, total.before_specs)})."
    lead = said + ", ".join([*others, kept])
    tables = [_attribution(report), _compilers(report), _variants(report)]
    return Section("rebuilds", "Rebuilds", lead, [table for table in tables if table.rows])


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
    if report.epochs_differ:
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
    return Table("Where more was rebuilt than its size explains", columns, rows, "rebuilds.csv")


def _compilers(report: Report) -> Table:
    columns = (
        Column("before"),
        Column("after"),
        Column("packages", Kind.COUNT),
        Column("specs", Kind.COUNT),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.before_compiler or "none",
            row.after_compiler or "none",
            row.num_packages,
            row.num_specs,
        )
        for row in report.compilers
    ]
    return Table("Other compilers", columns, rows, "compilers.csv")


def _variants(report: Report) -> Table:
    columns = (
        Column("package"),
        Column("before"),
        Column("after"),
        Column("on"),
        Column("specs", Kind.COUNT),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            row.package,
            " ".join(row.variants_removed) or "-",
            " ".join(row.variants_added) or "-",
            places(row.places),
            row.num_specs,
        )
        for row in report.variants
    ]
    return Table("Other variants", columns, rows, "variants.csv")
