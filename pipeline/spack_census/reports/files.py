"""The files of one report: data, pages, and a table of each long list for spreadsheets."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import duckdb
import msgspec

from spack_census.ask import formats, queries
from spack_census.ask.escaping import spreadsheet_text
from spack_census.reports import html, markdown
from spack_census.reports.report import Report, encode

DATA = "report.json"
PAGE = "report.html"
MARKDOWN = "report.md"
CHANGES = "changes.csv"


_encoded = json.JSONEncoder(ensure_ascii=False).encode


def names() -> list[str]:
    """Return the names of the files that every report has."""
    return [DATA, PAGE, MARKDOWN, CHANGES, *(f"{name}.csv" for name in _lists())]


def render(con: duckdb.DuckDBPyConnection, report: Report) -> dict[str, bytes]:
    """Return the files of a report by name."""
    tables = {f"{name}.csv": _csv(kind, getattr(report, name)) for name, kind in _lists().items()}
    return {
        DATA: encode(report),
        PAGE: html.render(report).encode(),
        MARKDOWN: markdown.render(report).encode(),
        CHANGES: _changes(con, report),
        **tables,
    }


def _lists() -> dict[str, type[msgspec.Struct]]:
    """Return the lists of a report and the type of their rows."""
    hints = get_type_hints(Report)
    return {name: get_args(hint)[0] for name, hint in hints.items() if get_args(hint)}


def _csv(kind: type[msgspec.Struct], rows: Sequence[msgspec.Struct]) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(kind.__struct_fields__)
    writer.writerows([_text(value) for value in msgspec.structs.astuple(row)] for row in rows)
    return stream.getvalue().encode()


def _text(value: Any) -> str:
    """Return a value as `formats` has it for spreadsheets: nothing for null, lists as JSON."""
    if isinstance(value, list | bool):
        return _encoded(value)
    if isinstance(value, str):
        return spreadsheet_text(value)
    return "" if value is None else str(value)


def _changes(con: duckdb.DuckDBPyConnection, report: Report) -> bytes:
    pair = {"before": report.before.snapshot, "after": report.after.snapshot}
    stream = io.StringIO()
    formats.write_spreadsheet(queries.run(con, queries.load("diff.changes"), pair), stream)
    return stream.getvalue().encode()
