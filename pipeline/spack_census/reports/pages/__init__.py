"""A report's data → Markdown, HTML with charts, an Atom feed."""

from __future__ import annotations

from spack_census.reports.pages import causes, news, state
from spack_census.reports.pages.outline import Section
from spack_census.reports.report import Report


def sections(report: Report) -> list[Section]:
    """Return the sections of a report, what matters most first."""
    return [
        news.regressions(report),
        news.versions(report),
        news.packages(report),
        causes.stacks(report),
        causes.rebuilds(report),
        state.coverage(report),
        state.quality(report),
    ]
