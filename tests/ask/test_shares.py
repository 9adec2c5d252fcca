"""Shares in percent are rounded by one rule, in SQL, in Python, and as a text."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.ask.queries import find_root
from spack_census.ask.shares import share_pct
from spack_census.reports.sentences import percent

WHOLE = st.integers(0, 10**12)


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    made = duckdb.connect(":memory:")
    made.execute((find_root() / "views" / "share_pct.sql").read_text())
    return made


def by_decimals(part: int, whole: int) -> float | None:
    """Return the share as a person with pencil and paper has it."""
    if whole == 0:
        return None
    exact = Decimal(100 * part) / Decimal(whole)
    rounded = float(exact.quantize(Decimal("0.1"), ROUND_HALF_UP))
    return rounded if part in (0, whole) else min(max(rounded, 0.1), 99.9)


@given(st.data())
def test_one_rule_everywhere(con: duckdb.DuckDBPyConnection, data: st.DataObject) -> None:
    whole = data.draw(WHOLE)
    part = data.draw(st.integers(0, whole))
    expected = by_decimals(part, whole)
    assert share_pct(part, whole) == expected
    assert con.execute("select share_pct(?, ?)", [part, whole]).fetchall() == [(expected,)]
    assert percent(part, whole) == ("-" if expected is None else f"{expected:.1f}%")


@pytest.mark.parametrize(
    ("part", "whole", "share"),
    [
        (1, 16, 6.3),
        (1, 80, 1.3),
        (1, 10**6, 0.1),
        (10**6 - 1, 10**6, 99.9),
        (0, 7, 0.0),
        (7, 7, 100.0),
    ],
)
def test_halves_go_up_and_what_is_not_whole_is_never_rounded_to_it(
    part: int, whole: int, share: float
) -> None:
    assert share_pct(part, whole) == share


def test_no_query_rounds_a_share_by_itself() -> None:
    for path in find_root().rglob("*.sql"):
        if path.name != "share_pct.sql":
            assert "round(100" not in path.read_text(), path
    for path in Path(find_root(), "..", "pipeline").rglob("*.py"):
        if path.name != "shares.py":
            assert "100 *" not in path.read_text(), path
