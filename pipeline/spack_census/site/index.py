"""The file that the page reads first: which snapshots there are, and which file has what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any

import duckdb

from spack_census.ask.snapshots import Snapshot, newest
from spack_census.site import columns, edges
from spack_census.site.files import INDEX, DataFile, data_file
from spack_census.site.history import history_files
from spack_census.spack import compilers, providers

_HOSTS = "select host, list(target order by distance, target) from target_compat group by host"
_APPLE = "select target from targets where vendor = 'Apple' order by target"
# What runs on a system is worked out here, as ask/hosts.py has it: the page needs no rule for it,
# but that a glibc runs what was built against it or an older one.
_SYSTEMS = """
with built as (
    select
        os,
        arg_max(platform, (num, platform)) as platform
    from (select os, platform, count(*) as num from specs group by os, platform)
    group by os
),

hosts as (
    select unnest(map_keys(os_glibc())) as host
    union
    select unnest(os_macos())
    union
    select os
    from built
)

select
    host,
    list(built.os order by built.os) filter (where built.os is not null) as runs,
    any_value(os_glibc()[host]) as glibc,
    case
        when list_contains(os_macos(), host) then 'darwin'
        else ifnull(any_value(own.platform), 'linux')
    end as platform
from hosts
left join built on runs_on(built.os, host)
left join built as own on own.os = host
group by host
"""


def data_files(
    con: duckdb.DuckDBPyConnection, listed: Sequence[Snapshot], reports: Sequence[str] = ()
) -> Iterator[DataFile]:
    """Yield all files of data, one after the other, the index last: all at once would fill memory.

    `listed` is every snapshot, series by series, oldest first; `reports` the names of the reports
    that the page can link to.
    """
    entries = []
    for each, files in _snapshots(con, listed):
        yield from files
        entries.append(_entry(each, {file.kind: file.digest for file in files}))
    shards = history_files(con, listed)
    yield from shards
    yield data_file(
        INDEX,
        {
            "tool": version("spack-census"),
            "newest": newest(listed).snapshot,
            "snapshots": entries,
            "history": [file.digest for file in shards],
            "reports": list(reports),
            "compilers": {name: compilers.written(name) for name in sorted(compilers.COMPILERS)},
            "virtuals": sorted(providers.virtuals()),
            "runs": _grouped(con, _HOSTS),
            "apple": [name for (name,) in con.sql(_APPLE).fetchall()],
            "systems": _systems(con),
        },
    )


def _snapshots(
    con: duckdb.DuckDBPyConnection, listed: Sequence[Snapshot]
) -> Iterator[tuple[Snapshot, list[DataFile]]]:
    """Yield each snapshot and its files.

    A binary is there since the first of the snapshots of a series that have it one after another.
    """
    since: dict[str, str] = {}
    series = None
    for each in listed:
        snapshot = columns.read(con, each.snapshot)
        known: dict[str, str] = since if each.series == series else {}
        since = {digest: known.get(digest, each.snapshot) for digest in snapshot.hashes}
        series = each.series
        files = [
            columns.specs_file(snapshot, (since[digest] for digest in snapshot.hashes)),
            columns.hashes_file(snapshot),
            columns.recipes_file(snapshot),
            edges.edges_file(con, snapshot),
        ]
        yield each, [file for file in files if file is not None]


def _entry(snapshot: Snapshot, files: Mapping[str, str]) -> dict[str, Any]:
    date = snapshot.snapshot_date
    return {
        "name": snapshot.snapshot,
        "series": snapshot.series,
        "date": None if date is None else date.isoformat(),
        "epoch": snapshot.hash_epoch,
        "packages": snapshot.num_packages,
        "specs": snapshot.num_specs,
        "files": dict(files),
    }


def _grouped(con: duckdb.DuckDBPyConnection, sql: str) -> dict[str, list[str]]:
    return dict(sorted(con.execute(sql).fetchall()))


def _systems(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """Return host system → the systems whose binaries it runs, its glibc, its platform."""
    return {
        host: {"runs": runs or [], "glibc": glibc, "platform": platform}
        for host, runs, glibc, platform in sorted(con.execute(_SYSTEMS).fetchall())
    }
