"""Why a cached spec that looks the same has another hash: the first difference below it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from spack_census.environments.model import Build, Difference, Locked, Lockfile
from spack_census.environments.nearest import BUILD_COLUMNS, as_build, differences

_BELOW = """
with recursive found(hash) as (
    select ? as hash
    union
    select below.dependency_hash
    from dependencies as below
    inner join found on below.hash = found.hash
    where below.snapshot = ?
)
"""
_EDGES = f"""{_BELOW}
select hash, dependency, dependency_hash
from dependencies
where snapshot = ? and hash in (select hash from found)
"""  # noqa: S608 - our own text
_BUILDS = f"""{_BELOW}
select {BUILD_COLUMNS}
from specs
where snapshot = ? and hash in (select hash from found)
"""  # noqa: S608 - our own text


@dataclass(frozen=True, slots=True)
class _Cached:
    """What a snapshot holds below one spec: dependencies by hash and name, specs by hash."""

    edges: Mapping[str, Mapping[str, str]]
    builds: Mapping[str, Build]


def dependency_difference(
    con: duckdb.DuckDBPyConnection, lock: Lockfile, wanted: str, cached: str, snapshot: str
) -> Difference | None:
    """Return the first dependency, nearest level first, that tells a cached spec from a locked one.

    A dependency that looks the same and has another hash is passed over for what differs below
    it; where nothing visible does, the highest of these is named. None where all are the same.
    The snapshot must know dependencies.
    """
    below = _cached(con, cached, snapshot)
    pairs = [(wanted, cached)]
    seen = set(pairs)
    hidden: Difference | None = None
    for pair in pairs:
        has = {edge.package: edge.hash for edge in lock.specs[pair[0]].edges}
        for name in sorted(has.keys() | below.edges.get(pair[1], {}).keys()):
            want, got = has.get(name), below.edges.get(pair[1], {}).get(name)
            if want == got:
                continue
            if want is None or got is None:
                return Difference("dependencies", _name(name, want, lock), got and name)
            found = _visible(lock.specs[want], below.builds.get(got))
            if found is not None:
                return found
            hidden = hidden or Difference("dependencies", f"{name} /{want[:7]}", f"/{got[:7]}")
            if (want, got) not in seen:
                seen.add((want, got))
                pairs.append((want, got))
    return hidden


def _cached(con: duckdb.DuckDBPyConnection, hash_: str, snapshot: str) -> _Cached:
    values = [hash_, snapshot, snapshot]
    edges: dict[str, dict[str, str]] = {}
    for above, name, below in con.execute(_EDGES, values).fetchall():
        edges.setdefault(above, {})[name] = below
    builds = (as_build(row) for row in con.execute(_BUILDS, values).fetchall())
    return _Cached(edges, {build.hash: build for build in builds})


def _name(package: str, hash_: str | None, lock: Lockfile) -> str:
    if hash_ is None:
        return f"no {package}"
    return f"{package}@{lock.specs[hash_].build.version}"


def _visible(wanted: Locked, got: Build | None) -> Difference | None:
    """Return how a dependency visibly differs; None where it does not, or is not in the cache."""
    # An external has no row: what the cache was built with cannot be seen.
    if got is None:
        return None
    for each in differences(wanted.build, got):
        name = wanted.build.package
        if each.attribute == "version":
            return Difference("dependencies", f"{name}@{each.wanted}", f"{name}@{each.cached}")
        return Difference("dependencies", f"{name} {each.wanted}", f"{name} {each.cached}")
    return None
