"""The same answers in another way: Polars on the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import duckdb
import pytest
from polars import col

import spack_census as sc
from spack_census.ask.queries import catalogue, run
from support import polars_coverage, polars_diff
from support.matcher import Spec, match
from support.polars_coverage import NEW, OLD, PARAMS

MIDDLE = "develop-2024-06-02"
SNAPSHOTS = ("develop", OLD, MIDDLE, NEW)
ANSWERS = polars_coverage.ANSWERS | polars_diff.ANSWERS
LABELS = ("gone", "appeared", "upgraded", "downgraded", "recompiled", "reconfigured", "rebuilt")
CATALOGUE = catalogue()


def _params(name: str) -> dict[str, str]:
    return {param: PARAMS[param] for param in CATALOGUE[name].params}


@pytest.fixture(scope="module")
def con(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection to the shipped documents."""
    with sc.connect(shipped) as opened:
        yield opened


@pytest.mark.parametrize("name", ANSWERS)
def test_polars_gives_the_same_rows(
    name: str, shipped: Path, con: duckdb.DuckDBPyConnection
) -> None:
    expected = ANSWERS[name](shipped).collect()
    found = run(con, CATALOGUE[name], _params(name)).pl()
    assert expected.height > 0, f"{name} has nothing to tell of the shipped documents"
    assert found.columns == expected.columns
    assert found.rows() == expected.rows()


@pytest.fixture(scope="module")
def hashes(shipped: Path) -> dict[str, Counter[str]]:
    """Return the hashes of each shipped snapshot."""
    frame = sc.scan(shipped).select("snapshot", "hash").collect()
    return {name: Counter(frame.filter(col("snapshot") == name)["hash"]) for name in SNAPSHOTS}


@pytest.mark.parametrize(("before", "after"), list(combinations(SNAPSHOTS, 2)))
def test_each_pair_of_shipped_snapshots_keeps_the_laws(
    before: str, after: str, con: duckdb.DuckDBPyConnection, hashes: dict[str, Counter[str]]
) -> None:
    pair = {"before": before, "after": after}
    changes = run(con, CATALOGUE["diff.changes"], pair).pl()
    counts = Counter(changes["change"].to_list())
    kept = (hashes[before] & hashes[after]).total()
    matched = counts.total() - counts["gone"] - counts["appeared"]
    assert kept + matched + counts["gone"] == hashes[before].total()
    assert kept + matched + counts["appeared"] == hashes[after].total()
    assert Counter(changes["before_hash"].drop_nulls()) == hashes[before] - hashes[after]
    assert Counter(changes["after_hash"].drop_nulls()) == hashes[after] - hashes[before]
    told = {row[0]: row[3] for row in run(con, CATALOGUE["diff.summary"], pair).fetchall()}
    assert {label: told[label] for label in LABELS} == {label: counts[label] for label in LABELS}
    assert told["kept"] == kept


def test_shipped_neighbours_are_matched_as_the_slow_matcher_does(
    shipped: Path, con: duckdb.DuckDBPyConnection
) -> None:
    specs = sc.scan(shipped).select("snapshot", *Spec.__slots__).collect()
    before, after = (
        [
            Spec(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
            for row in specs.filter(col("snapshot") == name).drop("snapshot").rows(named=True)
        ]
        for name in (MIDDLE, NEW)
    )
    params = {"before": MIDDLE, "after": NEW}
    found = run(con, CATALOGUE["diff.changes"], params).pl().drop("causes").rows(named=True)
    assert sorted(map(repr, found)) == sorted(map(repr, match(before, after)))
