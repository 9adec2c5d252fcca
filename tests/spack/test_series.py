"""The law of snapshot names: series, order, dates, epochs."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.spack import series

DAY = dt.date(2025, 7, 13)
NAME = (
    st.text("develop@-v0123456789.T+rc", max_size=20)
    | st.builds(
        "{}{}{}".format,
        st.sampled_from(["develop-", "develop@", "e4s-", "v", ""]),
        st.dates(),
        st.sampled_from(["", "T120000", "x"]),
    )
    | st.sampled_from(["develop", "v1.0", "v1_0", "v0.9", "v0.18.1"])
    | st.text(max_size=300)
)


@pytest.mark.parametrize(
    ("name", "expected", "date"),
    [
        ("develop", "develop", None),
        ("develop@2025-07-13", "develop", DAY),
        ("develop@2025-07-13T120000", "develop", DAY),
        ("develop@2025-07-13T12-00-00Z", "develop", DAY),
        ("develop-2025-07-13", "develop-dated", DAY),
        ("v0.23.1", "release", None),
        ("v1.0.0-rc1", "release", None),
        ("v20", "release", None),
        ("e4s", "other", None),
        ("e4s-2025-07-13", "other", DAY),
        ("develop-2025-02-30", "other", None),
        ("develop@2025-02-30", "other", None),
        ("develop-0000-01-01", "other", None),
        ("develop-2025-7-13", "other", None),
        ("develop-2025-07-131", "other", None),
        ("e4s-12025-07-13", "other", None),
        ("develop-2025-07-13-x", "other", DAY),
        ("develop@2025-07-13x", "other", DAY),
        ("Develop", "other", None),
        ("xdevelop-2025-07-13", "other", DAY),
        ("version1", "other", None),
        ("v1+x", "other", None),
        ("develop\n", "other", None),
        ("", "other", None),
    ],
)
def test_a_name_tells_its_series_and_date(name: str, expected: str, date: dt.date | None) -> None:
    found = series.classify(name)
    assert (found.series, found.snapshot_date) == (expected, date)


def test_names_are_ordered_oldest_first_within_their_series() -> None:
    expected = {
        "develop-dated": ["develop-2024-12-29", "develop-2025-01-05", "develop-2025-07-13"],
        # What follows the v is a version, 0.9.2024.1.1 here, whatever date it seems to hold.
        "release": ["v0.9", "v0.9-2024-01-01", "v0.18", "v0.18.1", "v0.23.1", "v1.0"],
        "develop": [
            "develop@2025-07-12",
            "develop@2025-07-13",
            "develop@2025-07-13T090000",
            "develop@2025-07-13T100000",
            "develop",
        ],
        # A plus sign stands in no version: such a name goes by its text, before those that do.
        "other": ["zeta+9", "e4s", "pr9", "pr10", "e4s-2024-05-01", "a-2025-07-13"],
    }
    names = [name for names in expected.values() for name in names]
    found = series.ordered([*reversed(names), *names])
    assert found == expected
    assert list(found) == list(expected)


def test_a_prerelease_comes_before_its_release() -> None:
    assert series.ordered(["v1.0.0", "v1.0.0-rc1"])["release"] == ["v1.0.0-rc1", "v1.0.0"]


def test_no_names_make_no_series() -> None:
    assert series.ordered([]) == {}


@given(names=st.lists(NAME, max_size=8), data=st.data())
def test_the_order_is_total_whatever_order_the_names_come_in(
    names: list[str], data: st.DataObject
) -> None:
    found = series.ordered(names)
    assert series.ordered(data.draw(st.permutations(names))) == found
    assert list(found) == list(series.ordered(sorted(names)))
    assert sorted(name for group in found.values() for name in group) == sorted(set(names))
    for group, members in found.items():
        assert {series.classify(name).series for name in members} == {group}


@pytest.mark.parametrize(
    ("name", "epoch"),
    [
        ("v0.17.3", None),
        ("v0.9", None),
        ("v0.18", 6),
        ("v0.18.1", 6),
        ("v0.23.1", 6),
        ("v0.24", None),
        ("v1.0.0", 8),
        ("v1.2", 8),
        ("v1.3", 8),
        ("v1.10.1", 8),
        ("v2025.11.0", 8),
        ("v1.0.0-rc1", None),
        ("v1", None),
        ("develop", None),
        ("develop-2025-07-13", None),
        ("1.0", None),
        ("v1.0\n", None),
        ("v" + "9" * 5000 + ".0", None),
    ],
)
def test_a_release_tells_how_its_hashes_are_made(name: str, epoch: int | None) -> None:
    assert series.hash_epoch_of_release(name) == epoch


def test_only_develop_may_change() -> None:
    names = ["develop", "develop@2025-07-13", "develop-2025-07-13", "v1.0", "Develop", "e4s"]
    assert [name for name in names if series.mutable(name)] == ["develop"]
