"""Coverage of a target, a host, a list of packages, and place by place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import spack_census as sc
from spack_census.ask import names
from spack_census.ask.coverage import Question, coverage, package_rows, read_list
from spack_census.ask.overview import overview
from spack_census.ask.queries import load, run
from spack_census.cli import main
from spack_census.errors import CensusError, ParameterError, UnknownNameError
from spack_census.reports import coverage as shown
from spack_census.reports.sentences import percent
from spack_census.reports.text import render
from support.report_cases import B, plain


@pytest.fixture(scope="module")
def con(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with sc.connect(shipped) as connection:
        yield connection


@pytest.mark.parametrize(("host", "platform"), [("zen4", "linux"), ("m1", "darwin")])
def test_coverage_of_a_host_is_that_of_the_query_on_one_platform(
    con: duckdb.DuckDBPyConnection, host: str, platform: str
) -> None:
    found = coverage(con, Question(host=host), B)
    rows = run(con, load("coverage.host"), {"host": host, "snapshot": B})
    usable = {row[0]: (row[2], row[4], row[5]) for row in rows.fetchall() if row[1] == platform}
    assert found.question.platform == platform
    assert usable == {
        row.package: (row.best_target, row.newest_version, row.num_specs) for row in found.covered
    }
    everything = overview(con, B).num_packages
    assert len(found.covered) + len(found.missing) == len(found.packages) == everything


def test_a_host_is_looked_at_on_linux_first_and_the_other_platform_is_offered(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = coverage(con, Question(host="neoverse_v2"), B)
    assert (found.question.platform, found.other_platforms) == ("linux", ["darwin"])
    lines = plain(
        render(shown.coverage(found, ["census", "coverage", "--host", "neoverse_v2"], []), 80)
    )
    assert "under darwin: census coverage --host neoverse_v2 --platform darwin" in lines
    asked = coverage(con, Question(host="neoverse_v2", platform="darwin"), B)
    assert (asked.question.platform, asked.other_platforms) == ("darwin", [])
    assert {row.best_target for row in asked.covered} == {"aarch64"}


def test_a_host_that_can_use_nothing_is_covered_by_nothing(con: duckdb.DuckDBPyConnection) -> None:
    found = coverage(con, Question(host="power9le"), B)
    assert found.covered == []
    assert f"0 of {len(found.packages)} packages" in plain(
        render(shown.coverage(found, [], []), 80)
    )


def test_coverage_of_a_target_counts_its_packages_and_ranks_what_is_missing(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = coverage(con, Question(target="neoverse_v1"), B)
    query = "select distinct package from specs where snapshot = ? and target = 'neoverse_v1'"
    there = {name for (name,) in con.execute(query, [B]).fetchall()}
    assert {row.package for row in found.covered} == there
    stacks = [row.num_stacks for row in found.missing]
    assert stacks == sorted(stacks, reverse=True)
    assert stacks[0] > stacks[-1]


def test_a_list_is_the_denominator_and_tells_absent_from_unknown(
    con: duckdb.DuckDBPyConnection,
) -> None:
    listed = ("cmake", "cmake", "py-torhc", "py-pytest-runner")
    found = coverage(con, Question(packages=listed), B)
    assert [(row.package, row.covered, row.known) for row in found.packages] == [
        ("cmake", True, True),
        ("py-pytest-runner", False, True),
        ("py-torhc", False, False),
    ]
    lines = plain(render(shown.coverage(found, ["census", "coverage"], names.packages(con)), 80))
    assert lines.startswith(f"{B}: 33.3% of your list (1 of 3)")
    assert re.search(r"py-pytest-runner +0  other snapshots only", lines)
    assert re.search(r"py-torhc +py-torch, ", lines)


def test_a_list_counts_on_the_target_that_is_asked_for(con: duckdb.DuckDBPyConnection) -> None:
    listed = Question(target="neoverse_v2", packages=("hdf5", "cmake"))
    found = {row.package: row.covered for row in coverage(con, listed, B).packages}
    assert found == {"cmake": True, "hdf5": False}


def test_package_rows_have_the_fields_of_the_report(con: duckdb.DuckDBPyConnection) -> None:
    question = Question(packages=("cmake",))
    rows = package_rows(con, question, B)
    assert rows.fetchall() == [tuple(row) for row in coverage(con, question, B).packages]
    assert rows.columns == list(coverage(con, question, B).packages[0]._fields)


def test_questions_that_cannot_be_answered_say_what_to_do(con: duckdb.DuckDBPyConnection) -> None:
    for question, told in (
        (Question(host="neoverse_v22"), "neoverse_v2, "),
        (Question(target="zen4"), "census coverage --host zen4"),
        (Question(target="x86_64_v33"), "nearest: x86_64_v3"),
        (Question(host="zen4", platform="dawin"), "nearest: darwin"),
    ):
        with pytest.raises(UnknownNameError, match=told):
            coverage(con, question, B)
    for question in (Question(target="x86_64_v3", host="zen4"), Question(packages=())):
        with pytest.raises(ParameterError):
            coverage(con, question, B)


def test_a_list_file_has_comments_blank_lines_and_windows_ends(tmp_path: Path) -> None:
    path = tmp_path / "list"
    path.write_bytes(b"# mine\ncmake\r\n\n  hdf5  # parallel\nzlib")
    assert read_list(path) == ("cmake", "hdf5", "zlib")
    with pytest.raises(CensusError, match="No such file"):
        read_list(tmp_path / "none")
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CensusError, match="no UTF-8"):
        read_list(path)


def test_overview_has_the_rows_of_by_target_and_names_the_fullest_target(
    con: duckdb.DuckDBPyConnection,
) -> None:
    found = overview(con, B)
    rows = run(con, load("coverage.by_target"), {"snapshot": B}).fetchall()
    assert list(map(tuple, found.places)) == rows
    query = "select count(distinct package) from specs where snapshot = ? and target = ?"
    packages = con.execute(query, [B, "x86_64_v3"]).fetchall()[0][0]
    assert found.targets[0][:3] == ("linux", "x86_64_v3", packages)
    lines = plain(render(shown.overview(found, ["census", "coverage"]), 80))
    assert f"{packages} ({percent(packages, found.num_packages)})" in lines
    assert max(map(len, lines.split("\n"))) <= 80


def test_overview_of_one_platform_counts_that_platform(con: duckdb.DuckDBPyConnection) -> None:
    found = overview(con, B, "darwin")
    query = (
        "select count(distinct package), count(*) from specs where snapshot = ? and platform = ?"
    )
    assert (found.num_packages, found.num_specs) == con.execute(query, [B, "darwin"]).fetchall()[0]
    assert {row.platform for row in found.places} == {"darwin"}


def test_a_list_tells_what_is_covered_and_its_exit_code_whether_all_is(
    shipped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names"
    command = ["coverage", "--dataset", str(shipped), "--packages", str(names), "--exit-code"]
    for text, code in (("cmake\n", 0), ("cmake\npy-pytest-runner\n", 1), ("py-torhc\n", 1)):
        names.write_text(text)
        assert main(command) == code
        assert main(command[:-1]) == 0
    names.write_text("cmake\npy-pytest-runner\n")
    capsys.readouterr()
    main(command)
    told = capsys.readouterr().out
    assert "Covered: 1 package" in told
    assert "Missing: 1 package" in told
