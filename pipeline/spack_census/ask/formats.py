"""Rows → text or a file: table, csv, json, markdown; parquet.

What stands in a cell came from a document, so no format lets it act: control characters never
reach a terminal raw, and Markdown's own characters are escaped.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from spack_census.errors import CensusError, ParameterError, QueryError

_UNSAFE = re.compile(
    # Controls steer a terminal; the others hide text or turn its direction around.
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u2069\ufeff]"
)
_MARKDOWN = re.compile(r"[\\`*\[\]~|]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_NUMBERS = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL\(.*\)")


def write(relation: duckdb.DuckDBPyRelation, format: str, stream: TextIO) -> None:  # noqa: A002 - what everyone calls it
    """Write a relation's rows as `table`, `csv`, `json` or `markdown` text.

    json is a list of objects whose keys are the column names; dates are ISO 8601, lists arrays.
    csv has lists as JSON text and nothing for null. A table is as wide as its rows where the
    stream is no terminal. Raises ParameterError for any other format, QueryError where the query
    fails while it runs.
    """
    if format not in _WRITERS:
        steps = ["parquet goes to a file: --output FILE"] if format == "parquet" else []
        message = f"cannot print as {format}"
        raise ParameterError(message, *steps, f"formats: {', '.join(_WRITERS)}")
    _WRITERS[format](relation, stream)


def write_parquet(relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write a relation's rows as a Parquet file.

    Raises CensusError where it cannot be written, QueryError where the query fails while it runs;
    either way the file is as it was.
    """
    # The connection is locked and may not write files, so Arrow does.
    draft = path.with_name(f"{path.name}.part")
    reader = _open(relation)
    try:
        with (
            draft.open("wb") as file,
            pq.ParquetWriter(file, reader.schema, compression="zstd") as writer,
        ):
            for batch in _batches(reader):
                writer.write_batch(batch)
        draft.replace(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise CensusError(message, "name a place that can be written: --output FILE") from error
    finally:
        draft.unlink(missing_ok=True)


def visible(text: str) -> str:
    """Return text with each character that could act on a terminal spelled as an escape."""
    return _UNSAFE.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def markdown_text(text: str) -> str:
    """Return text as it stands in Markdown, also in a cell of a table, where none of it acts."""
    return _MARKDOWN.sub(r"\\\g<0>", visible(text)).translate(_HTML)


def _open(relation: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    try:
        return relation.to_arrow_reader()
    except duckdb.Error as error:
        raise _failed(error) from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a reader; the query runs meanwhile, and may fail meanwhile."""
    try:
        with reader:
            yield from reader
    # Arrow hands on DuckDB's errors as errors of input and output.
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        raise _failed(error) from error


def _failed(error: Exception) -> QueryError:
    # DuckDB's name of the error's kind says nothing to a reader; a query's own error() does.
    message = str(error)
    return QueryError(f"the query failed: {message.partition('Error: ')[2] or message}")


def _rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    """Yield rows a batch at a time: a whole result as Python objects may not fit in memory."""
    for batch in _batches(_open(relation)):
        yield from zip(*(map(_plain, column.to_pylist()) for column in batch), strict=True)


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: text, number, boolean, null, list or mapping."""
    if isinstance(value, Decimal):
        # Sums of counts come as decimals without a fraction.
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _text(value: Any) -> str:
    """Return a plain value as text: null is empty, lists and mappings are JSON."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _cell(value: Any) -> str:
    """Return a plain value as people read it: counts with commas, lists without brackets."""
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        return visible(", ".join(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return visible(_text(value))


def _numeric(relation: duckdb.DuckDBPyRelation) -> list[bool]:
    return [_NUMBERS.fullmatch(str(type_)) is not None for type_ in relation.types]


def _write_table(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    header = [visible(name) for name in relation.columns]
    rows = [[_cell(value) for value in row] for row in _rows(relation)]
    numeric = _numeric(relation)
    write_lines = _write_rich if stream.isatty() else _write_aligned
    write_lines(header, rows, numeric, stream)


def _write_rich(
    header: list[str], rows: list[list[str]], numeric: list[bool], stream: TextIO
) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name, right in zip(header, numeric, strict=True):
        table.add_column(Text(name), justify="right" if right else "left", overflow="fold")
    for row in rows:
        # As Text: a string would be read as rich's markup.
        table.add_row(*map(Text, row))
    Console(file=stream, highlight=False).print(table)


def _write_aligned(
    header: list[str], rows: list[list[str]], numeric: list[bool], stream: TextIO
) -> None:
    widths = [max(map(cell_len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = []
        for text, width, right in zip(row, widths, numeric, strict=True):
            padding = " " * (width - cell_len(text))
            cells.append(padding + text if right else text + padding)
        stream.write("  ".join(cells).rstrip() + "\n")


def _write_csv(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    # Into a file goes what the data say; a terminal would obey it.
    spell = visible if stream.isatty() else str
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(map(spell, relation.columns))
    for row in _rows(relation):
        cells = [spell(_text(value)) for value in row]
        if "\r" in "".join(cells):
            stream.write(_csv_line(cells))
        else:
            writer.writerow(cells)


def _csv_line(cells: list[str]) -> str:
    # Before Python 3.13 `csv` quotes a carriage return only where it ends lines, too: the cell
    # would go on as a row of its own.
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _write_json(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    names = relation.columns
    between = "[\n"
    for row in _rows(relation):
        # ASCII alone: JSON's escapes keep controls from a terminal and lose nothing.
        stream.write(between + json.dumps(dict(zip(names, row, strict=True))))
        between = ",\n"
    stream.write("[]\n" if between == "[\n" else "\n]\n")


def _write_markdown(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    rules = ["---:" if right else "---" for right in _numeric(relation)]
    stream.write(_markdown_line([markdown_text(name) for name in relation.columns]))
    stream.write(_markdown_line(rules))
    stream.writelines(
        _markdown_line([markdown_text(_cell(value)) for value in row]) for row in _rows(relation)
    )


def _markdown_line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyRelation, TextIO], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "markdown": _write_markdown,
}
