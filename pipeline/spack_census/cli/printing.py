"""Answers to stdout or a file: tables for people, rows for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from spack_census.cli.options import Format
from spack_census.errors import CensusError, ParameterError, QueryError

if TYPE_CHECKING:
    import duckdb

    from spack_census.reports.sections import Section


def answer(
    sections: Callable[[], Iterable[Section]],
    rows: Callable[[], duckdb.DuckDBPyRelation],
    form: Format,
    *,
    wide: bool = False,
) -> None:
    """Print an answer: its sections as lines for people, or its rows in another format."""
    from spack_census.reports import text

    if form is Format.TABLE:
        text.show(sections(), sys.stdout, wide=wide)
    else:
        write_rows(rows(), form)


def write_rows(
    rows: duckdb.DuckDBPyRelation,
    form: Format,
    output: Path | TextIO | None = None,
    *,
    ranks: tuple[str, ...] = (),
    wide: bool = False,
    nothing: str = "",
) -> None:
    """Write rows as this format to stdout, a stream or a file; raises CensusError if that fails.

    `ranks` are the columns of a table that may give way on a narrow terminal, those that stay
    longest first; `nothing` is said on stderr where a table has no rows.
    """
    import duckdb

    from spack_census.ask import formats

    try:
        if not isinstance(output, Path):
            _write(rows, form, output or sys.stdout, ranks, wide=wide, nothing=nothing)
        elif form is Format.PARQUET:
            formats.write_parquet(rows, output)
        else:
            with output.open("w", encoding="utf-8", newline="") as stream:
                _write(rows, form, stream, ranks, wide=wide)
    except duckdb.Error as error:
        # A relation runs when its rows are fetched, so a query's own error() arises here.
        raise QueryError(str(error).partition("Error: ")[2] or str(error)) from error
    except OSError as error:
        if not isinstance(output, Path):
            raise
        message = f"cannot write {output}: {error.strerror}"
        raise CensusError(message, "name a place that can be written") from error


def _write(
    rows: duckdb.DuckDBPyRelation,
    form: Format,
    stream: TextIO,
    ranks: tuple[str, ...],
    *,
    wide: bool,
    nothing: str = "",
) -> None:
    from spack_census.ask import formats
    from spack_census.reports import markdown, text
    from spack_census.reports.rows import table
    from spack_census.reports.sections import Section

    if form is Format.PARQUET and stream.isatty():
        message = "Parquet is not for a terminal"
        raise ParameterError(message, "send it to a file: … --format parquet > FILE")
    if form is Format.PARQUET:
        formats.stream_parquet(rows, stream.buffer)
    elif form is Format.TABLE:
        found = table(rows, ranks)
        text.show([Section(tables=[found])], stream, wide=wide)
        if nothing and not found.rows:
            print(nothing, file=sys.stderr)
    elif form is Format.MARKDOWN:
        stream.write(f"{markdown.table(table(rows))}\n")
    else:
        formats.write(rows, form, stream)


def shown(path: Path | str) -> str:
    """Return a path as a terminal may show it: it need not be UTF-8, nor harmless."""
    from spack_census.ask.escaping import visible

    return visible(os.fsencode(path).decode(errors="backslashreplace"))
