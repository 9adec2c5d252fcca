"""Two snapshots → a report as data: each figure is asked of a query of the catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import duckdb
import msgspec

from spack_census.ask import queries, recipes, rules
from spack_census.ask.changed import CHANGES, VersionStep
from spack_census.ask.diff import Diff, diff
from spack_census.ask.held import holding
from spack_census.ask.snapshots import Snapshot
from spack_census.errors import ConservationError
from spack_census.reports.report import (
    SCHEMA_VERSION,
    Check,
    Coverage,
    Maintained,
    PackageChange,
    Point,
    Rejects,
    Renamed,
    Report,
    Share,
    Side,
    Size,
    Totals,
)
from spack_census.reports.sentences import headline

TREND_SNAPSHOTS = 26
"""How far back the trend in a report goes: half a year of weeks."""

_METRICS = {
    "places_gone": "packages gone from a target",
    "places_appeared": "packages appeared on a target",
    **{label: label for label in (*CHANGES, "kept", "moved", "churn")},
}
_ROOTS = """
select distinct package from specs_at($snapshot)
where hash not in (select dependency_hash from dependencies where snapshot = $snapshot)
"""
_REJECTS = """
select scope, reason, count(*) from rejects where snapshot = $snapshot
group by scope, reason order by scope, reason
"""
_TREND = """
select trend.series, trend.snapshot, listed.snapshot_date, trend.platform, trend.target,
    trend.num_packages, trend.num_specs
from trend inner join snapshots as listed using (snapshot)
order by trend.series, listed.series_order, trend.platform, trend.target
"""

Trend = dict[str, list[Point]]
"""Series → its points, oldest first."""


class Past(NamedTuple):
    """What reports say of all snapshots, reckoned once for all of them."""

    trend: Trend
    failing: dict[str, dict[str, int]]
    """Check → snapshot → rows that fail it there, where there are any."""


def gather(con: duckdb.DuckDBPyConnection, before: str, after: str, past: Past) -> Report:
    """Return the report on two snapshots, named by their own names; `past` is `past(con)`.

    Within `diff.matched` specs are matched once for all of it. Raises UnknownNameError for an
    unknown snapshot, ConservationError where two ways of counting the same differ.
    """
    found = diff(con, before, after)
    pair = {"before": before, "after": after}
    totals = _totals(con, found)
    return Report(
        schema_version=SCHEMA_VERSION,
        headline=headline(found, totals.before_packages, totals.after_packages),
        changed=found.changed,
        epochs_differ=found.epochs_differ,
        before=_side(found.before),
        after=_side(found.after),
        totals=totals,
        places_gone=found.places_gone,
        places_appeared=found.places_appeared,
        specs_gone=found.specs_gone,
        versions=_versions(con, found),
        packages=[PackageChange(*row) for row in _rows(con, "diff.packages", pair)],
        stacks=found.stacks,
        renamed=[Renamed(*names) for names in found.renamed],
        rebuilds=_rebuilds(con, pair),
        compilers=found.compilers,
        variants=found.variants,
        coverage=_coverage(con, before, after),
        trend=_until(past.trend.get(found.after.series, []), after),
        rejects=[Rejects(*row) for row in con.sql(_REJECTS, params={"snapshot": after}).fetchall()],
        checks=_checks(after, past),
        causes=found.causes,
        knows_dependencies=found.knows_dependencies,
        rules_note=rules.told([found.before, found.after]),
        maintainers=[Maintained(*row) for row in recipes.maintainers(con, _gone(found)).items()],
        sizes=_sizes(con, after),
    )


def past(con: duckdb.DuckDBPyConnection, *, with_checks: bool = True) -> Past:
    """Return what the reports on a dataset have in common; no index needs the checks."""
    failing = {
        query.name: dict(
            queries.run(con, query, {}).aggregate("snapshot, count(*)", "snapshot").fetchall()
        )
        for query in _check_queries()
        if with_checks
    }
    return Past(trend(con), failing)


def _gone(found: Diff) -> set[str]:
    return {row.package for row in found.places_gone} | {row.package for row in found.specs_gone}


def _sizes(con: duckdb.DuckDBPyConnection, after: str) -> list[Size]:
    """Return the bytes of the snapshot, its targets and stacks; nothing where no size is known."""
    rows = _rows(con, "coverage.sizes", {"snapshot": after})
    found = [Size(*row) for row in rows if row[0] != "package"]
    return found if any(each.size_bytes is not None for each in found) else []


def trend(con: duckdb.DuckDBPyConnection) -> Trend:
    """Return packages and specs of each target through the snapshots of each series."""
    with holding(con, {"trend": queries.run(con, queries.load("coverage.trend"), {})}):
        rows = con.sql(_TREND).fetchall()
    found: Trend = {}
    for series, *row in rows:
        found.setdefault(series, []).append(Point(*row))
    return found


def _side(snapshot: Snapshot) -> Side:
    return Side(**{name: getattr(snapshot, name) for name in Side.__struct_fields__})


def _totals(con: duckdb.DuckDBPyConnection, found: Diff) -> Totals:
    before, after = found.before, found.after
    pair = {"before": before.snapshot, "after": after.snapshot}
    summary = {metric: counts for metric, *counts in _rows(con, "diff.summary", pair)}
    none = (0, 0, 0, None)
    packages, specs = summary.get("packages", none), summary.get("specs", none)
    counts = {name: summary.get(metric, none)[2] for name, metric in _METRICS.items()}
    totals = Totals(packages[0], packages[1], specs[0], specs[1], **counts)
    changed = sum(found.counts[label] for label in CHANGES)
    laws = {
        "specs before": (before.num_specs, totals.before_specs, found.totals.before_specs),
        "specs after": (after.num_specs, totals.after_specs, found.totals.after_specs),
        "packages before": (before.num_packages, totals.before_packages),
        "packages after": (after.num_packages, totals.after_packages),
        "places gone": (totals.places_gone, len(found.places_gone)),
        "places appeared": (totals.places_appeared, len(found.places_appeared)),
        "specs gone": (totals.gone, len(found.specs_gone)),
        "kept": (totals.kept, found.totals.kept),
        "moved": (totals.moved, found.totals.moved),
        "what became of the specs before": (
            totals.before_specs,
            totals.kept + changed - totals.appeared,
        ),
        "where the specs after come from": (
            totals.after_specs,
            totals.kept + changed - totals.gone,
        ),
        **{label: (getattr(totals, label), found.counts[label]) for label in CHANGES},
    }
    for law, numbers in laws.items():
        if len(set(numbers)) > 1:
            said = " ≠ ".join(f"{number:,}" for number in numbers)
            message = f"{before.snapshot} → {after.snapshot}: {law} do not add up: {said}"
            raise ConservationError(message, "is the dataset whole? census verify")
    return totals


def _versions(con: duckdb.DuckDBPyConnection, found: Diff) -> list[VersionStep]:
    """Return the steps: downgrades, then roots of stacks where known, then most places first."""
    after = {"snapshot": found.after.snapshot}
    known = con.sql("select 1 from dependencies where snapshot = $snapshot limit 1", params=after)
    roots = None
    if known.fetchall():
        roots = {package for (package,) in con.sql(_ROOTS, params=after).fetchall()}
    steps = [
        msgspec.structs.replace(row, is_root=None if roots is None else row.package in roots)
        for row in found.versions
    ]
    return sorted(steps, key=lambda step: (step.change, not step.is_root, -len(step.places)))


def _rebuilds(con: duckdb.DuckDBPyConnection, pair: dict[str, str]) -> list[Share]:
    rows = _rows(con, "diff.attribution", pair)
    return [Share(*row) for change, *row in rows if change == "rebuilt"]


def _coverage(con: duckdb.DuckDBPyConnection, before: str, after: str) -> list[Coverage]:
    was, now = (
        {tuple(row[:3]): row[3:] for row in _rows(con, "coverage.by_target", {"snapshot": name})}
        for name in (before, after)
    )
    rows = []
    for platform, target, system in sorted(was.keys() | now.keys()):
        old, new = (side.get((platform, target, system), (0, 0, 0.0)) for side in (was, now))
        counts = (old[0], new[0], old[1], new[1], new[2])
        rows.append(Coverage(platform, target, system, *counts))
    return rows


def _until(points: Sequence[Point], snapshot: str) -> list[Point]:
    """Return the points of a snapshot and of those before it, as many as a trend shows."""
    names = list(dict.fromkeys(point.snapshot for point in points))
    if snapshot not in names:
        return []
    end = names.index(snapshot) + 1
    shown = set(names[max(0, end - TREND_SNAPSHOTS) : end])
    return [point for point in points if point.snapshot in shown]


def _checks(snapshot: str, past: Past) -> list[Check]:
    return [
        Check(query.name, query.title, past.failing[query.name].get(snapshot, 0))
        for query in _check_queries()
    ]


@cache
def _check_queries() -> list[queries.Query]:
    """Return the checks on snapshots: recipes and what else is beside them is no report's."""
    return [
        each
        for name, each in queries.catalogue().items()
        if name.startswith("checks.") and "snapshot" in {column.name for column in each.columns}
    ]


def _rows(
    con: duckdb.DuckDBPyConnection, name: str, params: dict[str, str]
) -> list[tuple[Any, ...]]:
    return queries.run(con, queries.load(name), params).fetchall()
