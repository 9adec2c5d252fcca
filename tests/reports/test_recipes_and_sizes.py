"""What recipes and sizes add to a report and to `census package`; without them nothing."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from spack_census.ask.package import package_report
from spack_census.ask.recipes import maintainers
from spack_census.reports import maintainers as column
from spack_census.reports import page, sizes, text
from spack_census.reports.gathering import gather, past
from spack_census.reports.package import package
from spack_census.reports.report import Report, Size
from spack_census.reports.sections import Column, Package
from support.query_cases import in_memory

A, B = "develop-2025-01-05", "develop-2025-01-12"
COMMAND = ["census", "package", "gone"]
VERSION = {"version_key": "n011#3", "is_preferred": False, "is_deprecated": False}
RECIPE: dict[str, Any] = {
    "package": "gone",
    "versions": [
        {**VERSION, "version": "2", "version_key": "n012#3"},
        {**VERSION, "version": "1", "is_deprecated": True},
    ],
    "maintainers": ["ann", "bob"],
    "licenses": [{"license": "MIT", "conditions": ["@2:", "+x"]}],
    "build_systems": ["cmake"],
    "provides": [{"virtual": "api", "conditions": []}],
    "revision_date": dt.date(2025, 1, 1),
}
TABLES: dict[str, list[dict[str, Any]]] = {
    "snapshots": [
        {"snapshot": A, "series_order": 1, "num_specs": 2, "num_packages": 2},
        {"snapshot": B, "series_order": 2, "num_specs": 2, "num_packages": 1},
    ],
    "specs": [
        {"snapshot": A, "package": "gone", "version": "1", "hash": "a", "size_bytes": 10},
        {"snapshot": A, "package": "kept", "hash": "b", "size_bytes": 2_000_000},
        {"snapshot": B, "package": "kept", "hash": "b", "size_bytes": 2_000_000},
        {"snapshot": B, "package": "kept", "hash": "c", "target": "zen4"},
    ],
    "recipes": [RECIPE, {"package": "kept"}],
}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory(TABLES) as con:
        yield con


@pytest.fixture(scope="module")
def report(con: duckdb.DuckDBPyConnection) -> Report:
    return gather(con, A, B, past(con))


def shown(sections: Any) -> str:
    stream = io.StringIO()
    text.show(sections, stream, wide=True)
    return " ".join(stream.getvalue().split())


def test_what_is_gone_names_its_maintainers(report: Report) -> None:
    assert [(each.package, each.maintainers) for each in report.maintainers] == [
        ("gone", ["ann", "bob"])
    ]
    found = page.regressions(report)
    for table in found.tables:
        assert table.columns[-1].title == "maintainers"
        assert [row[-1] for row in table.rows] == [("ann", "bob")]


def test_without_recipes_there_is_no_column_of_maintainers() -> None:
    columns, rows = (Column("package"),), [(Package("gone", A),)]
    assert column.with_maintainers(columns, rows, {}) == (columns, rows)
    with in_memory({**TABLES, "recipes": []}) as con:
        assert maintainers(con, {"gone"}) == {}
        assert package_report(con, "kept").declared is None
    assert maintainers(con, set()) == {}


def test_sizes_are_told_with_how_many_are_known(report: Report) -> None:
    assert [each.part for each in report.sizes] == [
        "all",
        "target",
        "target",
        "stack",
    ]
    assert report.sizes[0] == Size("all", "all", 2, 1, 2_000_000, 0)
    said = sizes.said(report.sizes)
    assert said == (
        " Its binaries take at least 2.0 MB, 0 bytes of it new to the series; "
        "the sizes of 1 of 2 specs are known."
    )
    found = page.coverage(report)
    assert said in found.lead
    assert found.tables[-1].rows == [
        ("target", "linux/x86_64_v3", 1, 100.0, "2.0 MB", "0 bytes"),
        ("target", "linux/zen4", 1, 0.0, "unknown", "unknown"),
        ("stack", "e4s", 2, 50.0, "2.0 MB", "0 bytes"),
    ]


def test_where_no_size_is_known_nothing_is_said_of_sizes() -> None:
    specs = [{**spec, "size_bytes": None} for spec in TABLES["specs"]]
    with in_memory({**TABLES, "specs": specs}) as con:
        report = gather(con, A, B, past(con))
    assert report.sizes == []
    assert sizes.said([]) == ""
    assert "bytes" not in shown([page.coverage(report)])


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (None, "unknown"),
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_550_000_000, "1.6 GB"),
        (12_345 * 10**12, "12,345.0 TB"),
    ],
)
def test_a_size_is_written_with_its_unit(size: int | None, said: str) -> None:
    assert sizes.written(size) == said


def test_a_package_shows_what_its_recipe_declares(con: duckdb.DuckDBPyConnection) -> None:
    found = shown(package(package_report(con, "gone"), COMMAND))
    assert "Recipe, as of 2025-01-01" in found
    assert "maintainers ann, bob licence MIT (@2: and +x) build systems cmake" in found
    assert "provides api versions 2, 1 not cached 2 deprecated 1" in found


def test_a_recipe_that_could_not_be_read_says_so() -> None:
    rejected = {"package": "kept", "reading": "rejected", "reason": "bad-python"}
    partly = {"package": "gone", "reading": "partly", "num_unread": 3}
    with in_memory({**TABLES, "recipes": [rejected, partly]}) as con:
        assert "could not be read: census query" in shown(
            package(package_report(con, "kept"), COMMAND)
        )
        found = shown(package(package_report(con, "gone"), COMMAND))
    assert "maintainers none named licence not told" in found
    assert "3 calls could not be read, computed in code." in found
