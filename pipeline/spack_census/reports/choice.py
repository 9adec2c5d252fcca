"""Which reports there should be: the pairs of neighbours of a series, and which of them are new."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from spack_census.ask.snapshots import Snapshot, main_series
from spack_census.errors import CensusError, UnknownNameError
from spack_census.reports.report import Report, report_name
from spack_census.spack.series import ordered

Pair = tuple[Snapshot, Snapshot]
_LIST_WITH = "census snapshots"


@dataclass(frozen=True, slots=True)
class Choice:
    """Which reports are asked for; None means all there could be."""

    series: str | None = None
    """The series whose neighbours are compared; by default the main one."""
    since: str | None = None
    """A date, or a snapshot of the series: none older is reported on."""
    limit: int | None = None
    """How many reports to make at most, the oldest first."""
    keep: int | None = None
    """How many reports of the series to keep, the newest; older ones are removed."""


def neighbours(snapshots: Sequence[Snapshot], choice: Choice) -> list[Pair]:
    """Return the pairs of a series that should have a report, oldest first.

    Raises UnknownNameError for an unknown series or snapshot, CensusError for a date that is none.
    """
    series = choice.series or main_series(snapshots)
    members = [each for each in snapshots if each.series == series]
    if not members:
        known = [each.series for each in snapshots]
        raise UnknownNameError("series", series, known, "the dataset", _LIST_WITH)
    pairs = list(pairwise(members))
    if choice.since is not None:
        start = _start(members, choice.since)
        pairs = [(before, after) for before, after in pairs if after.series_order >= start]
    return pairs if choice.keep is None else pairs[-choice.keep :]


def superseded(
    reports: Mapping[str, Report], snapshots: Sequence[Snapshot], choice: Choice
) -> list[str]:
    """Return the names of reports that are to go, for there are `choice.keep` newer ones.

    Only reports on neighbours are counted and go; one made on demand stays.
    """
    if choice.keep is None:
        return []
    everything = neighbours(snapshots, Choice(series=choice.series))
    old = [_name(pair) for pair in everything[: -choice.keep]]
    return [name for name in old if name in reports]


def is_current(report: Report | None, pair: Pair) -> bool:
    """Tell whether a report is on the snapshots as they are now, documents and all."""
    if report is None:
        return False
    told = [(side.snapshot, side.source_revision) for side in (report.before, report.after)]
    return told == [(each.snapshot, each.source_revision) for each in pair]


def newest_first(reports: Iterable[Report]) -> list[Report]:
    """Return reports by date, those without one last; of equals by series, by the later snapshot.

    Of reports on one snapshot the one with the nearest predecessor comes first.
    """
    found = list(reports)
    names = {side.snapshot for each in found for side in (each.before, each.after)}
    places = {
        name: (index, place)
        for index, members in enumerate(ordered(names).values())
        for place, name in enumerate(members)
    }

    def key(report: Report) -> tuple[datetime.date, int, int, int, str]:
        series, place = places[report.after.snapshot]
        date = report.after.snapshot_date or datetime.date.min
        return date, -series, place, places[report.before.snapshot][1], report.name

    return sorted(found, key=key, reverse=True)


def latest(reports: Sequence[Report], snapshots: Sequence[Snapshot]) -> Report | None:
    """Return the newest report of the main series, else the newest of all, None where none is."""
    series = main_series(snapshots) if snapshots else None
    ranked = newest_first(reports)
    return next((each for each in ranked if each.after.series == series), next(iter(ranked), None))


def _start(members: Sequence[Snapshot], since: str) -> int:
    """Return the place in the series from which on there are reports."""
    for each in members:
        if each.snapshot == since:
            return each.series_order
    try:
        date = datetime.date.fromisoformat(since)
    except ValueError:
        known = [each.snapshot for each in members]
        where = f"series {members[0].series}, and no date such as 2025-07-13"
        raise UnknownNameError("snapshot", since, known, where, _LIST_WITH) from None
    dated = [each for each in members if each.snapshot_date is not None]
    if not dated:
        message = f"the snapshots of series {members[0].series} have no dates"
        raise CensusError(message, "name a snapshot of it: --since SNAPSHOT")
    later = [each.series_order for each in dated if (each.snapshot_date or date) >= date]
    return min(later, default=members[-1].series_order + 1)


def _name(pair: Pair) -> str:
    return report_name(pair[0].snapshot, pair[1].snapshot)
