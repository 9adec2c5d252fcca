"""How reports look: widths, cut lists, colour, and text that means harm."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import duckdb
import pytest

from spack_census.ask.diff import Diff, change_rows, matched
from spack_census.ask.scope import Scope
from spack_census.errors import many
from spack_census.reports import diff as shown_diff
from spack_census.reports.sections import Column, Kind, Section, Table
from spack_census.reports.sentences import percent
from spack_census.reports.text import render, show
from support.query_cases import in_memory
from support.report_cases import APRIL, HASH, SNAPSHOTS, A, B, Terminal, plain, shown, spec


def test_a_list_that_is_cut_says_how_many_more_and_what_shows_them(
    compare: Callable[[str, str], Diff],
) -> None:
    found = compare(B, APRIL)
    lines = shown(found).split("\n")
    start = lines.index("Version changes") + 2
    rest = next(at for at in range(start, len(lines)) if lines[at].startswith("  …"))
    told = re.fullmatch(r"  …(\d+) more: census diff --only upgraded,downgraded", lines[rest])
    assert told is not None
    assert rest - start + int(told[1]) == len(found.versions)


@pytest.mark.parametrize("width", [80, 100])
@pytest.mark.parametrize(("before", "after"), [(A, B), (B, APRIL)])
def test_no_line_of_a_diff_is_wider_than_the_terminal(
    con: duckdb.DuckDBPyConnection,
    compare: Callable[[str, str], Diff],
    before: str,
    after: str,
    width: int,
) -> None:
    lines = shown(compare(before, after), width).split("\n")
    assert max(map(len, lines)) <= width
    with matched(con, before, after):
        every = render(shown_diff.listed(change_rows(con, before, after, Scope(), [])), width)
    assert max(line.cell_len for line in every) <= width


def test_changes_show_what_their_label_names() -> None:
    specs = [
        spec(A, "a", package="gcc-new", compiler_version="11.4.0"),
        spec(B, "b", package="gcc-new", compiler_version="13.2.0"),
        spec(A, "c", package="options", variants=["+mpi"]),
        spec(B, "d", package="options", variants=["+cuda"]),
        spec(A, "e", package="same", stacks=["e4s", "hep", "root"]),
        spec(B, "f", package="same", stacks=["e4s", "hep", "root"]),
        spec(A, "g", package="lost"),
    ]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        sections = shown_diff.listed(change_rows(con, A, B, Scope(), []))
        lines = plain(render(sections, None)).split("\n")
    ends = {line.split()[1]: " ".join(line.split()[4:]) for line in lines[1:]}
    assert ends == {
        "gcc-new": "e4s gcc@11.4.0 → gcc@13.2.0 gcc-new compiler gcc@11.4.0 → gcc@13.2.0",
        "options": "e4s +mpi → +cuda options variants +cuda no +mpi",
        "same": f"e4s, hep /e{HASH[:6]} → /f{HASH[:6]} -",
        "lost": "e4s 1.3.1 -",
    }


def test_a_share_is_rounded_to_none_or_all_only_where_it_is() -> None:
    assert percent(1, 100_000) == "0.1%"
    assert percent(99_999, 100_000) == "99.9%"
    assert [percent(part, 7) for part in (0, 3, 7)] == ["0.0%", "42.9%", "100.0%"]
    assert percent(0, 0) == "-"
    assert [many(count, "spec") for count in (1, 1200)] == ["1 spec", "1,200 specs"]


def test_text_from_a_document_neither_marks_up_nor_steers_the_terminal() -> None:
    evil = "[red]x[/red] \x1b[2J\u202e"
    columns = (Column(evil), Column("", Kind.TEXT), Column("", Kind.LIST))
    table = Table(columns, [(evil, evil, (evil, evil))], evil, command=evil)
    sections = [Section(evil, evil, [table], [evil], [(evil, evil)])]
    for stream in (io.StringIO(), Terminal()):
        show(sections, stream)
        written = stream.getvalue()
        assert "[red]x[/red]" in written
        assert "\x1b[2J" not in written
        assert "\u202e" not in written


def test_colour_is_for_terminals_that_want_it(
    compare: Callable[[str, str], Diff], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLUMNS", "400")
    lines = shown_diff.diff(compare(B, APRIL), ["census", "diff"])
    pipe, terminal, uncoloured = io.StringIO(), Terminal(), Terminal()
    show(lines, pipe)
    show(lines, terminal)
    monkeypatch.setenv("NO_COLOR", "1")
    show(lines, uncoloured)
    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[31m" in terminal.getvalue()
    assert "\x1b[31m" not in uncoloured.getvalue()
    bare = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert [line.rstrip() for line in bare.split("\n")] == pipe.getvalue().split("\n")
