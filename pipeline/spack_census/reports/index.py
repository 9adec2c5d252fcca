"""The pages made of all reports: index.html, with trend and coverage, and feed.xml."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import duckdb

from spack_census.ask.overview import Overview, overview
from spack_census.ask.snapshots import Snapshot, main_series
from spack_census.errors import CensusError
from spack_census.reports import charts, feed, html
from spack_census.reports.gathering import Trend
from spack_census.reports.heatmap import heatmap
from spack_census.reports.report import Coverage, Report
from spack_census.reports.sections import Kind, shown
from spack_census.reports.sentences import percent

_LIBRARIES = {"jinja2": "jinja2"}


@dataclass(frozen=True, slots=True)
class _Row:
    """A report in the index's table."""

    report: Report
    change: str
    gone: int
    upgraded: int
    kept: str


def demand_libraries() -> None:
    """Raise CensusError where a library that pages are made with is not installed."""
    missing = [name for module, name in _LIBRARIES.items() if find_spec(module) is None]
    if missing:
        message = f"reports need {' and '.join(missing)}, which this Python does not have"
        raise CensusError(message, "install them: python -m pip install 'spack-census[report]'")


def render(
    con: duckdb.DuckDBPyConnection,
    listed: Sequence[Snapshot],
    reports: Sequence[Report],
    newest: Report | None,
    history: Trend,
    url: str,
    site: str | None = None,
) -> dict[str, bytes]:
    """Return index.html and feed.xml, of reports that are given newest first.

    The trend and the coverage are those of the newest report's series, or of the main one.
    """
    index = _index(con, listed, reports, newest, history, site)
    return {"index.html": index.encode(), "feed.xml": feed.render(reports, url)}


def _index(
    con: duckdb.DuckDBPyConnection,
    listed: Sequence[Snapshot],
    reports: Sequence[Report],
    newest: Report | None,
    history: Trend,
    site: str | None,
) -> str:
    series = newest.after.series if newest else main_series(listed)
    points = history.get(series, [])
    held = overview(con, f"latest:{series}") if points else None
    return html.page(
        "index.html",
        newest=newest,
        reports=[_row(report) for report in reports],
        overview=held,
        heat=heatmap(_coverage(held), held.num_packages) if held else None,
        packages=charts.trend(points, "num_packages") if points else [],
        packages_table=html.trend_table(points, "num_packages"),
        specs=charts.trend(points, "num_specs") if points else [],
        specs_table=html.trend_table(points, "num_specs"),
        num_snapshots=len(listed),
        links=html.Links(site=site),
        spans=[points[0].snapshot, points[-1].snapshot] if points else [],
    )


def _row(report: Report) -> _Row:
    total = report.totals
    gone = {row.package for row in report.places_gone}
    upgraded = {step.package for step in report.versions if step.change == "upgraded"}
    kept = "-" if report.epochs_differ else percent(total.kept, total.before_specs)
    change = shown(total.after_packages - total.before_packages, Kind.DELTA)
    return _Row(report, change, len(gone), len(upgraded), kept)


def _coverage(held: Overview) -> list[Coverage]:
    """Return the places of a snapshot as coverage that is compared with nothing."""
    return [
        Coverage(
            platform=place.platform,
            target=place.target,
            os=place.os,
            before_packages=0,
            after_packages=place.num_packages,
            before_specs=0,
            after_specs=place.num_specs,
            coverage_pct=place.coverage_pct,
        )
        for place in held.places
    ]
