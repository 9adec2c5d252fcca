"""The commands that answer questions: query."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spack_census.cli.options import DEFAULT_DATASET, Dataset, FileFormat, Queries
from spack_census.cli.printing import write_rows
from spack_census.errors import ParameterError


def query(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Name, such as coverage.by_target.")],
    parameters: Annotated[
        list[str] | None,
        typer.Option("-p", "--param", metavar="KEY=VALUE", help="A parameter of the query."),
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: Annotated[  # noqa: A002 - the option's name
        FileFormat, typer.Option("--format", help="How to write the rows.")
    ] = FileFormat.TABLE,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write to this file.")
    ] = None,
    queries: Queries = None,
) -> None:
    """Run one query of the catalogue.

    Example: census query diff.packages -p before=previous -p after=latest --format csv
    """
    from spack_census.database import connect
    from spack_census.queries import load, run

    chosen = load(name, queries)
    with connect(dataset, queries) as connection:
        rows = run(connection, chosen, _pairs(parameters or []))
        write_rows(rows, format, output)


def _pairs(parameters: list[str]) -> dict[str, str]:
    pairs = {}
    for parameter in parameters:
        key, equals, value = parameter.partition("=")
        if not equals or not key:
            raise ParameterError(
                f"-p {parameter}: KEY=VALUE belongs here", "such as -p after=latest"
            )
        if key in pairs:
            raise ParameterError(f"-p {key} is given twice", "give it once")
        pairs[key] = value
    return pairs
