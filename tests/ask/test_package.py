"""Everything about one package."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

import spack_census as sc
from spack_census.ask.package import Count, Variant, package_report, spec_rows
from spack_census.errors import CensusError, UnknownNameError
from spack_census.reports.package import package
from spack_census.reports.text import render
from support.query_cases import in_memory
from support.report_cases import SNAPSHOTS, A, B, plain, spec

COMMAND = ["census", "package", "zlib"]


@pytest.fixture(scope="module")
def con(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with sc.connect(shipped) as connection:
        yield connection


def test_a_package_report_tells_variants_that_differ_from_those_shared() -> None:
    specs = [
        spec(A, "a", variants=["+shared", "build_type=Release", "patches=abc1234", "~doc"]),
        spec(A, "b", variants=["+shared", "build_type=Debug", "~doc"]),
        spec(A, "c", variants=["+shared", "build_type=Debug", "cuda_arch=90"]),
    ]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS[:1]}) as con:
        report = package_report(con, "zlib")
    assert report.shared == ["+shared"]
    assert report.differing == [
        Variant("build_type", [Count("build_type=Debug", 2), Count("build_type=Release", 1)]),
        Variant("cuda_arch", [Count("cuda_arch=90", 1), Count(None, 2)]),
        Variant("doc", [Count("~doc", 2), Count(None, 1)]),
    ]


def test_versions_and_history_of_a_package_are_newest_first_in_spacks_order() -> None:
    specs = [
        spec(A, "a", version="1.9", version_key="b"),
        spec(A, "b", version="1.10", version_key="c", target="zen4"),
        spec(A, "c", version="1.10", version_key="c"),
        spec(B, "d", version="develop", version_key="d", compiler_name=None, stacks=["root"]),
    ]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        older = package_report(con, "zlib", A)
        newest = package_report(con, "zlib")
        assert [row[2] for row in spec_rows(con, older).fetchall()] == ["1.10", "1.10", "1.9"]
    assert [row.version for row in older.versions] == ["1.10", "1.9"]
    assert [place["place"] for place in older.versions[0].places] == [
        "linux/x86_64_v3",
        "linux/zen4",
    ]
    assert older.history[0].versions == ["1.10", "1.9"]
    assert (newest.snapshot, newest.stacks) == (B, [])


def test_a_package_gone_from_the_latest_is_shown_where_it_was_last(
    con: duckdb.DuckDBPyConnection,
) -> None:
    report = package_report(con, "aocl-utils")
    assert report.snapshot == A
    assert "It is not in develop-2024-06-09, the latest." in plain(
        render(package(report, COMMAND), 80)
    )
    with pytest.raises(CensusError, match=f"{B} has no aocl-utils\n.*{A}"):
        package_report(con, "aocl-utils", "latest")
    with pytest.raises(UnknownNameError, match="nearest: hdf5"):
        package_report(con, "hdf")


def test_a_package_of_another_series_alone_is_shown_from_there() -> None:
    specs = [spec(A, "a"), spec("v0.22", "b", package="old")]
    snapshots = [*SNAPSHOTS[:1], {"snapshot": "v0.22", "series": "release"}]
    with in_memory({"specs": specs, "snapshots": snapshots}) as con:
        report = package_report(con, "old")
    assert (report.snapshot, report.series) == ("v0.22", "release")
    assert "History in release" in plain(render(package(report, COMMAND), 80))


def test_no_line_of_a_package_is_wider_than_the_terminal(con: duckdb.DuckDBPyConnection) -> None:
    for name in ("cmake", "hdf5", "py-mpi4py"):
        lines = render(package(package_report(con, name), COMMAND), 80)
        assert max(line.cell_len for line in lines) <= 80


def test_flags_and_spliced_specs_are_told() -> None:
    specs = [
        spec(A, "a", flags=["cflags=-O3 -march=native"]),
        spec(A, "b", flags=["cflags=-O3 -march=native", "ldflags=-s"]),
        spec(A, "c", build_spec="a"),
    ]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS[:1]}) as con:
        report = package_report(con, "zlib")
        rows = spec_rows(con, report).to_arrow_table().to_pylist()
    assert report.flags == [Count("cflags=-O3 -march=native", 2), Count("ldflags=-s", 1)]
    assert [(each.hash[0], each.build_spec) for each in report.spliced] == [("c", "a")]
    shown = plain(render(package(report, COMMAND), 80))
    assert "built as" in shown
    assert "flags      cflags=-O3 -march=native ×2" in shown
    assert [row["build_spec"] for row in rows] == [None, None, "a"]
