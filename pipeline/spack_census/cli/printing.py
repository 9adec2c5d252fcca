"""Rows to stdout or a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from spack_census.errors import CensusError, ParameterError, QueryError

if TYPE_CHECKING:
    import duckdb


def write_rows(
    rows: duckdb.DuckDBPyRelation,
    form: str,
    output: Path | None = None,
) -> None:
    """Write rows as this format to stdout, or to a file; raises CensusError if that fails."""
    import duckdb

    try:
        _write(rows, form, output)
    except duckdb.Error as error:
        # A relation runs when its rows are fetched, so a query's own error() arises here.
        raise QueryError(str(error).partition("Error: ")[2] or str(error)) from error


def _write(rows: duckdb.DuckDBPyRelation, form: str, output: Path | None) -> None:
    from spack_census.ask import formats

    if form == "parquet":
        if output is None:
            raise ParameterError("parquet goes to a file", "name it: --output FILE")
        formats.write_parquet(rows, output)
    elif output is None:
        formats.write(rows, form, sys.stdout)
    else:
        try:
            with output.open("w", encoding="utf-8", newline="") as stream:
                formats.write(rows, form, stream)
        except OSError as error:
            message = f"cannot write {output}: {error.strerror}"
            raise CensusError(message, "name a place that can be written") from error


def shown(path: Path | str) -> str:
    """Return a path as a terminal may show it: it need not be UTF-8, nor harmless."""
    from spack_census.ask.formats import visible

    return visible(os.fsencode(path).decode(errors="backslashreplace"))
