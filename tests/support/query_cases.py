"""Small tables for tests of the read side: rows with defaults, in memory or as a dataset.

A case of a query is a folder `queries/<group>/<query>/<case>/` with `input.yaml` (table → rows),
`expected.yaml` (rows in order, or `error:` and a part of its message) and, where the query takes
parameters, `params.yaml`. The cases `empty` and `identical`, where there are any, take the place
of the general tests that an empty dataset and a diff of equal snapshots give no rows.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from spack_census.ask.queries import VIEWS, find_root
from spack_census.dataset import schema
from spack_census.dataset.layout import CURRENT, MANIFEST, VERSIONS, File, Manifest

Rows = Sequence[Mapping[str, Any]]
Tables = Mapping[str, Rows]

CASES = Path(__file__).parents[1] / "queries"
SNAPSHOT = "develop-2024-06-09"
OF_RECIPES = frozenset(("coverage.recipe_versions", "coverage.recipes", "coverage.recipes_unread"))
"""Queries that answer only where recipes were read."""
_IDLE: dict[tuple[str, ...], list[tuple[duckdb.DuckDBPyConnection, Any]]] = {}
# Databases that outlive the interpreter are told of at length.
atexit.register(_IDLE.clear)
_MACROS = """
select bit_xor(hash(function_name, macro_definition)) from duckdb_functions()
where not internal and database_name <> 'temp'
"""
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_DEFAULTS: dict[str, Any] = {
    "snapshot": SNAPSHOT,
    "platform": "linux",
    "target": "x86_64_v3",
    "package": "zlib",
    "version": "1.3.1",
    "compiler_name": "gcc",
    "compiler_version": "11.4.0",
    "os": "ubuntu22.04",
    "stacks": ["e4s", "root"],
    "generation": 4,
    "num_specs_declared": 1,
    "num_specs_seen": 1,
    "num_specs_written": 1,
    "scope": "spec",
    "reason": "bad-hash",
    "series": "develop-dated",
    "num_documents": 1,
    "num_packages": 1,
    "num_specs": 1,
    "source": "directory",
    "known": True,
    "is_external": True,
    "family": "x86_64",
    "host": "zen4",
    "dependency": "gmake",
    "deptypes": ["build"],
    "reading": "whole",
}


@dataclass(frozen=True)
class Case:
    """One case of a query: what goes in, and the rows that must come out."""

    query: str
    name: str
    tables: dict[str, Rows]
    params: dict[str, Any]
    expected: list[dict[str, Any]] | dict[str, str]


def cases() -> list[Case]:
    """Return all cases, sorted."""
    return [_case(folder) for folder in sorted(CASES.glob("*/*/*/"))]


def _case(folder: Path) -> Case:
    group, query, name = folder.relative_to(CASES).parts
    parts = [
        yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None
        for path in (folder / f"{part}.yaml" for part in ("input", "params", "expected"))
    ]
    return Case(f"{group}.{query}", name, parts[0] or {}, parts[1] or {}, parts[2] or [])


def arrow(table: schema.Table, rows: Rows) -> pa.Table:
    """Return rows as an Arrow table of the schema, with defaults for what they leave out."""
    unknown = {name for row in rows for name in row} - set(table.arrow.names)
    assert not unknown, f"{table.name} has no column {unknown}"
    full = [_complete(table, row, index) for index, row in enumerate(rows)]
    return pa.Table.from_pylist(full, schema=table.arrow)


def _complete(table: schema.Table, row: Mapping[str, Any], index: int) -> dict[str, Any]:
    derived: dict[str, Any] = {
        "version_key": row.get("version", _DEFAULTS["version"]),
        "hash": _BASE32[index // 32 % 32] + _BASE32[index % 32] * 31,
        "path": f"{row.get('snapshot', SNAPSHOT)}/{row.get('package', 'zlib')}/specs.md",
        "series_order": index + 1,
    }
    if table is schema.SNAPSHOTS:
        derived["snapshot"] = f"develop-2024-01-{index + 1:02d}"
    if table is schema.RECIPES:
        derived |= {"namespace": "builtin", "source": "git", "read_date": date(2024, 6, 9)}
        derived["reason"] = None
    return {
        column.name: row.get(
            column.name, derived.get(column.name, _DEFAULTS.get(column.name, _empty(column)))
        )
        for column in table.columns
    }


def _empty(column: schema.Column) -> Any:
    if column.nullable:
        return None
    if pa.types.is_list(column.type):
        return []
    return "" if column.type == pa.string() else 0


@contextmanager
def in_memory(tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
    """Lend a connection with these rows as tables, and the views and macros on them.

    To make a database and define them takes a hundred times as long as to fill the tables, so each
    is lent again. What a borrower sets, or makes as `temp`, goes with the connection.
    """
    paths = sorted((find_root() / VIEWS).glob("*.sql"))
    views = tuple(path.read_text(encoding="utf-8") for path in paths)
    idle = _IDLE.setdefault(views, [])
    database, macros = idle.pop() if idle else _defined(views)
    with database.cursor() as con:
        for table in schema.TABLES:
            con.execute(f"delete from {table.name}")  # noqa: S608 - the names of our own tables
            if rows := tables.get(table.name):
                con.from_arrow(arrow(table, rows)).insert_into(table.name)
        yield con
        # Else the next borrower's test would fail, or worse: pass.
        assert con.execute(_MACROS).fetchall() == macros, "a macro was changed that is not `temp`"
    idle.append((database, macros))


def _defined(views: tuple[str, ...]) -> tuple[duckdb.DuckDBPyConnection, Any]:
    # For so few rows, threads cost more than they give.
    database = duckdb.connect(":memory:", config={"threads": 1})
    for table in schema.TABLES:
        database.from_arrow(arrow(table, [])).create(table.name)
    for view in views:
        database.execute(view)
    return database, database.execute(_MACROS).fetchall()


def write_dataset(folder: Path, tables: Tables, number: int = 1) -> Path:
    """Write the rows as version `number` of a dataset, make it the current one, return `folder`."""
    name = f"{number:08d}-{number:016x}"
    version = folder / VERSIONS / name
    files = [
        file
        for table in schema.TABLES
        for file in _write(version, table, arrow(table, tables.get(table.name, [])))
    ]
    manifest = Manifest(
        format=schema.FORMAT, id=name, parent=None, tools={}, counts={}, snapshots={}, files=files
    )
    (version / MANIFEST).write_bytes(msgspec.json.encode(manifest))
    (folder / CURRENT).unlink(missing_ok=True)
    (folder / CURRENT).symlink_to(Path(VERSIONS) / name)
    return folder


def _write(version: Path, table: schema.Table, rows: pa.Table) -> list[File]:
    """Write one file a partition, as a build does: none for a partitioned table without rows."""
    levels = list(table.partitions)
    parts = rows.select(levels).group_by(levels).aggregate([]).to_pylist() if levels else [{}]
    files = []
    for part in parts:
        chosen = rows.filter(_is(part)) if part else rows
        inside = chosen.select(table.file_arrow.names).cast(table.file_arrow)
        path = "/".join([table.name, *(f"{k}={v}" for k, v in part.items()), "part-0.parquet"])
        (version / path).parent.mkdir(parents=True)
        pq.write_table(inside, version / path)
        files.append(
            File(
                path=path,
                table=table.name,
                snapshot=part.get("snapshot"),
                size_bytes=(version / path).stat().st_size,
                rows=inside.num_rows,
                sha256="",
            )
        )
    return files


def _is(part: Mapping[str, str]) -> Any:
    condition = None
    for name, value in part.items():
        each = pa.compute.field(name) == value
        condition = each if condition is None else condition & each
    return condition
