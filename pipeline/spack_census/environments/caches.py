"""Several build caches asked together: snapshots of one or more datasets, each with a name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spack_census.ask import snapshots
from spack_census.ask.database import connect
from spack_census.ask.finding import conjunction, values
from spack_census.ask.hosts import Host, host_conditions
from spack_census.errors import ParameterError, UnknownNameError

LATEST = "latest"
_USABLE = "select hash from specs where snapshot = ? and {where}"


@dataclass(frozen=True, slots=True)
class Cache:
    """One snapshot of one dataset, under the name that tells it from the others."""

    label: str
    con: duckdb.DuckDBPyConnection
    snapshot: str


def caches(datasets: Sequence[Path | str], names: Sequence[str] = (LATEST,)) -> list[Cache]:
    """Return each of the snapshots of each of the datasets, every one once, in order.

    Of several datasets not each need have a snapshot of this name. Raises DatasetError where there
    is no dataset, UnknownNameError for a snapshot that none of them has.
    """
    places = list(dict.fromkeys(str(dataset) for dataset in datasets))
    if not places or not names:
        raise ParameterError("no cache to ask", "name one: --dataset DIR --snapshot NAME")
    connections = [connect(place, diffs=False) for place in places]
    found: dict[tuple[str, str], duckdb.DuckDBPyConnection] = {}
    for name in names:
        missing: list[UnknownNameError] = []
        for place, con in zip(places, connections, strict=True):
            try:
                found.setdefault((place, snapshots.resolve(con, name)), con)
            except UnknownNameError as error:
                missing.append(error)
        if len(missing) == len(places):
            raise missing[0]
    return [
        Cache(snapshot if len(places) == 1 else f"{place}: {snapshot}", con, snapshot)
        for (place, snapshot), con in found.items()
    ]


def usable(cache: Cache, host: Host) -> frozenset[str]:
    """Return the hashes of all binaries of a cache that run on a host, whatever their platform."""
    where = host_conditions(host, cache.snapshot, with_platform=False)
    sql = _USABLE.format(where=conjunction(where))
    rows = cache.con.execute(sql, [cache.snapshot, *values(where)]).fetchall()
    return frozenset(hash_ for (hash_,) in rows)
