"""A dataset → DuckDB: a locked connection with the views and macros, or the SQL that makes them.

The connection reads one pinned version, whatever is published meanwhile. Whoever writes SQL for it
can read the dataset's files and nothing else: no other file, no network, no extension, no change
of the configuration.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from spack_census.ask.queries import VIEWS, find_root, load, run
from spack_census.dataset import formats, schema
from spack_census.dataset.layout import Manifest, demand_files, pin, read_manifest
from spack_census.errors import QueryError

if TYPE_CHECKING:
    import pyarrow as pa

_DIFFS = ("changes", "rebuild_causes")
"""Files of views that take longer to define, for DuckDB binds what it defines, than most questions
to answer."""


def connect(
    dataset: Path | str, queries: Path | None = None, *, diffs: bool = True
) -> duckdb.DuckDBPyConnection:
    """Return a connection to the dataset's current version, with its views and macros, locked.

    There is one view for each table of `schema.TABLES`, under its name and with its columns in
    order, and what `queries/views/*.sql` define, without `diffs` neither `changes` nor `causes`;
    `queries` is a folder whose views come on top of them. Raises DatasetError where there
    is no dataset or a file of it is missing, QueryError where a view's SQL is wrong.
    """
    version = pin(Path(dataset))
    manifest = read_manifest(version)
    demand_files(version, manifest)
    con = duckdb.connect(":memory:")
    for view in _base_views(version, manifest):
        con.execute(view)
    _define(con, _view_files(queries, diffs=diffs))
    _lock(con, version, manifest)
    return con


def connect_rows(
    tables: Mapping[str, pa.Table], *, diffs: bool = True
) -> duckdb.DuckDBPyConnection:
    """Return a connection to rows in memory, with views and macros as `connect` gives it, locked.

    A table of `schema.TABLES` that is not given is empty.
    """
    con = duckdb.connect(":memory:")
    for table in schema.TABLES:
        con.register("given", tables.get(table.name, table.arrow.empty_table()))
        con.execute(f"create table {table.name} as from given")
        con.unregister("given")
    _define(con, _view_files(None, diffs=diffs))
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def query(dataset: Path | str, name: str, /, **params: Any) -> duckdb.DuckDBPyRelation:
    """Return the rows of a checked-in query on a dataset's current version.

    `query("output/dataset", "coverage.by_target", snapshot="latest").pl()`; the relation keeps its
    connection open. Raises what `connect`, `load` and `run` raise.
    """
    asked = load(name)
    return run(connect(dataset, diffs=asked.compares), asked, params)


def script(dataset: Path | str, queries: Path | None = None) -> str:
    """Return SQL that makes the views and macros of `connect` in any DuckDB 2 shell.

    It names the current version's folder: a shell that runs it goes on reading that version.
    Raises DatasetError as `connect` does.
    """
    version = pin(Path(dataset))
    manifest = read_manifest(version)
    demand_files(version, manifest)
    return joined([*_base_views(version, manifest), *definitions(queries)])


def definitions(queries: Path | None = None) -> list[str]:
    """Return the statements that make views and macros of the tables, in order.

    Raises QueryError where there is no folder of queries.
    """
    return [path.read_text(encoding="utf-8").strip().rstrip(";") for path in _view_files(queries)]


def joined(statements: list[str]) -> str:
    """Return statements as the text of a script."""
    return ";\n\n".join(statements) + ";\n"


def _define(con: duckdb.DuckDBPyConnection, paths: list[Path]) -> None:
    # Else DuckDB draws a bar into what is being printed, wherever a query takes two seconds. In a
    # notebook it draws none without ipywidgets, and then says no to this too.
    with suppress(duckdb.InvalidInputException):
        con.execute("set enable_progress_bar = false")
    for path in paths:
        try:
            con.execute(path.read_text(encoding="utf-8"))
        except duckdb.Error as error:
            raise QueryError(f"{path}: {error}", "mend the SQL of this file") from error


def _base_views(version: Path, manifest: Manifest) -> list[str]:
    present = {file.table for file in manifest.files}
    return [
        f"create or replace view {table.name} as\n"
        + (_scan(version, manifest, table) if table.name in present else _nothing(table))
        for table in schema.TABLES
    ]


def _scan(version: Path, manifest: Manifest, table: schema.Table) -> str:
    columns = ", ".join(_columns(version, manifest, table))
    # Types are given: a reader would take 2024-01-01 for a date and 007 for 7.
    types = ", ".join(f"{name}: varchar" for name in table.partitions)
    hive = f"true, hive_types = {{{types}}}" if types else "false"
    source = f"{quoted(_glob(version, table))}, hive_partitioning = {hive}"
    return f"select {columns}\nfrom read_parquet({source})"


def _columns(version: Path, manifest: Manifest, table: schema.Table) -> list[str]:
    """Return the columns of a table in SQL, whatever format the files are of."""
    of_format = formats.number(manifest.format)
    had = {column.name for column in table.columns if column.since <= of_format}
    made = _respelled(version, manifest, table, of_format)
    found = []
    for column in table.columns:
        if column.name in made:
            decides, values = made[column.name]
            otherwise = column.name if column.name in had else decides
            cases = [f"when {quoted(old)} then {quoted(new)}" for old, new in values.items()]
            text = f"case {decides} {' '.join(cases)} else {otherwise} end" if cases else otherwise
            found.append(f"{text} as {column.name}")
        elif column.name in had:
            found.append(column.name)
        else:
            value = "null" if column.nullable else "[]"
            found.append(f"{value}::{column.stored.sql} as {column.name}")
    return found


def _respelled(
    version: Path, manifest: Manifest, table: schema.Table, of_format: int
) -> dict[str, tuple[str, dict[str, str]]]:
    if of_format == schema.FORMAT:
        return {}
    from spack_census.dataset import older

    return older.respelled(version, manifest.files, table, of_format)


def _nothing(table: schema.Table) -> str:
    columns = ", ".join(f"null::{c.stored.sql} as {c.name}" for c in table.columns)
    return f"select {columns}\nwhere false"


def _glob(version: Path, table: schema.Table) -> str:
    return f"{_plain(version)}/{table.name}/{'*/' * len(table.partitions)}*.parquet"


def _plain(path: Path) -> str:
    """Return a glob that matches this path alone, whatever characters its folders bear."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def quoted(text: str) -> str:
    """Return text as a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def _view_files(queries: Path | None, *, diffs: bool = True) -> list[Path]:
    roots = dict.fromkeys((find_root(), find_root(queries)))
    paths = [path for root in roots for path in sorted((root / VIEWS).glob("*.sql"))]
    return [path for path in paths if diffs or path.stem not in _DIFFS]


def _lock(con: duckdb.DuckDBPyConnection, version: Path, manifest: Manifest) -> None:
    # Each file by its name: an allowed directory would also let COPY write into the dataset.
    allowed = [_glob(version, table) for table in schema.TABLES]
    allowed += [str(version / file.path) for file in manifest.files if file.table is not None]
    con.execute(f"set allowed_paths = [{', '.join(map(quoted, allowed))}]")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
