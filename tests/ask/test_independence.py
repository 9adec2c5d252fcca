"""The same answers in another way: Polars on the files, and a DuckDB that knows nothing of us."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import duckdb
import pytest
from polars import col

import spack_census as sc
from spack_census.ask.database import script
from spack_census.ask.queries import catalogue
from support import polars_coverage, polars_diff
from support.matcher import Spec, match
from support.polars_coverage import NEW, OLD, PARAMS
from support.query_cases import OF_RECIPES

MIDDLE = "develop-2024-06-02"
SNAPSHOTS = ("develop", OLD, MIDDLE, NEW)
ANSWERS = polars_coverage.ANSWERS | polars_diff.ANSWERS
LABELS = ("gone", "appeared", "upgraded", "downgraded", "recompiled", "reconfigured", "rebuilt")
CATALOGUE = catalogue()


def _params(name: str) -> dict[str, str]:
    return {param: PARAMS[param] for param in CATALOGUE[name].params}


@pytest.mark.parametrize("name", ANSWERS)
def test_polars_gives_the_same_rows(name: str, shipped: Path) -> None:
    expected = ANSWERS[name](shipped).collect()
    found = sc.query(shipped, name, **_params(name)).pl()
    assert expected.height > 0, f"{name} has nothing to tell of the shipped documents"
    assert found.columns == expected.columns
    assert found.rows() == expected.rows()


@pytest.fixture(scope="module")
def plain(shipped: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a connection that census did not make, after the script."""
    with duckdb.connect() as con:
        con.execute(script(shipped))
        yield con


@pytest.mark.parametrize("name", CATALOGUE)
def test_plain_duckdb_gives_the_same_rows_after_the_script(
    name: str, shipped: Path, plain: duckdb.DuckDBPyConnection
) -> None:
    for param, value in _params(name).items():
        plain.execute(f"set variable {param} = '{value}'")
    try:
        rows = plain.execute(CATALOGUE[name].sql).fetchall()
    except duckdb.Error as error:  # documents hold no dependencies, and no recipes
        assert name in OF_RECIPES | {"coverage.frontier", "coverage.dependents"}
        with pytest.raises(duckdb.Error, match=re.escape(str(error))):
            sc.query(shipped, name, **_params(name)).fetchall()
        return
    assert rows == sc.query(shipped, name, **_params(name)).fetchall()
    assert rows or name.startswith("checks.") or name in {"coverage.holes", "coverage.sizes"}


@pytest.fixture(scope="module")
def hashes(shipped: Path) -> dict[str, Counter[str]]:
    """Return the hashes of each shipped snapshot."""
    frame = sc.scan(shipped).select("snapshot", "hash").collect()
    return {name: Counter(frame.filter(col("snapshot") == name)["hash"]) for name in SNAPSHOTS}


@pytest.mark.parametrize(("before", "after"), list(permutations(SNAPSHOTS, 2)))
def test_each_pair_of_shipped_snapshots_keeps_the_laws(
    before: str, after: str, shipped: Path, hashes: dict[str, Counter[str]]
) -> None:
    changes = sc.query(shipped, "diff.changes", before=before, after=after).pl()
    counts = Counter(changes["change"].to_list())
    kept = (hashes[before] & hashes[after]).total()
    matched = counts.total() - counts["gone"] - counts["appeared"]
    assert kept + matched + counts["gone"] == hashes[before].total()
    assert kept + matched + counts["appeared"] == hashes[after].total()
    assert Counter(changes["before_hash"].drop_nulls()) == hashes[before] - hashes[after]
    assert Counter(changes["after_hash"].drop_nulls()) == hashes[after] - hashes[before]
    summary = sc.query(shipped, "diff.summary", before=before, after=after)
    told = {row[0]: row[3] for row in summary.fetchall()}
    assert {label: told[label] for label in LABELS} == {label: counts[label] for label in LABELS}
    assert told["kept"] == kept


def test_shipped_neighbours_are_matched_as_the_slow_matcher_does(shipped: Path) -> None:
    specs = sc.scan(shipped).select("snapshot", *Spec.__slots__).collect()
    before, after = (
        [
            Spec(**{k: tuple(v) if isinstance(v, list) else v for k, v in row.items()})
            for row in specs.filter(col("snapshot") == name).drop("snapshot").rows(named=True)
        ]
        for name in (MIDDLE, NEW)
    )
    params = {"before": MIDDLE, "after": NEW}
    found = sc.query(shipped, "diff.changes", **params).pl().drop("causes").rows(named=True)
    assert sorted(map(repr, found)) == sorted(map(repr, match(before, after)))
