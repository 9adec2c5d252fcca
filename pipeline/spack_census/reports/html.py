"""A report as HTML: one file that needs no network, and no JavaScript to be read."""

from __future__ import annotations

import base64
import hashlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from spack_census.ask.escaping import visible
from spack_census.errors import many
from spack_census.reports import charts
from spack_census.reports.body import table_rows
from spack_census.reports.changes import place
from spack_census.reports.heatmap import heatmap
from spack_census.reports.page import sections
from spack_census.reports.report import Point, Report
from spack_census.reports.sections import Cell, Column, Kind, Table, shown
from spack_census.reports.sentences import percent, warnings

if TYPE_CHECKING:
    from jinja2 import Environment

_TEMPLATES = Path(__file__).parent / "templates"
ROWS = 2000
"""How many rows of a table a page holds; its filter says so where there are more."""


@dataclass(frozen=True, slots=True)
class Links:
    """Where the page of a report leads besides its own files."""

    previous: str = ""
    """The name of the report before it in its series."""
    next: str = ""
    site: str | None = None
    """The address of the explorer as seen from the folder of reports, None where there is none."""

    @property
    def mark(self) -> str:
        """What tells a page with other links, or made by another version, from one with these."""
        said = "\n".join((self.previous, self.next, self.site or "", version()))
        return hashlib.sha256(said.encode(errors="surrogatepass")).hexdigest()[:16]


@cache
def version() -> str:
    """Return the version of spack-census that is installed."""
    try:
        return metadata.version("spack-census")
    except metadata.PackageNotFoundError:
        return "unknown"


def render(report: Report, links: Links = Links()) -> str:
    """Return the page of a report, which leads to its neighbours and into the explorer."""
    return page(
        "report.html",
        report=report,
        links=links,
        warnings=warnings(report),
        tiles=_tiles(report),
        sections=sections(report),
        heat=heatmap(report.coverage, report.totals.after_packages),
        bars=charts.stacks(report.stacks),
        lines=charts.trend(report.trend, "num_packages", report.after.snapshot)
        if report.trend
        else [],
        history=trend_table(report.trend, "num_packages"),
        command=shlex.join(["census", "report", report.before.snapshot, report.after.snapshot]),
    )


def page(template: str, **values: Any) -> str:
    """Return a page of a template; text in values is escaped wherever it comes to stand."""
    style, script = _asset("style.css"), _asset("tables.js")
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    found = _environment().get_template(template)
    shared = {"style": style, "script": script, "policy": policy, "version": version()}
    return found.render(**values, **shared, limit=ROWS, fates=charts.FATES) + "\n"


def trend_table(points: Sequence[Point], figure: str) -> Table | None:
    """Return the figures of a trend, newest snapshot first, None where there are none."""
    if not points:
        return None
    targets = list(dict.fromkeys(sorted((point.platform, point.target) for point in points)))
    counts: dict[str, Mapping[tuple[str, str], int]] = {}
    for point in points:
        row = dict(counts.get(point.snapshot, {}))
        row[point.platform, point.target] = getattr(point, figure)
        counts[point.snapshot] = row
    noun = figure.removeprefix("num_").capitalize()
    columns = (Column("snapshot"), *(Column(place(*target), Kind.COUNT) for target in targets))
    rows: list[tuple[Cell, ...]] = [
        (name, *(row.get(target, 0) for target in targets))
        for name, row in reversed(counts.items())
    ]
    return Table(columns, rows, f"{noun} of each target through the snapshots", "trend.csv")


def _tiles(report: Report) -> list[tuple[str, str, str, str]]:
    """Return (name, figure, what it is compared with, tone) of each headline figure."""
    total = report.totals
    packages = total.after_packages - total.before_packages
    specs = total.after_specs - total.before_specs
    kept = percent(total.kept, total.before_specs)
    gone = {row.package for row in report.places_gone}
    appeared = {row.package for row in report.places_appeared}
    upgraded = {step.package for step in report.versions if step.change == "upgraded"}
    downgraded = {step.package for step in report.versions if step.change == "downgraded"}
    return [
        ("Packages", f"{total.after_packages:,}", shown(packages, Kind.DELTA), ""),
        ("Specs", f"{total.after_specs:,}", shown(specs, Kind.DELTA), ""),
        (
            "Gone from a target",
            f"{len(gone):,}",
            f"{'package' if len(gone) == 1 else 'packages'}; {len(appeared):,} appeared",
            "bad" if gone else "",
        ),
        (
            "Upgraded",
            f"{len(upgraded):,}",
            f"{'package' if len(upgraded) == 1 else 'packages'}; {len(downgraded):,} downgraded",
            "",
        ),
        (
            "Hashes kept",
            "-" if report.epochs_differ else kept,
            many(total.rebuilt, "spec") + " rebuilt",
            "",
        ),
    ]


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_plain,
    )
    environment.filters |= {"shown": shown, "address": lambda name: f"../{quote(name)}/report.html"}
    environment.globals["table_rows"] = table_rows
    return environment


def _plain(value: Any) -> Any:
    """Return text without characters that steer or hide; markup of our own stays as it is."""
    return visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


@cache
def _asset(name: str) -> Any:
    from markupsafe import Markup

    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704 - a file of ours


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
