"""A spack.lock against a snapshot: what is a hit, and for each miss what is nearest."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import duckdb

from spack_census.ask.finding import conjunction, values
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

_HELD = """
select count(distinct hash)
from specs
where snapshot = ? and list_contains(?, hash) and {where}
"""


def fit_lockfile(
    con: duckdb.DuckDBPyConnection,
    lock: Lockfile,
    snapshot: str,
    host: Host,
    elsewhere: frozenset[str] = frozenset(),
) -> EnvironmentFit:
    """Return how much of a lockfile a snapshot holds for a host; `snapshot` is one's own name.

    `elsewhere` are the hashes that another cache has: they are misses here and need no compiling.
    """
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
    missing = {each.build.hash for each in concrete} - hits.keys() - elsewhere
    hollow = holes(lock, missing)
    compiled = to_compile(lock, hits.keys() | elsewhere)
    needing = needed_by(lock)
    known = knows_dependencies(con, snapshot)
    specs = []
    for hash_, each in lock.specs.items():
        build, found = each.build, None
        if not each.external and hash_ not in hits:
            if hash_ in everywhere:
                there = everywhere[hash_]
                found = Nearest(there, _unusable(con, there, host, snapshot))
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
    con: duckdb.DuckDBPyConnection, lock: Lockfile, snapshots: Iterable[str], host: Host
) -> Iterable[SnapshotFit]:
    """Return how many of the lockfile's specs each snapshot holds for a host."""
    hashes = [hash_ for hash_, each in lock.specs.items() if not each.external]
    for snapshot in snapshots:
        where = host_conditions(host, snapshot)
        sql = _HELD.format(where=conjunction(where))
        ((num_hits,),) = con.execute(sql, [snapshot, hashes, *values(where)]).fetchall()
        yield SnapshotFit(snapshot, num_hits, len(hashes))


def _unusable(
    con: duckdb.DuckDBPyConnection, build: Build, host: Host, snapshot: str
) -> tuple[Difference, ...]:
    """Return why a cached spec does not run on the host."""
    found = []
    for part in host_conditions(host, snapshot):
        sql = f"select {part.sql} from specs where snapshot = ? and hash = ?"  # noqa: S608 - our own text
        ((runs, *_), *_) = con.execute(sql, [*part.values, snapshot, build.hash]).fetchall()
        if not runs:
            has = getattr(build, part.attribute)
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
