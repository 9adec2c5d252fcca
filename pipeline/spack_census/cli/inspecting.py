"""The commands that show what is there: snapshots, queries, rejects, check, path, sql."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spack_census.cli.options import (
    DEFAULT_DATASET,
    Dataset,
    ExitCode,
    Format,
    Queries,
    RowFormat,
)
from spack_census.cli.printing import write_rows

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


def snapshots(dataset: Dataset = DEFAULT_DATASET, format: RowFormat = Format.TABLE) -> None:  # noqa: A002 - the option's name
    """List the snapshots of the dataset, oldest first within each series.

    Example: census snapshots
    """
    from spack_census.database import connect

    with connect(dataset) as connection:
        write_rows(connection.sql(_SNAPSHOTS), format)


def queries(queries: Queries = None, format: RowFormat = Format.TABLE) -> None:  # noqa: A002 - the option's name
    """List the questions that can be asked.

    Example: census queries
    """
    import duckdb
    import pyarrow as pa

    from spack_census.queries import catalogue

    found = catalogue(queries).values()
    rows = pa.table(
        {
            "query": [query.name for query in found],
            "parameters": [", ".join(query.params) for query in found],
            "question": [query.title for query in found],
        }
    )
    with duckdb.connect(":memory:") as connection:
        write_rows(connection.from_arrow(rows), format)


def rejects(
    snapshot: Annotated[
        str | None, typer.Option("--snapshot", metavar="NAME", help="Of this snapshot only.")
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
) -> None:
    """List what could not be used, why, and what to do about it.

    Example: census rejects --format csv
    """
    from spack_census.database import connect
    from spack_census.snapshots import resolve

    with connect(dataset) as connection:
        name = None if snapshot is None else resolve(connection, snapshot)
        write_rows(connection.sql(_REJECTS, params={"snapshot": name}), format)


def check(dataset: Dataset = DEFAULT_DATASET, queries: Queries = None) -> int:
    """Run the checks on the dataset; exit with 1 if one finds a failing row.

    Example: census check
    """
    from spack_census import formats
    from spack_census.database import connect
    from spack_census.queries import catalogue, run

    failed = 0
    with connect(dataset, queries) as connection:
        for query in catalogue(queries).values():
            if not query.name.startswith("checks."):
                continue
            rows = run(connection, query, {})
            number = len(rows)
            failed += number > 0
            print(f"{'FAILED' if number else 'ok':<7} {query.name:<26} {query.title}")
            if number:
                formats.write(rows.limit(_SAMPLE), "table", sys.stdout)
                print(f"{number:,} failing rows: census query {query.name}")
    return ExitCode.DIFFERENT if failed else ExitCode.OK


def path(dataset: Dataset = DEFAULT_DATASET) -> None:
    """Print the folder of the current version, which no later build will change.

    Example: duckdb -c "select count(*) from '$(census path)/specs/**/*.parquet'"
    """
    from spack_census.dataset import pin

    print(pin(Path(dataset)))


def sql(dataset: Dataset = DEFAULT_DATASET, queries: Queries = None) -> None:
    """Print SQL that makes the views and macros in any DuckDB shell or notebook.

    Example: census sql > census.sql; duckdb -init census.sql
    """
    from spack_census.database import script

    sys.stdout.write(script(dataset, queries))
