"""Rows held in memory: the same rows in the same order, in place of the dataset's meanwhile."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from spack_census.ask import held
from spack_census.ask.formats import all_rows, plain_rows

PIPELINE = Path(__file__).parents[2] / "pipeline"
VALUES = """
select
    i::integer as i, i / 3 as f, (i / 4)::decimal(9, 2) as d, 'x' || i as t, i % 2 = 0 as b,
    date '2024-06-09' + i::integer as day, [i, null] as l, {'a': i, 'b': ['y']} as s,
    null::varchar as n, sum(i) over () as h, 'nan'::double as nan
from range(5000) as r(i)
order by hash(i)
"""


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect(":memory:")
    con.execute("create view specs as select range as number from range(10)")
    con.execute("set enable_external_access = false")
    con.execute("set lock_configuration = true")
    return con


def test_all_rows_are_plain_rows(con: duckdb.DuckDBPyConnection) -> None:
    rows = con.sql(VALUES)
    assert all_rows(rows) == list(plain_rows(rows))
    assert all_rows(con.sql("from specs where number > 99")) == []


def test_kept_rows_stay_as_they_were(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("create temp table moving as select range as n from range(3000)")
    rows = con.sql("select n from moving where n <> $one order by hash(n)", params={"one": 7})
    before = rows.fetchall()
    kept = held.kept(con, rows)
    con.execute("delete from moving")
    assert kept.fetchall() == before
    assert held.kept(con, kept.filter("n < 5")).fetchall() == [row for row in before if row[0] < 5]


def test_what_is_held_comes_before_the_dataset_and_goes(con: duckdb.DuckDBPyConnection) -> None:
    with held.holding(con, {"specs": con.sql("from specs where number < $n", params={"n": 3})}):
        assert con.sql("select count(*) from specs").fetchall() == [(3,)]
    assert con.sql("select count(*) from specs").fetchall() == [(10,)]
    broken = con.sql("select error('broken') from specs")
    with (
        pytest.raises(duckdb.Error, match="broken"),
        held.holding(con, {"specs": con.sql("from specs limit 1"), "other": broken}),
    ):
        pass
    assert con.sql("select count(*) from specs").fetchall() == [(10,)]


def test_rows_of_python_keep_their_types(con: duckdb.DuckDBPyConnection) -> None:
    types = {"text": "varchar", "group": "varchar[]", "number": "bigint", "day": "date"}
    rows = [
        ("a", ("x", "y"), 1, datetime.date(2024, 6, 9)),
        (None, [], None, None),
        ("' or 1=1", ["$1"], 2, None),
    ]
    found = held.made(con, types, rows)
    assert [str(each).lower() for each in found.types] == list(types.values())
    assert found.columns == list(types)
    assert found.fetchall() == [
        tuple(list(each) if isinstance(each, tuple) else each for each in row) for row in rows
    ]
    empty = held.made(con, types, [])
    assert (empty.fetchall(), empty.columns) == ([], list(types))


@pytest.mark.parametrize(
    "line", ["find hdf5", "diff", "coverage --host zen4", "package hdf5", "check", "snapshots"]
)
def test_a_question_loads_duckdb_and_no_other_engine(shipped: Path, line: str) -> None:
    script = f"import sys; from spack_census.cli import main; main({line.split()!r})"
    done = subprocess.run(
        [sys.executable, "-c", f"{script}; print(*sys.modules)"],
        env={"PYTHONPATH": str(PIPELINE), "CENSUS_DATASET": str(shipped)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert "duckdb" in loaded
    assert not loaded & {"archspec", "jinja2", "numpy", "pandas", "polars", "pyarrow", "yaml"}
