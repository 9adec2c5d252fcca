"""Rows → text or a file for programs: csv, tsv, json, jsonl; parquet.

Tables for people are made by `reports`.

What stands in a cell came from a document, so no format lets it act: control characters never
reach a terminal raw (`escaping`).
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO

import duckdb

from spack_census.ask.escaping import spreadsheet_text, visible
from spack_census.errors import CensusError, ParameterError, QueryError

if TYPE_CHECKING:
    import pyarrow as pa


_PLAIN = {str, int, bool, type(None)}
_encoded = json.JSONEncoder(ensure_ascii=False).encode


def write(relation: duckdb.DuckDBPyRelation, format: str, stream: TextIO) -> None:  # noqa: A002 - what everyone calls it
    """Write a relation's rows as `csv`, `tsv`, `json` or `jsonl` text.

    json is a list of objects whose keys are the column names, jsonl one such object a line; dates
    are ISO 8601, lists arrays. csv and tsv have lists as JSON text and nothing for null. Raises
    ParameterError for any other format, QueryError where the query fails while it runs.
    """
    if format not in _WRITERS:
        raise ParameterError(f"cannot write as {format}", f"formats: {', '.join(_WRITERS)}")
    _WRITERS[format](relation, stream)


def plain_rows(relation: duckdb.DuckDBPyRelation) -> Iterator[tuple[Any, ...]]:
    """Yield rows of values as JSON knows them: text, number, boolean, null, list or mapping.

    Raises QueryError where the query fails while it runs.
    """
    for batch in _batches(_open(relation)):
        # A batch at a time: a whole result as Python objects may not fit in memory.
        yield from zip(*(map(_plain, column.to_pylist()) for column in batch), strict=True)


def all_rows(relation: duckdb.DuckDBPyRelation) -> list[tuple[Any, ...]]:
    """Return the rows of `plain_rows`, all at once: of few it takes a fraction of the time."""
    try:
        rows = relation.fetchall()
    except duckdb.Error as error:
        raise _failed(error) from error
    return [tuple(map(_plain, row)) for row in rows]


def write_parquet(relation: duckdb.DuckDBPyRelation, path: Path) -> None:
    """Write a relation's rows as a Parquet file.

    Raises CensusError where it cannot be written, QueryError where the query fails while it runs;
    either way the file is as it was.
    """
    # The connection is locked and may not write files, so Arrow does.
    draft = path.with_name(f"{path.name}.part")
    try:
        with draft.open("wb") as file:
            stream_parquet(relation, file)
        draft.replace(path)
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise CensusError(message, "name a place that can be written: --output FILE") from error
    finally:
        draft.unlink(missing_ok=True)


def stream_parquet(relation: duckdb.DuckDBPyRelation, stream: BinaryIO) -> None:
    """Write a relation's rows to a stream as Parquet; raises QueryError where the query fails."""
    import pyarrow.parquet as pq

    reader = _open(relation)
    with pq.ParquetWriter(stream, reader.schema, compression="zstd") as writer:
        for batch in _batches(reader):
            writer.write_batch(batch)


def write_spreadsheet(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    """Write a relation's rows as csv for spreadsheets, in which no text is a formula.

    Raises QueryError where the query fails while it runs.
    """
    _write_rows(relation.columns, all_rows(relation), stream, _spreadsheet_cell)


def _open(relation: duckdb.DuckDBPyRelation) -> pa.RecordBatchReader:
    try:
        return relation.to_arrow_reader()
    except duckdb.Error as error:
        raise _failed(error) from error


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield the batches of a reader; the query runs meanwhile, and may fail meanwhile."""
    import pyarrow as pa

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


def _number(value: float | Decimal) -> float | None:
    if isinstance(value, Decimal):
        # Sums of counts come as decimals without a fraction.
        return int(value) if value == value.to_integral_value() else float(value)
    return value if math.isfinite(value) else None


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it: text, number, boolean, null, list or mapping."""
    if type(value) in _PLAIN:
        return value
    if isinstance(value, float | Decimal):
        return _number(value)
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
    return _encoded(value)


def _write_csv(relation: duckdb.DuckDBPyRelation, stream: TextIO, delimiter: str = ",") -> None:
    # Into a file goes what the data say; a terminal would obey it.
    spell = visible if stream.isatty() else str
    rows = plain_rows(relation)
    _write_rows(relation.columns, rows, stream, lambda value: spell(_text(value)), delimiter)


def _spreadsheet_cell(value: Any) -> str:
    return spreadsheet_text(value) if isinstance(value, str) else _text(value)


def _write_rows(
    columns: Iterable[str],
    rows: Iterable[tuple[Any, ...]],
    stream: TextIO,
    spell: Callable[[Any], str],
    delimiter: str = ",",
) -> None:
    writer = csv.writer(stream, lineterminator="\n", delimiter=delimiter)
    writer.writerow(map(spell, columns))
    for row in rows:
        cells = [spell(value) for value in row]
        if "\r" in "".join(cells):
            stream.write(_csv_line(cells, delimiter))
        else:
            writer.writerow(cells)


def _csv_line(cells: list[str], delimiter: str) -> str:
    # Before Python 3.13 `csv` quotes a carriage return only where it ends lines, too: the cell
    # would go on as a row of its own.
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n", delimiter=delimiter).writerow(cells)
    return line.getvalue().removesuffix("\r\n") + "\n"


def _write_json(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    between = "[\n"
    for line in _objects(relation):
        stream.write(between + line)
        between = ",\n"
    stream.write("[]\n" if between == "[\n" else "\n]\n")


def _write_jsonl(relation: duckdb.DuckDBPyRelation, stream: TextIO) -> None:
    stream.writelines(f"{line}\n" for line in _objects(relation))


def _objects(relation: duckdb.DuckDBPyRelation) -> Iterator[str]:
    names = relation.columns
    for row in plain_rows(relation):
        # ASCII alone: JSON's escapes keep controls from a terminal and lose nothing.
        yield json.dumps(dict(zip(names, row, strict=True)))


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyRelation, TextIO], None]] = {
    "csv": _write_csv,
    "tsv": partial(_write_csv, delimiter="\t"),
    "json": _write_json,
    "jsonl": _write_jsonl,
}
