"""Rows come out readable in every format, and nothing in a cell acts."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from spack_census.ask.database import connect
from spack_census.ask.escaping import spreadsheet_text, visible
from spack_census.ask.formats import write, write_parquet, write_spreadsheet
from spack_census.errors import CensusError, ParameterError, QueryError
from support.query_cases import write_dataset

SQL = """
select *
from (
    values
    ('zlib', 12345, 98.5, ['e4s', 'root'], date '2024-06-09', true, 1.5::decimal(4, 1)),
    (null, null, null, null, null, null, null),
    ('', 7, 'nan'::double, [], date '2024-01-01', false, 2.0::decimal(4, 1))
) as rows (name, num_specs, share_pct, stacks, day, known, ratio)
"""
HOSTILE = "\x1b[31mred\x07\r\nnext\x9b2J\u202egnp.exe\u200b"
TEXTS = ["csv", "tsv", "json", "jsonl"]


class Terminal(io.StringIO):
    """A stream that says that it is a terminal."""

    def isatty(self) -> bool:
        return True


def _relation(sql: str = SQL, **params: Any) -> duckdb.DuckDBPyRelation:
    return duckdb.connect().sql(sql, params=params or None)


def _text(
    format_: str, relation: duckdb.DuckDBPyRelation, stream: io.StringIO | None = None
) -> str:
    stream = stream or io.StringIO()
    write(relation, format_, stream)
    return stream.getvalue()


def test_json_is_a_list_of_objects() -> None:
    text = _text("json", _relation())
    rows = json.loads(text, parse_constant=pytest.fail)
    assert rows[0] == {
        "name": "zlib",
        "num_specs": 12345,
        "share_pct": 98.5,
        "stacks": ["e4s", "root"],
        "day": "2024-06-09",
        "known": True,
        "ratio": 1.5,
    }
    assert set(rows[1].values()) == {None}
    # JSON has no word for what is no number.
    assert rows[2] | {"day": None} == rows[2] | {"day": None, "share_pct": None, "stacks": []}
    assert len(text.splitlines()) == len(rows) + 2


def test_json_of_no_rows_is_an_empty_list() -> None:
    assert json.loads(_text("json", _relation("select 1 as a where false"))) == []


def test_sums_stay_whole_numbers() -> None:
    relation = _relation("select sum(range) as total, [sum(range)] as totals from range(4)")
    assert json.loads(_text("json", relation)) == [{"total": 6, "totals": [6]}]


def test_nested_values_keep_their_names() -> None:
    relation = _relation("select [{'stack': 'e4s', 'num_specs': 1}] as declared")
    assert json.loads(_text("json", relation)) == [{"declared": [{"stack": "e4s", "num_specs": 1}]}]
    assert '"[{""stack"": ""e4s"", ""num_specs"": 1}]"' in _text("csv", relation)


def test_csv_has_lists_as_json() -> None:
    assert _text("csv", _relation()) == (
        "name,num_specs,share_pct,stacks,day,known,ratio\n"
        'zlib,12345,98.5,"[""e4s"", ""root""]",2024-06-09,true,1.5\n'
        ",,,,,,\n"
        ",7,,[],2024-01-01,false,2\n"
    )


def test_tsv_is_csv_with_tabs_and_jsonl_is_json_line_by_line() -> None:
    rows = list(csv.reader(io.StringIO(_text("csv", _relation()))))
    assert list(csv.reader(io.StringIO(_text("tsv", _relation())), delimiter="\t")) == rows
    lines = _text("jsonl", _relation()).splitlines()
    assert [json.loads(line) for line in lines] == json.loads(_text("json", _relation()))
    assert _text("jsonl", _relation("select 1 as a where false")) == ""


def test_csv_in_a_file_gives_back_what_went_in() -> None:
    hostile = HOSTILE + ' "quoted", comma'
    text = _text("csv", _relation("select $v as a, 'é' as b", v=hostile))
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b"], [hostile, "é"]]


@pytest.mark.parametrize("hostile", ["a\rb", "a\r\nb", "\r", "a\nb", '"', "", " a", 'a\r,"b'])
def test_csv_of_a_line_end_is_no_new_row(hostile: str) -> None:
    text = _text("csv", _relation("select $v as a, null as b, 'x' as c", v=hostile))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert read == [["a", "b", "c"], [hostile, "", "x"]]
    assert text.endswith(",,x\n")


@pytest.mark.parametrize("format_", TEXTS)
@pytest.mark.parametrize("value", ["$v", "[$v]", "{'key': $v}"])
def test_no_control_character_reaches_a_terminal(
    format_: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Colours of ours are controls too; this terminal has none.
    monkeypatch.setenv("TERM", "dumb")
    relation = _relation(f'select {value} as "a\x1b[0m"', v=HOSTILE)
    text = _text(format_, relation, Terminal())
    assert not set(text) & (set(HOSTILE) - set("[31mred next2Jgnp.exe\n"))
    assert "red" in text


def test_visible_spells_what_acts_and_leaves_the_rest() -> None:
    assert visible("\x1b[2J\n\u202ex") == "\\x1b[2J\\n\\u202ex"
    assert visible("gcc@11.4 ~é 漢 🙂") == "gcc@11.4 ~é 漢 🙂"


def test_parquet_holds_the_rows_and_types(tmp_path: Path) -> None:
    relation = _relation(f"{SQL} where name is distinct from ''")
    write_parquet(relation, tmp_path / "rows.parquet")
    found = duckdb.sql("from read_parquet($path)", params={"path": f"{tmp_path}/rows.parquet"})
    assert (found.columns, found.types) == (relation.columns, relation.types)
    assert found.fetchall() == relation.fetchall()
    assert [path.name for path in tmp_path.iterdir()] == ["rows.parquet"]


def test_parquet_can_be_written_from_a_locked_connection(tmp_path: Path) -> None:
    with connect(write_dataset(tmp_path / "d", {"specs": [{}, {}]})) as con:
        write_parquet(con.sql("from specs"), tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").num_rows == 2


def test_parquet_that_cannot_be_written_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(CensusError, match="--output FILE"):
        write_parquet(_relation(), tmp_path / "none" / "rows.parquet")


@pytest.mark.parametrize("format_", ["parquet", "yaml", ""])
def test_other_formats_are_refused(format_: str) -> None:
    with pytest.raises(ParameterError, match="formats: csv, tsv, json, jsonl"):
        _text(format_, _relation())


FAILING = "select if(range < 200_000, 1, error('no such row')) as a from range(300_000)"


@pytest.mark.parametrize("format_", TEXTS)
def test_query_that_fails_half_way_is_an_error_with_its_message(format_: str) -> None:
    with pytest.raises(QueryError, match=r"^the query failed: no such row$"):
        _text(format_, _relation(FAILING))


def test_query_that_fails_half_way_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"older")
    with pytest.raises(QueryError, match="no such row"):
        write_parquet(_relation(FAILING), path)
    assert path.read_bytes() == b"older"
    assert list(tmp_path.iterdir()) == [path]


def test_many_batches_are_all_written() -> None:
    relation = _relation("select range as n from range(300_000)")
    assert _text("csv", relation).count("\n") == 300_001


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d"])
def test_in_a_file_for_spreadsheets_no_text_is_a_formula(start: str) -> None:
    text = f"{start}1+2"
    relation = _relation("select $v as a, -1 as n, ['=x'] as l", v=text)
    stream = io.StringIO()
    write_spreadsheet(relation, stream)
    rows = [*csv.reader(io.StringIO(stream.getvalue(), newline=""))]
    assert rows == [["a", "n", "l"], [f"'{text}", "-1", '["=x"]']]
    exact = [*csv.reader(io.StringIO(_text("csv", relation), newline=""))]
    assert exact[1][0] == text, "--format csv is what the data say"


def test_what_is_no_formula_stands_as_it_is() -> None:
    for text in ("", "gcc@11.4", "a=1", "'x", " =1", "0"):
        assert spreadsheet_text(text) == text
