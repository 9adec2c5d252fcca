"""The commands that show what is there: snapshots, queries, rejects, check, verify, sql."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, TextIO

from spack_census.cli import opening, scaling
from spack_census.cli.declaring import Option
from spack_census.cli.options import (
    DEFAULT_DATASET,
    Dataset,
    ExitCode,
    Format,
    Queries,
    RowFormat,
    Wide,
    other_dataset,
    words,
)
from spack_census.cli.printing import shown, write_rows

if TYPE_CHECKING:
    from spack_census.dataset.verify import Verification

_SAMPLE = 5

_SNAPSHOTS = """
select
    snapshot, series, snapshot_date, hash_epoch, num_packages, num_specs, num_documents,
    num_documents_rejected, num_specs_rejected
from snapshots
order by series, series_order
"""
_REJECTS = """
select snapshot, package, path, scope, reason, place, message, remedy
from rejects
where snapshot = $snapshot or $snapshot is null
order by snapshot nulls last, path, place, reason, message
"""
_LISTED = (
    *("snapshot_date", "num_specs", "num_packages", "num_specs_rejected"),
    *("num_documents_rejected", "num_documents", "series", "hash_epoch"),
)
_REJECTED = ("reason", "message", "remedy", "path", "place", "snapshot", "scope")


def snapshots(
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> None:
    """List the snapshots of the dataset, oldest first within each series.

    Example: census snapshots
    """
    from spack_census.ask.database import connect

    with connect(dataset, diffs=False) as connection:
        write_rows(connection.sql(_SNAPSHOTS), format, ranks=_LISTED, wide=wide)


def queries(
    queries: Queries = None,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> None:
    """List the questions that can be asked.

    Example: census queries
    """
    import duckdb

    from spack_census.ask.held import made
    from spack_census.ask.queries import catalogue

    types = dict.fromkeys(("query", "parameters", "question"), "varchar")
    found = (
        (each.name, ", ".join(each.params), each.title) for each in catalogue(queries).values()
    )
    with duckdb.connect(":memory:") as con:
        rows = made(con, types, found)
        write_rows(rows, format, ranks=("question", "parameters"), wide=wide)


def rejects(
    snapshot: Annotated[
        str | None, Option("--snapshot", metavar="NAME", help="Of this snapshot only.")
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> None:
    """List what could not be used, why, and what to do about it.

    Example: census rejects --format csv
    """
    from spack_census.ask.database import connect
    from spack_census.ask.snapshots import resolve

    with connect(dataset, diffs=False) as connection:
        name = None if snapshot is None else resolve(connection, snapshot)
        rows = connection.sql(_REJECTS, params={"snapshot": name})
        write_rows(rows, format, ranks=_REJECTED, wide=wide)


def check(dataset: Dataset = DEFAULT_DATASET, queries: Queries = None, wide: Wide = False) -> int:
    """Run the checks on the dataset; exit with 1 if one finds a failing row.

    What two snapshots have to agree in is looked for in the newest two of each series.

    Example: census check
    """
    from spack_census.ask import rules, snapshots
    from spack_census.ask.database import connect
    from spack_census.ask.queries import catalogue, run
    from spack_census.reports import text
    from spack_census.reports.rows import table
    from spack_census.reports.sections import Cell, Column, Kind, Section, Table

    columns = (
        Column("", tone="strong"),
        Column("check"),
        Column("rows that fail", Kind.COUNT, "bad"),
        Column("looks for", Kind.TEXT, rank=1),
    )
    done: list[tuple[Cell, ...]] = []
    failing = []
    given = {"--queries": queries, "--dataset": other_dataset(dataset)}
    with connect(dataset, queries) as connection:
        pairs = snapshots.newest_pairs(connection)
        for query in catalogue(queries).values():
            if not query.name.startswith("checks."):
                continue
            number = 0
            for params in pairs if "before" in query.params else [{}]:
                rows = table(run(connection, query, params))
                number += len(rows.rows)
                if rows.rows:
                    rest = _again(query.name, params, given)
                    shown_rows = replace(rows, command=rest, limit=_SAMPLE)
                    failing.append(Section(query.name, tables=[shown_rows]))
            done.append(("FAILED" if number else "ok", query.name, number, query.title))
        text.show([Section(tables=[Table(columns, done)]), *failing], sys.stdout, wide=wide)
        note = rules.told(snapshots.listing(connection))
    if note:
        print(f"note: {note}", file=sys.stderr)
    return ExitCode.DIFFERENT if failing else ExitCode.OK


def _again(name: str, params: Mapping[str, str], given: Mapping[str, object]) -> str:
    pair = [word for key, value in params.items() for word in ("-p", f"{key}={value}")]
    return shlex.join(["census", "query", name, *pair, *words(given)])


def verify(
    repair: Annotated[
        str | None,
        Option("--repair", metavar="SOURCE", help="Build anew from here what is damaged."),
    ] = None,
    rename: opening.Rename = None,
    allow_partial: opening.AllowPartial = False,
    with_sizes: opening.WithSizes = False,
    view: opening.View = None,
    from_specs: opening.FromSpecs = False,
    git: opening.Git = False,
    rev: opening.Rev = None,
    since: opening.Since = None,
    folder: opening.Folder = None,
    every: opening.States = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Read every byte of the dataset again; exit with 1 if something is not as it was written.

    --repair takes the options that the damaged snapshots were built with.

    Example: census verify --repair documents
    """
    from spack_census.building import builder
    from spack_census.cli.building import progress
    from spack_census.dataset.verify import verify as read_again
    from spack_census.sources.model import Reading

    found = read_again(dataset)
    if repair is not None and found.findings:
        _print_findings(found, Format.TABLE, sys.stderr, wide=wide)
        reading = Reading(with_sizes, view, from_specs)
        origin = opening.opened(repair, rename, rev, since, folder, every, reading=reading, git=git)
        with progress() as observe, scaling.no_collections():
            builder.build(
                origin,
                dataset,
                rename=rename,
                allow_partial=allow_partial,
                damaged=found.damaged,
                observe=observe,
            )
        found = read_again(dataset)
    _print_findings(found, format, sys.stdout, wide=wide)
    return ExitCode.DIFFERENT if found.findings else ExitCode.OK


def _print_findings(found: Verification, form: Format, stream: TextIO, *, wide: bool) -> None:
    import duckdb

    from spack_census.ask.held import made
    from spack_census.dataset.verify import Finding

    files, rows = len(found.manifest.files), sum(found.manifest.counts.values())
    read = f"{files:,} files, {rows:,} rows, {found.num_bytes / 1e6:.1f} MB read again"
    wrong = f"{len(found.findings):,} found wrong" if found.findings else "all as it was written"
    talk = stream if form is Format.TABLE else sys.stderr
    print(f"{shown(found.version)}\n{read}: {wrong}", file=talk)
    if found.findings or form is not Format.TABLE:
        types = dict.fromkeys(Finding._fields, "varchar")
        with duckdb.connect(":memory:") as con:
            write_rows(made(con, types, found.findings), form, stream, wide=wide)


def sql(dataset: Dataset = DEFAULT_DATASET, queries: Queries = None) -> None:
    """Print SQL that makes the views and macros in any DuckDB shell or notebook.

    Example: census sql > census.sql; duckdb -init census.sql
    """
    from spack_census.ask.database import script

    sys.stdout.write(script(dataset, queries))
