"""Snapshots of a dataset in their order, and what `latest` and `previous` stand for."""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

from spack_census.errors import CensusError, DatasetError, UnknownNameError
from spack_census.spack.series import DATED

if TYPE_CHECKING:
    import duckdb

_LIST_WITH = "census snapshots"
_BACK = {"latest": 1, "previous": 2}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One row of the table `snapshots`; its columns are described in `schema.py`."""

    snapshot: str
    series: str
    series_order: int
    snapshot_date: datetime.date | None
    hash_epoch: int | None
    num_documents: int
    num_packages: int
    num_specs: int
    num_documents_rejected: int
    num_specs_rejected: int
    source: str
    source_revision: str
    rules: int | None = None


def listing(con: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """Return the snapshots, series by series, oldest first within each."""
    columns = ", ".join(field.name for field in fields(Snapshot))
    rows = con.sql(f"select {columns} from snapshots order by series, series_order")  # noqa: S608 - the names of our own columns
    return [Snapshot(*row) for row in rows.fetchall()]


def main_series(snapshots: Sequence[Snapshot]) -> str:
    """Return the series that `latest` and `previous` mean where they name none.

    It is develop-dated where there is one, else the series with most snapshots, the first by name
    of equals. Raises DatasetError where there is no snapshot.
    """
    counts = Counter(each.series for each in snapshots)
    if not counts:
        message = "the dataset holds no snapshot"
        raise DatasetError(message, "build it from a source with documents: census build SOURCE")
    if DATED in counts:
        return DATED
    return min(counts, key=lambda series: (-counts[series], series))


def newest(snapshots: Sequence[Snapshot]) -> Snapshot:
    """Return the newest snapshot of the main series; raises DatasetError where there is none."""
    series = main_series(snapshots)
    return [each for each in snapshots if each.series == series][-1]


def newest_pairs(con: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    """Return the newest two snapshots of each series that has two, as `before` and `after`."""
    names = defaultdict[str, list[str]](list)
    for each in listing(con):
        names[each.series].append(each.snapshot)
    return [{"before": s[-2], "after": s[-1]} for s in names.values() if len(s) > 1]


def resolve(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the name of the snapshot that `name` stands for.

    `latest` and `previous` are the newest and the second newest of the main series,
    `latest:SERIES` and `previous:SERIES` those of that series; any other name is a snapshot's own.
    Raises UnknownNameError for a name nothing bears, CensusError where there is no previous one.
    """
    snapshots = listing(con)
    word, colon, series = name.partition(":")
    if word not in _BACK:
        known = [each.snapshot for each in snapshots]
        if name not in known:
            raise UnknownNameError("snapshot", name, known, "the dataset", _LIST_WITH)
        return name
    chosen = series if colon else main_series(snapshots)
    members = [each.snapshot for each in snapshots if each.series == chosen]
    if not members:
        known = [each.series for each in snapshots]
        raise UnknownNameError("series", chosen, known, "the dataset", _LIST_WITH)
    if len(members) < _BACK[word]:
        raise CensusError(
            f"no previous snapshot: {members[0]} is the only one of series {chosen}",
            "build an older or newer one too, or name the snapshots to compare",
            f"all of them: {_LIST_WITH}",
        )
    return members[-_BACK[word]]
