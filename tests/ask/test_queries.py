"""Queries are found, validated and run; each gives the rows of its cases."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spack_census.ask import queries
from spack_census.ask.database import connect, connect_rows, query
from spack_census.ask.queries import Query, catalogue, find_root, load, run
from spack_census.ask.snapshots import resolve
from spack_census.errors import DatasetError, ParameterError, QueryError, UnknownNameError
from support.query_cases import CASES, Case, Tables, cases, in_memory, write_dataset

CATALOGUE = catalogue()
HEADER = "-- title: A title\n-- params: a\n-- column: x | What it is\n"
TWO: Tables = {
    "snapshots": [{"snapshot": "old"}, {"snapshot": "new"}],
    "specs": [{"snapshot": "old"}, {"snapshot": "new"}, {"snapshot": "new", "package": "cmake"}],
    "dependencies": [{"snapshot": "old"}],
}


def _rows(con: duckdb.DuckDBPyConnection, query: Query, params: dict[str, Any]) -> list[Any]:
    relation = con.sql(query.bound_sql, params=params or None)
    return [dict(zip(relation.columns, row, strict=True)) for row in relation.fetchall()]


def _written(folder: Path, sql: str) -> Path:
    (folder / "mine").mkdir(parents=True)
    path = folder / "mine" / "one.sql"
    path.write_text(sql, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection to tables without rows; no test changes it."""
    with in_memory({}) as con:
        yield con


@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.query}-{case.name}")
def test_query_gives_the_rows_of_its_case(case: Case) -> None:
    query = CATALOGUE[case.query]
    with in_memory(case.tables) as con:
        if isinstance(case.expected, dict):
            with pytest.raises(duckdb.Error, match=re.escape(case.expected["error"])):
                _rows(con, query, case.params)
        else:
            assert _rows(con, query, case.params) == case.expected
        _as_it_stands(con, query, case)


def _as_it_stands(con: duckdb.DuckDBPyConnection, query: Query, case: Case) -> None:
    """Do what a shell, a notebook's cell, `con.sql`, `con.execute` do with the file's text."""
    sql = query.path.read_text(encoding="utf-8")
    for name, value in case.params.items():
        con.execute(f"set variable {name} = $value", {"value": value})
    if isinstance(case.expected, dict):
        with pytest.raises(duckdb.Error, match=re.escape(case.expected["error"])):
            con.sql(sql).fetchall()
    else:
        expected = [tuple(row.values()) for row in case.expected]
        assert con.sql(sql).fetchall() == con.execute(sql).fetchall() == expected


def test_every_query_has_a_case_and_every_case_a_query() -> None:
    assert {case.query for case in cases()} == set(CATALOGUE)


@pytest.mark.parametrize("path", sorted(find_root().rglob("*.sql")), ids=lambda path: path.name)
def test_no_file_ends_in_a_semicolon(path: Path) -> None:
    assert not path.read_text().rstrip().endswith(";")


@pytest.mark.parametrize("name", CATALOGUE)
def test_counts_go_by_one_name(name: str, empty: duckdb.DuckDBPyConnection) -> None:
    chosen = CATALOGUE[name]
    relation = empty.sql(chosen.bound_sql, params=dict.fromkeys(chosen.params, "x") or None)
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    for column in {"packages", "specs"} & types.keys():
        assert types[column].endswith("[]"), column


@pytest.mark.parametrize("name", CATALOGUE)
def test_header_names_the_columns_of_the_result(
    name: str, empty: duckdb.DuckDBPyConnection
) -> None:
    chosen = CATALOGUE[name]
    relation = empty.sql(chosen.bound_sql, params=dict.fromkeys(chosen.params, "x") or None)
    assert relation.columns == [column.name for column in chosen.columns]


@pytest.mark.parametrize("name", CATALOGUE)
def test_empty_dataset_gives_no_rows(name: str, empty: duckdb.DuckDBPyConnection) -> None:
    if (CASES.joinpath(*name.split(".")) / "empty").is_dir():
        pytest.skip("a case of its own says what an empty dataset gives")
    assert _rows(empty, CATALOGUE[name], dict.fromkeys(CATALOGUE[name].params, "x")) == []


@pytest.mark.parametrize("name", [name for name in CATALOGUE if name.startswith("diff.")])
def test_identical_snapshots_do_not_differ(name: str) -> None:
    if (CASES.joinpath(*name.split(".")) / "identical").is_dir():
        pytest.skip("a case of its own says what identical snapshots give")
    specs = [{"snapshot": each, "hash": hash_} for each in ("a", "b") for hash_ in ("k", "l")]
    snapshots = [{"snapshot": "a"}, {"snapshot": "b"}]
    with in_memory({"specs": specs, "snapshots": snapshots}) as con:
        params = {"before": "a", "after": "b"}
        rows = _rows(con, CATALOGUE[name], params)
    assert [row for row in rows if row.get("change") not in ("kept", "same")] == []


def test_only_a_query_that_compares_needs_the_macros_of_diffs() -> None:
    with connect_rows({}, diffs=False) as con:
        for query in CATALOGUE.values():
            # Bound, not run: rows are another test's.
            bound = f"explain {query.bound_sql}"
            given = dict.fromkeys(query.params, "x")
            if query.compares:
                with pytest.raises(duckdb.CatalogException, match=r"changes|causes"):
                    con.execute(bound, given)
            else:
                con.execute(bound, given)


def test_a_relation_keeps_its_own_parameters_whatever_is_run_or_set_later(tmp_path: Path) -> None:
    with connect(write_dataset(tmp_path, TWO)) as con:
        new = run(con, load("coverage.by_target"), {"snapshot": "new"})
        old = run(con, load("coverage.by_target"), {"snapshot": "old"})
        con.execute("set variable snapshot = 'none'")
        assert [rows.fetchall()[0][4] for rows in (new, old, new)] == [2, 1, 2]
        assert con.sql("select getvariable('snapshot')").fetchall() == [("none",)]


def test_defaults_are_the_previous_and_the_latest_snapshot(tmp_path: Path) -> None:
    with connect(write_dataset(tmp_path, TWO)) as con:
        by_default = run(con, load("diff.packages"), {}).fetchall()
        assert by_default == [("appeared", "cmake", "linux", 1, 1)]
        backwards = {"before": "latest", "after": "old"}
        assert run(con, load("diff.packages"), backwards).fetchall()[0][0] == "gone"


def test_relation_keeps_its_connection_and_can_be_read_in_every_way(tmp_path: Path) -> None:
    relation = query(write_dataset(tmp_path, TWO), "coverage.by_target", snapshot="new")
    gc.collect()
    assert relation.pl()["num_packages"].to_list() == [2]
    assert relation.to_arrow_table().num_rows == 1
    assert relation.fetchall() == relation.fetchall() != []


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"snapshots": "new"}, "coverage.by_target does not take snapshots"),
        ({"snapshot": 7}, "snapshot is 7; the name of a snapshot"),
    ],
)
def test_wrong_parameters_are_named(tmp_path: Path, params: dict[str, Any], message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        query(write_dataset(tmp_path, TWO), "coverage.by_target", **params)


def test_missing_parameters_are_named(tmp_path: Path) -> None:
    _written(tmp_path / "q", HEADER + "select getvariable('a') as x;")
    with (
        connect(write_dataset(tmp_path / "d", TWO)) as con,
        pytest.raises(ParameterError, match=r"mine\.one needs a\n  mine\.one takes a"),
    ):
        run(con, load("mine.one", tmp_path / "q"), {})


def test_hostile_parameters_are_values(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="drop table"):
        query(write_dataset(tmp_path, TWO), "coverage.by_target", snapshot="new'; drop table specs")


def test_unknown_snapshot_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"nearest: new\n.*census snapshots"):
        query(write_dataset(tmp_path, TWO), "coverage.by_target", snapshot="news")


def test_dataset_without_snapshots_has_no_latest(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no snapshot"):
        query(write_dataset(tmp_path, {}), "coverage.by_target")


def test_unknown_query_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"nearest: diff\.packages"):
        load("diff.package")


def test_name_of_a_query_is_no_path() -> None:
    with pytest.raises(UnknownNameError):
        load("../../etc/passwd")
    with pytest.raises(UnknownNameError):
        load("views.specs_at")


def test_failing_sql_is_an_error_with_the_file(tmp_path: Path) -> None:
    _written(tmp_path / "q", HEADER + "from nowhere select getvariable('a') as x;")
    with (
        connect(write_dataset(tmp_path / "d", TWO)) as con,
        pytest.raises(QueryError, match=r"nowhere[\s\S]*one\.sql"),
    ):
        run(con, load("mine.one", tmp_path / "q"), {"a": "1"})


def test_header_is_read(tmp_path: Path) -> None:
    path = _written(
        tmp_path, HEADER + "-- column: y | Pipes | too\nselect getvariable('a') as x, 1 as y;\n"
    )
    found = load("mine.one", tmp_path)
    assert (found.name, found.title, found.params) == ("mine.one", "A title", ("a",))
    assert found.columns == (("x", "What it is"), ("y", "Pipes | too"))
    assert (found.sql, found.path) == (path.read_text(), path)


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("-- titel: A\nselect 1 as x", r"one\.sql:1: .*titel"),
        ("-- title: A\n-- a remark\nselect 1 as x", r"one\.sql:2: '-- a remark'"),
        (
            "-- title: A\n-- title: B\n-- column: x | X\nselect 1 as x",
            r"one\.sql:2: 'title' is out",
        ),
        (
            "-- title: A\n-- column: x | X\n-- params: a\nselect getvariable('a') as x",
            r"one\.sql:3: 'params' is out",
        ),
        (
            "-- title: A\n-- column: x | X\n-- column: x | Y\nselect 1 as x",
            r"one\.sql:3: 'x' is no",
        ),
        ("-- title: A\n-- column: x\nselect 1 as x", r"one\.sql:2: a column needs"),
        (
            "-- title: A\n-- params: a,\n-- column: x | X\nselect getvariable('a') as x",
            r"one\.sql:2: '' is no",
        ),
        ("-- title: A\nselect 1 as x", "has no 'column'"),
        ("select 1 as x", "has no 'title'"),
        (HEADER + "select 1 as x", "differ in their parameters: a"),
        (
            HEADER + "select getvariable('a') as x, getvariable('b') as y",
            "differ in their parameters: b",
        ),
        (HEADER + "select $a as x", r"\$name runs in few places"),
        (HEADER + "select '$a' || 'getvariable(''a'')' as x", "parameters: a"),
        (HEADER + "select getvariable('a') as x, getvariable(x) as y", "not every getvariable"),
        (HEADER + "select getvariable('a') as x, GetVariable('a') as y", "not every getvariable"),
        (HEADER + "select getvariable('a') as x; select 2", "2 statements"),
        (HEADER + "copy (select getvariable('a') as x) to 'f.csv'", "exactly one SELECT"),
        (HEADER + "create table t as select 1 as x", "exactly one SELECT"),
        (HEADER, "0 statements"),
        (HEADER + "selct 1", r"one\.sql: Parser Error"),
    ],
)
def test_wrong_query_files_are_errors_that_name_the_place(
    tmp_path: Path, sql: str, message: str
) -> None:
    _written(tmp_path, sql)
    with pytest.raises(QueryError, match=message):
        load("mine.one", tmp_path)
    with pytest.raises(QueryError, match=message):
        catalogue(tmp_path)


def test_file_that_is_no_utf8_and_odd_names_are_errors(tmp_path: Path) -> None:
    path = _written(tmp_path, "")
    path.write_bytes(b"-- title: \xff\n")
    with pytest.raises(QueryError, match="cannot be read"):
        catalogue(tmp_path)
    path.rename(path.with_name("No Name.sql"))
    with pytest.raises(QueryError, match="a query's name"):
        catalogue(tmp_path)


def test_root_is_the_one_given_or_the_repository_or_the_bundled_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_root(tmp_path) == tmp_path.resolve()
    assert find_root() == Path(__file__).resolve().parents[2] / "queries"
    with pytest.raises(QueryError, match="no folder of queries at"):
        find_root(tmp_path / "none")
    installed = tmp_path / "site-packages" / "spack_census"
    (installed / "bundled_queries").mkdir(parents=True)
    # A folder of that name beside an installed package is none of ours.
    (tmp_path / "queries").mkdir()
    monkeypatch.setattr(queries, "__file__", str(installed / "ask" / "queries.py"))
    assert find_root() == (installed / "bundled_queries").resolve()


def test_specs_at_takes_what_commands_take_for_a_snapshot(tmp_path: Path) -> None:
    tables: Tables = {
        "snapshots": [
            {"snapshot": "s1"},
            {"snapshot": "s2", "series_order": 5},
            {"snapshot": "s3"},
            {"snapshot": "r1", "series": "release"},
            {"snapshot": "r2", "series": "release"},
        ],
        "specs": [{"snapshot": name} for name in ("s1", "s2", "s3", "r1", "r2")],
    }
    names = ("latest", "previous", "latest:release", "previous:release", "s1", "r1")
    with connect(write_dataset(tmp_path, tables)) as con:
        for name in names:
            found = con.sql("select snapshot from specs_at($name)", params={"name": name})
            assert found.fetchall() == [(resolve(con, name),)], name
        for name in ("previous:none", "s9", None):
            found = con.sql("select snapshot from specs_at($name)", params={"name": name})
            assert found.fetchall() == []
        newest = con.sql("select snapshot from latest_specs").fetchall()
        assert newest == [(resolve(con, "latest"),)] == [("s2",)]
        plan = str(con.sql("explain select * from specs_at('s1')").fetchall())
        assert "Scanning Files: 1/5" in plan
