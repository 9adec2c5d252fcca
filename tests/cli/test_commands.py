"""Each command: what it prints, where, and the code it exits with."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import duckdb
import pytest

import spack_census as sc
from spack_census.ask.changed import CHANGES
from spack_census.ask.queries import catalogue
from support.command_line import Census, rows
from support.documents_made import Spec, hash_of, write_document
from support.query_cases import write_dataset
from support.report_cases import SNAPSHOTS, A, B, spec


@pytest.fixture
def census(shipped: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(shipped, capsys)


def test_coverage_says_what_is_covered_place_by_place(census: Census) -> None:
    ran = census("coverage")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{B}: 542 packages, 1,673 specs")
    assert re.search(r"linux +neoverse_v1 +ubuntu22.04 +108 +111 +19.9%", ran.out)
    assert census("coverage --platform darwin").out.startswith(f"{B}: 117 packages, 137 specs")


def test_coverage_of_a_host_says_how_many_packages_install_from_binaries(census: Census) -> None:
    out = " ".join(census("coverage --host zen4").out.split())
    assert out.startswith(f"{B} on zen4 (linux): 537 of 542 packages install from binaries (99.1%)")
    assert "x86_64_v3 537 zen4 runs it (archspec)" in out
    arm = " ".join(census(f"coverage --host neoverse_v2 --snapshot {A}").out.split())
    assert arm.startswith(f"{A} on neoverse_v2 (linux): 66 of 543 packages")


def test_coverage_of_a_list_takes_files_and_options_together(
    census: Census, tmp_path: Path
) -> None:
    path = tmp_path / "list with blanks"
    path.write_text("# mine\nhdf5\npy-torhc\n")
    ran = census("coverage --package cmake --packages", str(path))
    assert ran.code == 0
    assert ran.out.startswith(f"{B}: 66.7% of your list (2 of 3)")
    assert re.search(r"py-torhc +py-torch", ran.out)
    path.write_text("# none\n")
    assert "the list of packages is empty" in census("coverage --packages", str(path)).err


def test_diff_compares_the_last_two_snapshots_unless_told_otherwise(census: Census) -> None:
    assert census("diff develop-2024-04-28").out.startswith(f"develop-2024-04-28 → {B}\n")
    assert census(f"diff {B} {A}").out.startswith(f"{B} → {A}\n")


def test_diff_says_what_a_person_would_and_lists_losses_first(census: Census) -> None:
    ran = census("diff")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"{A} → {B}\n")
    said = " ".join(ran.out.split())
    assert (
        "22 packages were upgraded; 2 packages are gone, 1 appeared; 898 specs were rebuilt" in said
    )
    order = [
        ran.out.index(title)
        for title in ("Gone from a target", "Version ch", "Specs of each stack")
    ]
    assert order == sorted(order)
    assert re.search(r"amrex +24.05 +24.06 +upgraded +x86_64_v3 +2\n", ran.out)


def test_the_command_a_cut_list_names_lists_them_all(census: Census, shipped: Path) -> None:
    out = census("diff develop-2024-04-28").out
    command = re.search(r"…\d+ more: census (diff .*upgraded,downgraded)", out)
    assert command is not None
    assert shlex.quote(str(shipped)) in command[1]
    listed = census.bare(command[1])
    assert listed.code == 0
    assert {line.split()[0] for line in listed.out.splitlines()[1:]} == {"downgraded", "upgraded"}


def test_only_prints_each_row_of_a_kind(census: Census) -> None:
    every = rows(census("diff --format json").out)
    for label in CHANGES:
        found = [row for row in every if row["change"] == label]
        listed = census(f"diff --only {label}").out.splitlines()
        assert sum(line.split()[0] == label for line in listed) == len(found)
    several = rows(census("diff --only upgraded,gone --format json").out)
    assert several == [row for row in every if row["change"] in {"gone", "upgraded"}]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("diff", 1),
        ("diff latest latest", 0),
        ("diff --only downgraded", 0),
        ("diff --only upgraded,gone", 1),
        ("diff --format csv", 1),
        ("diff latest latest --format csv", 0),
        ("diff --package autoconf-archive", 0),
        ("diff nosuch", 2),
    ],
)
def test_exit_code_is_that_of_diff(census: Census, line: str, code: int) -> None:
    assert census(f"{line} --exit-code").code == code


def test_a_spec_that_only_moved_is_a_change_in_every_format(census: Census, tmp_path: Path) -> None:
    specs = [spec(A, "a", stacks=["e4s"]), spec(B, "a", stacks=["hep"])]
    dataset = write_dataset(tmp_path, {"specs": specs, "snapshots": SNAPSHOTS})
    for line in ("diff", "diff --format json"):
        assert census(f"{line} --exit-code", dataset=dataset).code == 1
    assert census("diff --exit-code --only rebuilt", dataset=dataset).code == 0


def test_package_shows_versions_stacks_variants_and_history(census: Census) -> None:
    ran = census("package hdf5")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"hdf5 in {B}: 3 versions, 9 specs on 2 targets\n")
    assert re.search(r"1.8.23 +2  linux/x86_64_v3 ×2", ran.out)
    assert re.search(r"mpi +\+mpi ×7, ~mpi ×2", ran.out)
    assert "History in develop-dated: first seen in develop-2024-04-28" in ran.out
    older = census("package py-mpi4py --snapshot develop")
    assert older.out.startswith("py-mpi4py in develop: ")
    assert len(rows(census("package hdf5 --format json").out)) == 9


def test_query_takes_parameters_and_writes_files(census: Census, tmp_path: Path) -> None:
    ran = census(f"query diff.packages -p before={B} -p after={A} --format json")
    assert {row["change"] for row in rows(ran.out)} == {"gone", "appeared"}
    path = tmp_path / "rows.parquet"
    written = census("query coverage.matrix --format parquet --output", str(path))
    assert (written.code, written.out) == (0, "")
    assert duckdb.read_parquet(str(path)).aggregate("count(distinct package)").fetchall() == [
        (542,)
    ]
    blocked = census("query coverage.matrix --output", str(tmp_path / "no" / "rows.csv"))
    assert blocked.code == 2
    assert "cannot write" in blocked.err


def test_snapshots_are_in_order(census: Census) -> None:
    names = [row["snapshot"] for row in rows(census("snapshots --format json").out)]
    assert names == ["develop", "develop-2024-04-28", A, B]


def test_queries_lists_the_catalogue(census: Census) -> None:
    found = rows(census.bare("queries --format json").out)
    assert [row["query"] for row in found] == list(catalogue())


def test_queries_of_another_folder_are_used(census: Census, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    text = "-- title: One\n-- column: one | The number\nselect 1 as one\n"
    (tmp_path / "mine" / "one.sql").write_text(text)
    ran = census("query mine.one --format json --queries", str(tmp_path))
    assert rows(ran.out) == [{"one": 1}]
    listed = rows(census.bare("queries --format json --queries", str(tmp_path)).out)
    assert [row["query"] for row in listed] == ["mine.one"]


def test_rejects_says_why_and_what_to_do(census: Census, corpus: Path, tmp_path: Path) -> None:
    built = census("build", str(corpus / "bad"), dataset=tmp_path / "ds")
    assert built.code == 0
    assert "census rejects" in built.err
    found = rows(census("rejects --format json", dataset=tmp_path / "ds").out)
    assert found
    assert all(row["reason"] and row["message"] and row["remedy"] for row in found)


def test_check_is_different_where_a_row_fails(census: Census, tmp_path: Path) -> None:
    fine = census("check")
    assert fine.code == 0
    assert set(re.findall(r"^\w+", fine.out, re.MULTILINE)) == {"ok"}
    specs = [{"snapshot": A, "hash": "not a hash"}]
    dataset = write_dataset(tmp_path, {"specs": specs, "snapshots": SNAPSHOTS})
    failed = census("check", dataset=dataset)
    assert failed.code == 1
    assert re.search(r"FAILED  checks.hash_form +1 ", failed.out)


def test_check_looks_at_the_newest_two_of_each_series(census: Census, tmp_path: Path) -> None:
    # No rows of specs can break this check: a view that reckons wrong does.
    views = tmp_path / "queries" / "views"
    views.mkdir(parents=True)
    (views / "wrong.sql").write_text(
        "create or replace macro changes(a, b) as table (from "
        "(select 'lib' as package, a as before_hash, b as after_hash, 'rebuilt' as change, "
        "[]::varchar[] as stacks))"
    )
    (tmp_path / "queries" / "checks").mkdir()
    query = catalogue()["checks.causes"]
    (tmp_path / "queries" / "checks" / "causes.sql").write_text(query.sql)
    names = [("r1", "release"), ("r2", "release"), ("d1", "dated"), ("d2", "dated"), ("o", "other")]
    listed = [{"snapshot": name, "series": series} for name, series in names]
    dataset = write_dataset(tmp_path / "ds", {"snapshots": listed})

    failed = census(f"check --queries {tmp_path / 'queries'}", dataset=dataset)

    assert failed.code == 1
    assert failed.out.count("specs before = kept + matched + gone") == 2
    for before, after in (("r1", "r2"), ("d1", "d2")):
        assert re.search(rf" {before} +{after} ", failed.out)


def test_path_is_the_folder_of_the_current_version(census: Census, shipped: Path) -> None:
    assert census("path").out == f"{(shipped / 'current').resolve()}\n"


def test_sql_makes_the_views_in_a_plain_duckdb(census: Census) -> None:
    with duckdb.connect() as con:
        con.execute(census("sql").out)
        counted = con.execute("select count(*) from specs_at(?)", [B]).fetchall()
    assert counted == [(1673,)]


def test_build_reports_what_it_read_and_does_nothing_twice(
    census: Census, documents_folder: Path, tmp_path: Path
) -> None:
    source, dataset = str(documents_folder / "py-mpi4py.md"), tmp_path / "ds"
    first = census("build", source, dataset=dataset)
    assert first.code == 0
    assert "91 specs seen = 91 written + 0 rejected" in first.out
    assert "develop " in first.err
    assert "up to date" in census("build", source, dataset=dataset).out
    renamed = census("build --as develop@2025-07-20", source, dataset=tmp_path / "named")
    assert renamed.code == 0
    with sc.connect(tmp_path / "named") as con:
        named = con.sql("select snapshot from snapshots").fetchall()
    assert named == [("develop@2025-07-20",)]
    missing = census("build", str(tmp_path / "nosuch"), dataset=dataset)
    assert (missing.code, missing.out) == (2, "")


def test_build_says_how_many_packages_a_snapshot_has_at_most(
    census: Census, tmp_path: Path
) -> None:
    for snapshot, packages in (("develop-2025-01-05", ["a"]), ("develop-2025-01-12", ["a", "b"])):
        for package in packages:
            one = Spec(hash=hash_of((snapshot, package)))
            write_document(tmp_path / "source", package, snapshot, [one])
    ran = census("build", str(tmp_path / "source"), dataset=tmp_path / "ds")
    assert "2 snapshots of up to 2 packages · 3 specs · 1 platform × 1 target" in ran.out


def test_strict_makes_a_reject_trouble(census: Census, corpus: Path, tmp_path: Path) -> None:
    ran = census("build --strict", str(corpus / "bad"), dataset=tmp_path / "ds")
    assert (ran.code, ran.out) == (2, "")
    assert not (tmp_path / "ds" / "current").exists()
