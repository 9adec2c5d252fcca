"""The shipped documents as tests of reports read them: each pair of snapshots is compared once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

import spack_census as sc
from spack_census.ask.diff import Diff, diff, matched
from spack_census.reports import gathering
from spack_census.reports.report import Report
from support.report_cases import A, B


class Both(NamedTuple):
    """What is said of one pair of snapshots, whose specs are matched once for both."""

    diff: Diff
    report: Report


@pytest.fixture(scope="session")
def con(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection to the shipped documents."""
    with sc.connect(shipped) as connection:
        yield connection


@pytest.fixture(scope="session")
def held(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection that holds what changed from A to B, and answers of no other pair."""
    with sc.connect(shipped) as connection, matched(connection, A, B):
        yield connection


@pytest.fixture(scope="session")
def both(con: duckdb.DuckDBPyConnection) -> Callable[[str, str], Both]:
    """Return the diff of two snapshots and the report on them, made once for all tests."""
    past = gathering.past(con)

    @cache
    def made(before: str, after: str) -> Both:
        with matched(con, before, after):
            report = gathering.gather(con, before, after, past)
            return Both(diff(con, before, after), report)

    return made


@pytest.fixture(scope="session")
def compare(both: Callable[[str, str], Both]) -> Callable[[str, str], Diff]:
    """Return `diff` of two snapshots, computed once for all tests."""
    return lambda before, after: both(before, after).diff


@pytest.fixture(scope="session")
def report_on(both: Callable[[str, str], Both]) -> Callable[[str, str], Report]:
    """Return the report on two snapshots, gathered once for all tests."""
    return lambda before, after: both(before, after).report
