"""Snapshots have an order, and `latest` and `previous` a meaning."""

from __future__ import annotations

import datetime
from dataclasses import fields

import pytest

from spack_census.ask.snapshots import Snapshot, listing, main_series, newest_pairs, resolve
from spack_census.dataset import schema
from spack_census.errors import CensusError, DatasetError, UnknownNameError
from support.query_cases import in_memory

RELEASES = [
    {"snapshot": "v0.9.1", "series": "release", "series_order": 1},
    {"snapshot": "v0.22.0", "series": "release", "series_order": 2},
    {"snapshot": "v0.23.1", "series": "release", "series_order": 3},
]
# Out of order on purpose: rows of a table have none.
MIXED = [
    {"snapshot": "develop-2024-06-09", "series": "develop-dated", "series_order": 2},
    *reversed(RELEASES),
    {"snapshot": "develop", "series": "develop", "series_order": 1},
    {"snapshot": "develop-2024-06-02", "series": "develop-dated", "series_order": 1},
]


def _names(rows: list[dict]) -> list[str]:
    with in_memory({"snapshots": rows}) as con:
        return [each.snapshot for each in listing(con)]


def test_listing_is_in_order_of_series_and_age() -> None:
    assert _names(MIXED) == [
        "develop",
        "develop-2024-06-02",
        "develop-2024-06-09",
        "v0.9.1",
        "v0.22.0",
        "v0.23.1",
    ]


def test_listing_holds_every_column_of_the_table() -> None:
    assert [field.name for field in fields(Snapshot)] == schema.SNAPSHOTS.arrow.names
    day = datetime.date(2024, 6, 9)
    row = {"snapshot": "s", "snapshot_date": day, "hash_epoch": 8, "num_specs": 5}
    with in_memory({"snapshots": [row]}) as con:
        (found,) = listing(con)
    assert (found.snapshot_date, found.hash_epoch, found.num_specs) == (day, 8, 5)


def _main(*rows: dict) -> str:
    with in_memory({"snapshots": rows}) as con:
        # The answer hangs on what there is, not on its order.
        (series,) = {main_series(found) for found in (listing(con), listing(con)[::-1])}
        return series


def test_main_series_is_develop_dated_even_where_another_is_longer() -> None:
    assert _main(*MIXED) == "develop-dated"


def test_main_series_is_else_the_longest_then_the_first_by_name() -> None:
    develop = {"snapshot": "develop", "series": "develop"}
    assert _main(develop, *RELEASES) == "release"
    assert _main(RELEASES[0], develop) == "develop"


@pytest.mark.parametrize(
    ("name", "snapshot"),
    [
        ("latest", "develop-2024-06-09"),
        ("previous", "develop-2024-06-02"),
        ("latest:release", "v0.23.1"),
        ("previous:release", "v0.22.0"),
        ("latest:develop", "develop"),
        ("v0.9.1", "v0.9.1"),
    ],
)
def test_names_resolve(name: str, snapshot: str) -> None:
    with in_memory({"snapshots": MIXED}) as con:
        assert resolve(con, name) == snapshot


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("develop-2024-06-08", "nearest: develop-2024-06-09, develop-2024-06-02"),
        ("latest:releases", "no series 'releases'.*\n  nearest: release"),
        ("latest:", "no series ''"),
        ("newest:release", "no snapshot 'newest:release'"),
        ("", "no snapshot ''"),
    ],
)
def test_unknown_names_are_errors_that_name_the_nearest(name: str, message: str) -> None:
    with in_memory({"snapshots": MIXED}) as con, pytest.raises(UnknownNameError, match=message):
        resolve(con, name)


def test_a_single_snapshot_has_no_previous_one() -> None:
    with in_memory({"snapshots": MIXED}) as con, pytest.raises(CensusError) as caught:
        resolve(con, "previous:develop")
    assert str(caught.value).startswith("no previous snapshot: develop is the only one of series")
    assert caught.value.next_steps


@pytest.mark.parametrize("name", ["latest", "previous"])
def test_an_empty_dataset_has_neither_latest_nor_previous(name: str) -> None:
    with in_memory({}) as con, pytest.raises(DatasetError, match="holds no snapshot"):
        resolve(con, name)


def test_the_newest_two_of_a_series_are_a_pair_where_there_are_two() -> None:
    with in_memory({"snapshots": MIXED}) as con:
        assert newest_pairs(con) == [
            {"before": "develop-2024-06-02", "after": "develop-2024-06-09"},
            {"before": "v0.22.0", "after": "v0.23.1"},
        ]
    with in_memory({}) as con:
        assert newest_pairs(con) == []
