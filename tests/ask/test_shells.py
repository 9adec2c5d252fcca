"""Each shipped query runs as it stands wherever DuckDB is: in the shell of another version, too.

The variables are set as a person would, `latest` and `previous` among them, and the rows are those
that `census query` gives.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from spack_census.ask import snapshots
from spack_census.ask.database import connect, script
from spack_census.ask.formats import plain_rows
from spack_census.ask.queries import Query, catalogue, run
from spack_census.errors import CensusError, QueryError
from support.shells import shell

GIVEN = {"reference": "x86_64_v3", "target": "neoverse_v2", "host": "zen4", "os": "any"}
EMPTY = {"coverage.holes", "coverage.sizes"}
"""Queries that have nothing to tell of the shipped documents."""
NAMED = {"before": "previous", "after": "latest", "snapshot": "latest"}


def variables(values: dict[str, str]) -> str:
    return "".join(f"set variable {name} = '{value}';\n" for name, value in values.items())


@pytest.fixture(scope="module")
def expected(shipped: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each query, as census gives them."""
    found = {}
    with connect(shipped) as con:
        for name, query in catalogue().items():
            rows = run(con, query, {key: GIVEN[key] for key in query.params if key in GIVEN})
            # What documents cannot answer is an error that says so.
            with suppress(QueryError):
                found[name] = [
                    dict(zip(rows.columns, row, strict=True)) for row in plain_rows(rows)
                ]
                telling = not name.startswith("checks.") and name not in EMPTY
                assert found[name] or not telling, name
    assert len(found) > 25
    return found


def rows_of(con: duckdb.DuckDBPyConnection, query: Query) -> list[dict[str, Any]]:
    found = con.sql(query.sql)
    return [dict(zip(found.columns, row, strict=True)) for row in plain_rows(found)]


def test_latest_and_previous_are_taken_by_con_sql_and_con_execute(
    shipped: Path, expected: dict[str, list[dict[str, Any]]]
) -> None:
    con = duckdb.connect()
    con.execute(script(shipped))
    con.execute(variables({**GIVEN, **NAMED}))
    for name, query in catalogue().items():
        if name not in expected:
            with pytest.raises(duckdb.Error, match="this dataset has no"):
                con.execute(query.sql).fetchall()
        else:
            assert rows_of(con, query) == expected[name], name
    (first, *_) = con.execute(catalogue()["diff.packages"].sql).fetchall()
    assert first == tuple(expected["diff.packages"][0].values())


def test_each_query_runs_as_it_stands_in_the_shell(
    shipped: Path, expected: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    def lines() -> Iterator[str]:
        yield script(shipped) + variables({**GIVEN, **NAMED})
        yield ".mode json\n"
        for name in expected:
            yield f".output {tmp_path}/{name}.json\n.read {catalogue()[name].path}\n"

    (tmp_path / "all.sql").write_text("".join(lines()))
    done = subprocess.run(
        [shell(), "-init", tmp_path / "all.sql", "-c", ".quit"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "rror" not in done.stderr, done.stderr
    for name, rows in expected.items():
        text = (tmp_path / f"{name}.json").read_text()
        found = json.loads(text) if text.strip() else []
        assert len(found) == len(rows), name
        for one, other in zip(found, rows, strict=True):
            assert {key: plain(value) for key, value in one.items()} == other, name


def plain(value: Any) -> Any:
    """Return a value of the shell's JSON, which writes whole decimals with a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def test_a_name_stands_for_the_same_in_sql_and_in_census(shipped: Path) -> None:
    series = ("", ":develop-dated", ":develop", ":other", ":nothing")
    with connect(shipped) as con:
        for name in (f"{word}{each}" for word in ("latest", "previous") for each in series):
            try:
                resolved = snapshots.resolve(con, name)
            except CensusError:
                resolved = name
            found = con.sql("select snapshot_named($1)", params=[name])
            assert found.fetchall() == [(resolved,)]


def test_a_name_of_its_own_and_none_stay_as_they_are(shipped: Path) -> None:
    with connect(shipped) as con:
        found = con.sql(
            "select snapshot_named('develop'), snapshot_named('x'), snapshot_named(null)"
        )
        assert found.fetchall() == [("develop", "x", None)]
