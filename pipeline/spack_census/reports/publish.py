"""Bring the folder of reports up to date: make what is missing, then the pages made of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spack_census.ask import snapshots
from spack_census.ask.database import connect
from spack_census.ask.diff import matched
from spack_census.ask.held import holding
from spack_census.ask.snapshots import Snapshot
from spack_census.disk import apart
from spack_census.errors import CensusError
from spack_census.reports import explorer, files, gathering, html, index, shelf
from spack_census.reports.choice import (
    Choice,
    Pair,
    is_current,
    latest,
    neighbours,
    newest_first,
    superseded,
)
from spack_census.reports.report import Report, report_name

Observer = Callable[[Report, Path], None]
"""Called with each report that was made, and its folder."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a run made and removed."""

    made: list[Report]
    """Oldest first."""
    removed: list[str]
    pages: list[str]
    """What of index.html, feed.xml, latest and the links of older reports was written anew."""
    num_left: int
    """Reports that are missing still, for `limit` was reached."""
    num_reports: int
    latest: Report | None
    unreadable: list[str]
    """Folders whose report cannot be read, and that no page names."""

    @property
    def changed(self) -> bool:
        """Whether anything in the folder is not as it was."""
        return bool(self.made or self.removed or self.pages)


def publish(
    dataset: Path,
    output: Path,
    choice: Choice = Choice(),  # noqa: B008 - frozen
    *,
    pair: tuple[str, str] | None = None,
    url: str = "",
    wait_seconds: float = 0,
    observe: Observer = lambda _report, _folder: None,
    announce: Callable[[list[str]], None] = lambda _names: None,
) -> Published:
    """Make the reports that are missing or outdated, oldest first, and the pages made of all.

    `pair` asks for the report on two snapshots, named as `snapshots.resolve` takes them, in place
    of those of a series. `url` is where the folder will be served. `announce` is told the names of
    the reports before the first is made. A report is there whole or not at all; what another run
    has begun is begun again. Raises BusyError, CensusError where the disk fails,
    ConservationError, DatasetError, UnknownNameError, ParameterError where the folders are not
    apart.
    """
    apart.demand({"the dataset": dataset, "the reports": output})
    index.demand_libraries()
    with connect(dataset) as con, shelf.opened(output, wait_seconds), _quick(con):
        listed = snapshots.listing(con)
        wanted = neighbours(listed, choice) if pair is None else [_resolve(con, listed, pair)]
        missing = _missing(output, wanted)
        todo = missing[: choice.limit]
        announce([report_name(before.snapshot, after.snapshot) for before, after in todo])
        past = gathering.past(con, with_checks=bool(todo))
        made = []
        for before, after in todo:
            with matched(con, before.snapshot, after.snapshot):
                report = gathering.gather(con, before.snapshot, after.snapshot, past)
                shelf.put(output, report.name, files.render(con, report))
            made.append(report)
            observe(report, output / report.name)
        reports, unreadable = shelf.read(output)
        site = explorer.near(output)
        removed = superseded(reports, listed, choice) if pair is None else []
        kept = [report for name, report in reports.items() if name not in removed]
        newest = latest(kept, listed)
        linked = _link(output, kept, site)
        told = index.render(con, listed, newest_first(kept), newest, past.trend, url, site)
        pages = [*(name for name in linked if name not in {each.name for each in made})]
        pages += _write_pages(output, newest, told)
        for name in removed:
            shelf.remove(output, name)
    left = len(missing) - len(todo)
    return Published(made, removed, pages, left, len(kept), newest, unreadable)


def _quick(con: duckdb.DuckDBPyConnection) -> AbstractContextManager[None]:
    """Hold in memory what each query looks up."""
    return holding(con, {name: con.table(name) for name in ("snapshots", "targets")})


def _resolve(
    con: duckdb.DuckDBPyConnection, listed: Sequence[Snapshot], pair: tuple[str, str]
) -> Pair:
    known = {each.snapshot: each for each in listed}
    before, after = (known[snapshots.resolve(con, name)] for name in pair)
    if before == after:
        message = f"{after.snapshot} cannot be compared with itself"
        raise CensusError(message, "name two snapshots; all of them: census snapshots")
    return before, after


def _missing(output: Path, wanted: Sequence[Pair]) -> list[Pair]:
    reports, _ = shelf.read(output)
    return [
        pair
        for pair in wanted
        if not is_current(reports.get(name := report_name(*(p.snapshot for p in pair))), pair)
        or not shelf.is_whole(output, name, files.names())
    ]


def _link(output: Path, reports: Sequence[Report], site: str | None) -> list[str]:
    """Let each report lead to its neighbours in its series and to the explorer; return the new."""
    ranked = newest_first(reports)[::-1]
    written = []
    for series in dict.fromkeys(report.after.series for report in ranked):
        members = [report for report in ranked if report.after.series == series]
        names = ["", *(report.name for report in members), ""]
        for report, previous, following in zip(members, names, names[2:], strict=False):
            links = html.Links(previous, following, site)
            page = f"{report.name}/{files.PAGE}"
            if links.mark.encode() not in (output / page).read_bytes():
                shelf.write(output, page, html.render(report, links).encode())
                written.append(report.name)
    return written


def _write_pages(output: Path, newest: Report | None, pages: Mapping[str, bytes]) -> list[str]:
    """Write the pages made of all reports, and point to the newest; return what is new."""
    written = [name for name, content in pages.items() if shelf.write(output, name, content)]
    if newest is not None and shelf.point_latest(output, newest.name):
        written.append(shelf.LATEST)
    return written
