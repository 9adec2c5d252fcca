"""A spack.lock against a snapshot: what is a hit, and for each miss what is nearest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb

from spack_census.ask.hosts import Host, host_conditions
from spack_census.environments.below import dependency_difference
from spack_census.environments.closures import knows_dependencies
from spack_census.environments.model import (
    Build,
    Difference,
    EnvironmentFit,
    Locked,
    Lockfile,
    Nearest,
    SnapshotFit,
    SpecFit,
    Status,
)
from spack_census.environments.nearest import cached_builds, nearest
from spack_census.environments.needs import holes, lacking, needed_by, to_compile

_SNAPSHOTS = """
select snapshot, count(distinct hash) filter (where list_contains(?, hash) and {where})
from snapshots
left join specs using (snapshot)
group by snapshot
"""


def fit_lockfile(
    con: duckdb.DuckDBPyConnection, lock: Lockfile, snapshot: str, host: Host
) -> EnvironmentFit:
    """Return how much of a lockfile a snapshot holds for a host; `snapshot` is one's own name."""
    concrete = [each for each in lock.specs.values() if not each.external]
    packages = {each.build.package for each in concrete}
    everywhere = {
        build.hash: build
        for builds in cached_builds(con, snapshot, packages, Host()).values()
        for build in builds
    }
    usable = cached_builds(con, snapshot, packages, host)
    hits = {build.hash: build for builds in usable.values() for build in builds}
    hits = {hash_: build for hash_, build in hits.items() if hash_ in lock.specs}
    missing = {build.hash for build in (each.build for each in concrete)} - hits.keys()
    hollow = holes(lock, missing)
    compiled = to_compile(lock, hits.keys())
    needing = needed_by(lock)
    known = knows_dependencies(con, snapshot)
    specs = []
    for hash_, each in lock.specs.items():
        build, found = each.build, None
        if not each.external and hash_ not in hits:
            if hash_ in everywhere:
                found = Nearest(everywhere[hash_], _unusable(con, everywhere[hash_], host))
            else:
                found = nearest(build, usable.get(build.package, []))
                found = _explained(con, lock, each, found, snapshot, known=known)
        specs.append(
            SpecFit(
                build.package,
                build.version,
                hash_,
                _status(each, hits, hollow),
                hits[hash_].stacks if hash_ in hits else (),
                found,
                needing[hash_],
                compiles=hash_ in compiled,
                lacking=lacking(lock, hash_, missing) if hash_ in hits.keys() & hollow else (),
                group=lock.groups.get(hash_, ""),
            )
        )
    return EnvironmentFit(lock.path, snapshot, host, locked=True, specs=tuple(specs))


def _status(each: Locked, hits: Collection[str], hollow: Collection[str]) -> Status:
    if each.external:
        return "external"
    if each.build.hash not in hits:
        return "miss"
    return "hole" if each.build.hash in hollow else "hit"


def rank_lockfile(
    con: duckdb.DuckDBPyConnection, lock: Lockfile, host: Host
) -> Iterable[SnapshotFit]:
    """Return how many of the lockfile's specs each snapshot holds for a host, in no order."""
    hashes = [hash_ for hash_, each in lock.specs.items() if not each.external]
    where = host_conditions(host)
    sql = _SNAPSHOTS.format(where=" and ".join(part.sql for part in where) or "true")
    bound = [hashes, *(value for part in where for value in part.values)]
    for snapshot, num_hits in con.execute(sql, bound).fetchall():
        yield SnapshotFit(snapshot, num_hits, len(hashes))


def _unusable(con: duckdb.DuckDBPyConnection, build: Build, host: Host) -> tuple[Difference, ...]:
    """Return why a cached spec does not run on the host."""
    found = []
    for part in host_conditions(host):
        has = {"target": build.target, "os": build.os}[part.attribute]
        sql = f"select {part.sql} from (select ? as target, ? as os)"  # noqa: S608 - our own text
        (runs,) = con.execute(sql, [*part.values, build.target, build.os]).fetchall()[0]
        if not runs:
            found.append(Difference(part.attribute, part.text, has))
    return tuple(found)


def _explained(
    con: duckdb.DuckDBPyConnection,
    lock: Lockfile,
    wanted: Locked,
    found: Nearest | None,
    snapshot: str,
    *,
    known: bool,
) -> Nearest | None:
    """Return the nearest with what cannot be seen on the spec itself: dependencies, recipe."""
    if found is None:
        return None
    more = []
    build, cached = wanted.build, found.build
    if known:
        below = dependency_difference(con, lock, build.hash, cached.hash, snapshot)
        more += [below] if below is not None else []
    if (
        build.version_key == cached.version_key
        and None not in (build.package_hash, cached.package_hash)
        and build.package_hash != cached.package_hash
    ):
        more.append(Difference("recipe", str(build.package_hash), cached.package_hash))
    all_of_them = (*found.differences, *more)
    return Nearest(cached, all_of_them or (Difference("hash", build.hash, cached.hash),))
