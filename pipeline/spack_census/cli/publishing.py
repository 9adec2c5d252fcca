"""The commands that bring what is published up to date: report, site, export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import DEFAULT_DATASET, Dataset, ExitCode
from spack_census.errors import ParameterError

if TYPE_CHECKING:
    from spack_census.reports.publish import Published
    from spack_census.reports.report import Report

DEFAULT_OUTPUT = Path("output/reports")
DEFAULT_SITE = Path("output/site")
DEFAULT_EXPORT = Path("output/data")
Before = Annotated[
    str | None, Argument(metavar="BEFORE", help="Compare these two only, whatever series.")
]
After = Annotated[str | None, Argument(metavar="AFTER", help="The later of the two.")]


def report(
    before: Before = None,
    after: After = None,
    output: Annotated[
        Path, Option("-o", "--output", metavar="DIR", help="Folder of the reports.")
    ] = DEFAULT_OUTPUT,
    series: Annotated[
        str | None, Option("--series", metavar="NAME", help="Series; by default the main.")
    ] = None,
    since: Annotated[
        str | None,
        Option("--since", metavar="DATE", help="None older than this date or snapshot."),
    ] = None,
    limit: Annotated[
        int | None, Option("--limit", min=1, metavar="N", help="Make N reports at most.")
    ] = None,
    url: Annotated[
        str, Option("--url", metavar="URL", help="Where the folder is served, for the feed.")
    ] = "",
    github: Annotated[
        bool, Option("--github", help="Tell a GitHub Actions job what changed.")
    ] = False,
    exit_code: Annotated[
        bool, Option("--exit-code", help="Exit with 1 if a report was made, 0 if none.")
    ] = False,
    wait: Annotated[
        float, Option("--wait", min=0, metavar="SECONDS", help="Wait for another run to end.")
    ] = 0,
    dataset: Dataset = DEFAULT_DATASET,
) -> int:
    """Report on each snapshot that has no report yet: what changed since the one before it.

    Each report is a folder with report.html, report.md, report.json and
    tables as csv; index.html, feed.xml and latest/ are made of all.
    Prints the folders of new reports.

    Example: census report --since 2025-01-01
    """
    from spack_census.reports.choice import Choice
    from spack_census.reports.publish import publish
    from spack_census.schedule import github as actions

    if (before is None) != (after is None):
        raise ParameterError(
            "a report is on two snapshots", "name both: census report BEFORE AFTER"
        )
    if before is not None and (series or since or limit):
        message = "--series, --since and --limit choose among snapshots, and two were named"
        raise ParameterError(message, "leave out the one or the other")
    if github:
        actions.demand_job()
    published = publish(
        dataset,
        output,
        Choice(series=series, since=since, limit=limit),
        pair=(before, after) if before is not None and after is not None else None,
        url=url,
        wait_seconds=wait,
        observe=tell,
    )
    tell_rest(published, output)
    if github:
        actions.tell_job([published], url)
    return ExitCode.DIFFERENT if exit_code and published.made else ExitCode.OK


def site(
    output: Annotated[
        Path, Option("-o", "--output", metavar="DIR", help="Folder of the explorer.")
    ] = DEFAULT_SITE,
    reports: Annotated[
        Path | None,
        Option("--reports", metavar="DIR", help="Reports to link to; else DIR/reports."),
    ] = None,
    wait: Annotated[
        float, Option("--wait", min=0, metavar="SECONDS", help="Wait for another run to end.")
    ] = 0,
    dataset: Dataset = DEFAULT_DATASET,
) -> None:
    """Write the explorer: search, package pages, coverage, changes, in a browser.

    A folder that any static host, or a double click on index.html, shows;
    it asks no other host. Prints the path of index.html.

    Example: census site --output public/site
    """
    from spack_census.ask.escaping import visible
    from spack_census.site.publish import PAGE, publish

    published = publish(dataset, output, reports, wait)
    print(visible(published.said), file=sys.stderr)
    print(visible(str(output / PAGE)), flush=True)


def export(
    output: Annotated[
        Path, Option("-o", "--output", metavar="DIR", help="Folder of the files.")
    ] = DEFAULT_EXPORT,
    url: Annotated[
        str,
        Option("--url", metavar="URL", help="Where the folder is served, for census.sql."),
    ] = "",
    wait: Annotated[
        float, Option("--wait", min=0, metavar="SECONDS", help="Wait for another run to end.")
    ] = 0,
    dataset: Dataset = DEFAULT_DATASET,
) -> None:
    """Write the dataset for those without census: one Parquet file a table, described.

    Beside them census.sql (views and macros for DuckDB), datapackage.json,
    croissant.json and SHA256SUMS. Any static host serves it. Prints the
    paths of what is new.

    Example: census export --output public/data --url https://example.org/data
    """
    from spack_census.ask.escaping import visible
    from spack_census.export.publish import publish

    done = publish(dataset, output, url, wait)
    print(visible(f"{output}: {done.said}"), file=sys.stderr)
    for name in done.written:
        print(visible(str(output / name)), flush=True)


def tell(made: Report, folder: Path) -> None:
    """Print the folder of a new report, and what it says to whoever watches."""
    from spack_census.ask.escaping import visible

    print(visible(f"{made.after.snapshot}: {made.headline}"), file=sys.stderr)
    print(visible(str(folder)), flush=True)


def tell_rest(published: Published, output: Path) -> None:
    """Say on stderr what else a run did, or that there was nothing new."""
    from spack_census.ask.escaping import visible
    from spack_census.errors import many

    lines = [f"removed {name}: newer ones are kept" for name in published.removed]
    lines += [f"note: {name} holds no report that can be read" for name in published.unreadable]
    lines += [
        f"note: {report.after.snapshot} has no date, so feed.xml has no entry for it"
        for report in published.made
        if report.after.snapshot_date is None
    ]
    if published.num_left:
        lines.append(f"{published.num_left:,} left for the next run")
    if not published.made:
        newest = f", the newest {published.latest.name}" if published.latest else ""
        lines.append(f"nothing new: {many(published.num_reports, 'report')} in {output}{newest}")
    for line in lines:
        print(visible(line), file=sys.stderr)
