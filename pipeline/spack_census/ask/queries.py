"""The checked-in queries: .sql files → Query, validated, and run by name.

A query is called by its path: `queries/diff/packages.sql` is `diff.packages`. Its file begins with
a header (`headers.py`), then holds one SELECT.

A parameter is read as `getvariable('before')`, which every way into DuckDB takes: after
`set variable before = '…'` a file runs as it stands in its shells, notebooks and libraries.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

from spack_census.ask import headers, snapshots
from spack_census.errors import ParameterError, QueryError, UnknownNameError

VIEWS = "views"
"""The folder of a queries folder that holds views and macros, not queries."""

_BUNDLED = "bundled_queries"
_SNAPSHOTS = {"before": "previous", "after": "latest", "snapshot": "latest"}
DEFAULTS = {**_SNAPSHOTS, "os": "any"}
"""What a parameter of this name is where none is given."""

_NAMED = re.compile(r"\bsnapshot_named\(\s*(getvariable\('[a-z_]+'\))\s*\)")
_COMPARES = re.compile(r"\b(changes|causes)\(")
_VARIABLE = re.compile(r"\bgetvariable\('([a-z][a-z0-9_]*)'\)")


@dataclass(frozen=True, slots=True)
class Query:
    """One query: what its header says, and the whole text of its file as SQL."""

    name: str
    title: str
    params: tuple[str, ...]
    columns: tuple[headers.Column, ...]
    sql: str
    path: Path

    @property
    def bound_sql(self) -> str:
        """The SQL with `$before` for `getvariable('before')`: values go with the statement.

        A relation is read when its rows are fetched, and would see the variables of that time.
        """
        return _bound(self.sql)

    @property
    def compares(self) -> bool:
        """Whether it asks the macros `changes` and `causes`; of own views it cannot be told."""
        return bool(_COMPARES.search(self.sql))


def find_root(folder: Path | None = None) -> Path:
    """Return the folder of queries: the one given, else the repository's, else the bundled one.

    Raises QueryError where there is none.
    """
    package = Path(__file__).resolve().parents[1]
    repository = package.parents[1] / "queries"
    if folder is not None:
        root = folder
    elif package.parent.name == "pipeline" and repository.is_dir():
        root = repository
    else:
        root = package / _BUNDLED
    if not root.is_dir():
        raise QueryError(f"no folder of queries at {root}", "name one: --queries DIR")
    return root.resolve()


def catalogue(root: Path | None = None) -> dict[str, Query]:
    """Return all queries below a folder by name, sorted; raises QueryError where one is wrong."""
    return {name: _read(name, path) for name, path in _paths(find_root(root)).items()}


def names() -> list[str]:
    """Return the names of all queries, sorted; raises QueryError where a file's is none."""
    return list(_paths(find_root()))


def load(name: str, root: Path | None = None) -> Query:
    """Return one query by name; raises UnknownNameError, or QueryError where it is wrong."""
    folder = find_root(root)
    parts = name.split(".")
    path = folder.joinpath(*parts).with_suffix(".sql")
    if not all(map(headers.NAME.fullmatch, parts)) or parts[0] == VIEWS or not path.is_file():
        raise UnknownNameError("query", name, _paths(folder), str(folder), "census queries")
    return _read(name, path)


def run(
    con: duckdb.DuckDBPyConnection, query: Query, params: Mapping[str, Any]
) -> duckdb.DuckDBPyRelation:
    """Return the query's rows as a relation over a connection made by `database.connect`.

    `before`, `after` and `snapshot` default to previous, latest and latest, and take what
    `snapshots.resolve` takes. Raises ParameterError where parameters are missing or unknown,
    UnknownNameError where a snapshot is, QueryError where the SQL cannot run.
    """
    values = {**{name: DEFAULTS[name] for name in query.params if name in DEFAULTS}, **params}
    _check_names(query, values)
    for name in _SNAPSHOTS.keys() & values.keys():
        values[name] = _snapshot(con, name, values[name])
    try:
        return con.sql(query.bound_sql, params=values or None)
    except duckdb.Error as error:
        raise QueryError(
            f"{query.name} failed: {error}", f"its file, or a parameter: {query.path}"
        ) from error


def _check_names(query: Query, values: Mapping[str, Any]) -> None:
    takes = f"{query.name} takes {', '.join(query.params) or 'no parameters'}"
    missing = [name for name in query.params if name not in values]
    if missing:
        raise ParameterError(f"{query.name} needs {', '.join(missing)}", takes)
    extra = sorted(values.keys() - set(query.params))
    if extra:
        raise ParameterError(f"{query.name} does not take {', '.join(extra)}", takes)


def _snapshot(con: duckdb.DuckDBPyConnection, name: str, value: Any) -> str:
    if not isinstance(value, str):
        message = f"{name} is {value!r}; the name of a snapshot belongs here"
        raise ParameterError(message, "all of them: census snapshots")
    return snapshots.resolve(con, value)


def _paths(root: Path) -> dict[str, Path]:
    found = {}
    for path in sorted(root.rglob("*.sql")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[0] == VIEWS:
            continue
        if not all(map(headers.NAME.fullmatch, parts)):
            message = f"{path}: a query's name is made of a-z, 0-9 and _"
            raise QueryError(message, "rename the file or its folder")
        found[".".join(parts)] = path
    return found


def _read(name: str, path: Path) -> Query:
    try:
        sql = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise QueryError(f"{path} cannot be read: {error}", "mend the file") from error
    return _query(name, path, sql)


@cache
def _query(name: str, path: Path, sql: str) -> Query:
    # Looked at once: that takes longer than to run most.
    title, params, columns = headers.read(path, sql)
    _check_sql(path, sql, params)
    return Query(name, title, params, columns, sql, path)


def _check_sql(path: Path, sql: str, params: tuple[str, ...]) -> None:
    step = "read each parameter as getvariable('name'), and name it in the header's params"
    if _parsed(path, sql).named_parameters:
        raise QueryError(f"{path}: a parameter as $name runs in few places", step)
    used = set(_parsed(path, _bound(sql)).named_parameters)
    if used != set(params):
        different = ", ".join(sorted(used ^ set(params)))
        raise QueryError(f"{path}: header and SQL differ in their parameters: {different}", step)
    if len(re.findall("getvariable", sql, re.IGNORECASE)) != len(_VARIABLE.findall(sql)):
        raise QueryError(f"{path}: not every getvariable is written as getvariable('name')", step)


def _bound(sql: str) -> str:
    # `run` has looked up what `latest` stands for: with the name itself no other file is opened.
    return _VARIABLE.sub(r"$\1", _NAMED.sub(r"\1", sql))


def _parsed(path: Path, sql: str) -> duckdb.Statement:
    """Return the one SELECT that a text is; raises QueryError where it is anything else."""
    try:
        # Of the module, which only parses: a database of its own would cost ten times as much.
        statements = duckdb.extract_statements(sql)
    except duckdb.Error as error:
        raise QueryError(f"{path}: {error}", "mend the SQL of this file") from error
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        message = f"{path}: a query is exactly one SELECT; here are {len(statements)} statements"
        raise QueryError(message, "write one query a file")
    return statements[0]
