"""The rows of a query as a table for people: in a pipe, on terminals, in Markdown."""

from __future__ import annotations

import io
from typing import Any

import duckdb
import pytest
from rich.cells import cell_len

from spack_census.cli.options import Format
from spack_census.cli.printing import write_rows
from spack_census.reports.rows import table
from spack_census.reports.sections import Kind
from support.report_cases import Terminal

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


def _relation(sql: str = SQL, **params: Any) -> duckdb.DuckDBPyRelation:
    return duckdb.connect().sql(sql, params=params or None)


def _text(
    format_: str, relation: duckdb.DuckDBPyRelation, stream: io.StringIO | None = None
) -> str:
    stream = stream or io.StringIO()
    write_rows(relation, Format(format_), stream)
    return stream.getvalue()


def test_table_is_aligned_with_numbers_to_the_right() -> None:
    assert _text("table", _relation()) == (
        "name  num_specs  share_pct  stacks     day         known  ratio\n"
        "zlib     12,345       98.5  e4s, root  2024-06-09  true     1.5\n"
        "\n"
        "              7                        2024-01-01  false      2\n"
    )


def test_table_outside_a_terminal_is_never_cut() -> None:
    text = _text("table", _relation("select repeat('x', 500) as long, 1 as n"))
    assert "x" * 500 + "  1\n" in text


def test_table_aligns_wide_characters() -> None:
    lines = _text("table", _relation("from (values ('漢字', 1), ('abc', 2)) as t (a, b)"))
    assert {cell_len(line) for line in lines.splitlines()} == {len("漢字") * 2 + 3}


def test_table_of_no_rows_is_its_header() -> None:
    assert _text("table", _relation("select 1 as a, 'x' as b where false")) == "a  b\n"


def test_table_on_a_terminal_shows_text_and_not_markup(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    text = _text("table", _relation("select '[red]x[/red]' as a, 1234 as n"), Terminal())
    assert "[red]x[/red]" in text
    assert "1,234" in text


def test_kinds_are_told_by_type_and_name() -> None:
    sql = """
        select 'a' as package, ['+x'] as variants, ['e4s'] as stacks, 'abc' as before_hash,
            ['abc'] as spec_hashes, 6 as hash_epoch, 'two words' as message, true as known
    """
    kinds = [column.kind for column in table(_relation(sql)).columns]
    assert kinds == [
        *(Kind.NAME, Kind.VARIANTS, Kind.LIST, Kind.HASH),
        *(Kind.HASHES, Kind.COUNT, Kind.TEXT, Kind.NAME),
    ]


def test_variants_that_a_packages_specs_share_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "dumb")
    shared = [f"+shared-by-all-{n}" for n in range(9)]
    sql = """
        select package, list_concat($shared, [variant]) as variants
        from (values ('a', '+mpi'), ('a', '~mpi'), ('b', '+mpi')) as t (package, variant)
    """
    lines = _text("table", _relation(sql, shared=shared), Terminal()).splitlines()
    assert [line.split() for line in lines[:3]] == [
        ["package", "variants", "that", "differ"],
        ["a", "+mpi"],
        ["a", "~mpi"],
    ]
    assert "+shared-by-all-0" in lines[3]
    assert _text("table", _relation(sql, shared=shared)).count("+shared-by-all-8") == 3


@pytest.mark.parametrize("format_", ["table", "markdown"])
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


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("a|b", r"a\|b"),
        ("`rm`", r"\`rm\`"),
        ("one\ntwo", r"one\\ntwo"),
        ("<script>&amp;", "&lt;script&gt;&amp;amp;"),
        ("[x](http://y)", r"\[x\](http:<!-- -->//y)"),
        ("https://a.b", "https:<!-- -->//a.b"),
        ("HTTPS://a.b", "HTTPS:<!-- -->//a.b"),
        ("www.a.b", "www<!-- -->.a.b"),
        ("mailto:me", "mailto:<!-- -->me"),
        ("thanks @octocat", "thanks @<!-- -->octocat"),
        ("@_x", "@<!-- -->\\_x"),
        ("gcc@11.4.0", "gcc@<!-- -->11.4.0"),
        ("fixes #123, GH-7, a/b#1", "fixes #<!-- -->123, GH-<!-- -->7, a/b#<!-- -->1"),
        ("# no issue, 100 @ 5: http", "# no issue, 100 @ 5: http"),
        ("*b* _i_ ~s~", r"\*b\* \_i\_ \~s\~"),
        ("x86_64_v3", "x86_64_v3"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_markdown_escapes_its_own_characters(value: str, cell: str) -> None:
    assert _text("markdown", _relation("select $v as a, 1 as n", v=value)) == (
        f"| a | n |\n| --- | ---: |\n| {cell} | 1 |\n"
    )
