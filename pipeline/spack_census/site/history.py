"""In which snapshots each version of a package is, on each target: the history of its page."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import duckdb

from spack_census.ask.snapshots import Snapshot
from spack_census.site.files import DataFile, data_file

# Snapshots one after the other in a series have places one after the other; a run of them is what
# has the same distance to its own count.
_RUNS = """
with seen as (
    select distinct
        package,
        concat_ws('/', platform, target) as place,
        version,
        version_key,
        snapshot
    from specs
),

placed as (
    select
        seen.*,
        list_position($names, seen.snapshot) - 1 as position,
        series
    from seen
    inner join snapshots on seen.snapshot = snapshots.snapshot
),

counted as (
    select
        *,
        position - row_number() over (
            partition by package, place, version, version_key, series
            order by position
        ) as run
    from placed
),

runs as (
    select
        package,
        place,
        version,
        version_key,
        min(position) as first,
        count(*) as num
    from counted
    group by package, place, version, version_key, series, run
)

select
    package,
    place,
    version,
    list(first order by first) as firsts,
    list(num order by first) as nums
from runs
group by package, place, version, version_key
order by package, version_key, version, place
"""
_ROWS_A_SHARD = 1_500
_MOST_SHARDS = 256


def history_files(con: duckdb.DuckDBPyConnection, listed: Sequence[Snapshot]) -> list[DataFile]:
    """Return the shards of the history; that of a package is its CRC-32 modulo their number.

    A shard has for each package rows of [platform/target, version, runs], by version; runs are
    pairs, the place of a snapshot in `listed` and how many follow each other from there on.
    """
    names = [each.snapshot for each in listed]
    rows = con.execute(_RUNS, {"names": names}).fetchall()
    shards: list[dict[str, list[Any]]] = [{} for _ in range(_num_shards(len(rows)))]
    for package, place, version, firsts, nums in rows:
        shard = shards[zlib.crc32(package.encode()) % len(shards)]
        runs = [number for run in zip(firsts, nums, strict=True) for number in run]
        shard.setdefault(package, []).append([place, version, runs])
    return [data_file("history", {"packages": shard}) for shard in shards]


def _num_shards(num_rows: int) -> int:
    """Return a power of two, so that a few rows more seldom move all packages."""
    num = 1
    while num < _MOST_SHARDS and num * _ROWS_A_SHARD < num_rows:
        num *= 2
    return num
