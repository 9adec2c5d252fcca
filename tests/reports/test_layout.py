"""Tables in the width that is there: nothing broken, nothing wider, nothing left out unsaid."""

from __future__ import annotations

import string
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from spack_census.reports.sections import Column, Kind, Section, Table
from spack_census.reports.text import render, table_lines

WORDS = st.text(string.ascii_lowercase + "-_漢", min_size=1, max_size=14)
TITLES = st.text(string.ascii_lowercase, min_size=1, max_size=9)
CELLS = {
    Kind.NAME: WORDS,
    Kind.TEXT: st.lists(WORDS, max_size=9).map(" ".join),
    Kind.LIST: st.lists(WORDS, max_size=5).map(tuple),
    Kind.VARIANTS: st.lists(WORDS, max_size=5).map(tuple),
    Kind.HASH: st.text("abcdefg234567", min_size=32, max_size=32),
    Kind.COUNT: st.integers(0, 10**9),
    Kind.PERCENT: st.none() | st.floats(0, 100),
}


@st.composite
def tables(draw: st.DrawFn) -> Table:
    kinds = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=7))
    titles = [draw(st.lists(TITLES, min_size=1, max_size=3).map("_".join)) for _ in kinds]
    columns = tuple(
        Column(title, kind, rank=at)
        for at, (title, kind) in enumerate(zip(titles, kinds, strict=True))
    )
    rows = draw(st.lists(st.tuples(*(CELLS[kind] for kind in kinds)), max_size=6))
    return Table(columns, rows)


def lines(table: Table, width: int | None, indent: int = 0) -> list[str]:
    return [line.plain.rstrip() for line in table_lines(table, width, indent)]


@given(table=tables(), width=st.integers(60, 200), indent=st.sampled_from([0, 2]))
@example(
    table=Table(
        (Column("variants", Kind.VARIANTS), Column("text", Kind.TEXT, rank=1)),
        [(("a",), ""), (("a", "b" * 9), ""), (("a",), "c " * 40)],
    ),
    width=60,
    indent=0,
)
def test_no_line_is_wider_than_the_terminal_and_no_word_is_broken(
    table: Table, width: int, indent: int
) -> None:
    found = lines(table, width, indent)
    assert max(map(cell_len, found)) <= width
    words = {word.rstrip(",") for line in lines(table, None)[1:] for word in line.split()}
    words.add("-")  # of variants that do not differ
    titles = {part for column in table.columns for part in column.title.split("_")}
    titles |= {"that", "differ"}  # as it is said of variants
    for line in found:
        if line.strip().startswith("("):
            break
        for word in line.split():
            whole = word.rstrip(",") in words or any(each[:7] == word for each in words)
            heading = {part for part in word.split("_") if part} <= titles
            assert whole or heading or word.startswith("+") or word.endswith("…"), line


@given(table=tables())
def test_in_a_pipe_and_where_it_is_wide_everything_is_whole(table: Table) -> None:
    piped = [line.plain for line in render([Section(tables=[table])], None)]
    assert [line.plain for line in render([Section(tables=[table])], 60, wide=True)] == piped
    assert len(piped) == len(table.rows) + 1
    assert "…" not in "".join(piped)
    assert "no room" not in "".join(piped)


@given(table=tables(), width=st.integers(60, 200))
def test_each_column_is_shown_or_said_not_to_be(table: Table, width: int) -> None:
    found = lines(table, width)
    end = next((at for at, line in enumerate(found) if line.startswith("(")), len(found))
    told = "".join(found[end:]).replace(" ", "")
    shown = "".join(found).replace(" ", "")
    for column in table.columns[1:]:
        name = column.title.split("_")[0]
        assert name in shown or column.title in told


def test_hashes_and_lists_are_shortened_before_a_column_goes_and_names_stay_whole() -> None:
    table = Table(
        (
            Column("package"),
            Column("stacks", Kind.LIST, rank=1),
            Column("hash", Kind.HASH, rank=2),
            Column("num_specs", Kind.COUNT, rank=3),
        ),
        [
            (
                "py-setuptools-scm",
                ("e4s", "data-vis-sdk", "ml-linux-x86_64-cpu"),
                "abcdefgh" * 4,
                1234,
            )
        ],
    )
    row = ["py-setuptools-scm", "e4s,", "data-vis-sdk", "+1", "abcdefg", "1,234"]
    assert lines(table, 60)[1].split() == row
    assert lines(table, 38)[-1] == "(no room for num_specs: --wide)"
    assert "abcdefgh" * 4 in lines(table, 120)[1]


def test_a_column_that_says_the_same_in_each_row_goes_first_and_is_told() -> None:
    rows = [("a" * 30, "linux", "x" * 20), ("b" * 30, "linux", "y" * 20)]
    columns = (Column("package"), Column("platform", rank=1), Column("target", rank=2))
    found = lines(Table(columns, rows), 60)
    assert found[0].split() == ["package", "target"]
    assert found[-1] == "(in every row: platform linux)"
    cut = lines(Table(columns, [row[::-1] for row in rows]), 20)
    assert "no room for" in " ".join(cut)


@pytest.mark.parametrize("width", [60, 80])
def test_a_limit_says_how_many_more_and_what_lists_them(width: int) -> None:
    table = Table(
        (Column("n", Kind.COUNT),), [(n,) for n in range(30)], limit=20, command="census x"
    )
    assert lines(table, width)[-1] == "…10 more: census x"
    assert len(lines(replace(table, limit=None), width)) == 31
