"""A constraint against one or more caches: what satisfies it, what of that installs, what to do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from spack_census.ask import finding
from spack_census.ask.held import made
from spack_census.ask.hosts import Host
from spack_census.environments.answering import Ground
from spack_census.environments.caches import Cache, usable
from spack_census.environments.closures import knows_dependencies
from spack_census.environments.spelled import meant
from spack_census.errors import ConstraintError, UnknownNameError
from spack_census.spack.constraints import Constraint

_LISTS = {"variants", "stacks", "caches"}
_PUBLIC = "https://binaries.spack.io"
_PUBLISHED = ("develop-dated", "release", "develop")
_WHERE = """
select s.tarball_url, n.series
from specs as s
inner join snapshots as n on s.snapshot = n.snapshot
where s.snapshot = ? and s.hash = ?
"""
# Parts of a mirror that stand below its address.
_INSIDE = ("/build_cache/", "/blobs/", "/v3/")


@dataclass(frozen=True, slots=True)
class Search:
    """What was found: rows as `finding.find` has them, each hash once, newest version first."""

    constraint: Constraint
    """As it was understood: the package may be spelled otherwise."""
    rows: tuple[dict[str, Any], ...]
    columns: tuple[str, ...]
    holes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """What is cached and does not install: PACKAGE/HASH, and what it needs that is not cached."""
    install: tuple[str, ...] = ()
    """Commands of Spack that install the first of the rows; a line that begins with # is talk."""


def search(
    caches: Sequence[Cache], constraint: Constraint, host: Host, *, installable: bool = False
) -> Search:
    """Return what satisfies a constraint in some caches and runs on a host.

    With `installable` only what needs nothing that none of the caches has. Raises UnknownNameError
    where none of them has the package, ConstraintError where none can answer.
    """
    held = [usable(cache, host) for cache in caches] if installable else []
    found: dict[str, dict[str, Any]] = {}
    holes: dict[str, tuple[str, ...]] = {}
    failures: list[UnknownNameError | ConstraintError] = []
    asked = constraint
    for number, cache in enumerate(caches):
        asked = meant(cache.con, constraint)
        try:
            rows = finding.find(cache.con, asked, cache.snapshot, host)
        except (UnknownNameError, ConstraintError) as error:
            failures.append(error)
            continue
        hollow: frozenset[str] = frozenset()
        if installable:
            _demand_known(cache)
            others = frozenset[str]().union(*held[:number], *held[number + 1 :])
            ground = Ground(cache.con, cache.snapshot, host, others)
            hollow = ground.holes()
        for row in _dicts(rows):
            name = f"{row['package']}/{row['hash'][:7]}"
            if row["hash"] in hollow:
                holes[name] = ground.lacking(row["hash"])
                continue
            found.setdefault(row["hash"], row | {"caches": []})["caches"].append(cache.label)
    if len(failures) == len(caches):
        raise failures[0]
    ordered = tuple(found.values()) if len(caches) == 1 else tuple(_newest_first(found.values()))
    columns = (*rows.columns, "caches") if len(caches) > 1 else tuple(rows.columns)
    return Search(asked, ordered, columns, tuple(sorted(holes.items())), _install(caches, ordered))


def search_rows(con: duckdb.DuckDBPyConnection, found: Search) -> duckdb.DuckDBPyRelation:
    """Return the rows of a search; with several caches, `caches` tells which of them have each."""
    types = {name: "varchar[]" if name in _LISTS else "varchar" for name in found.columns}
    return made(con, types, ([row[name] for name in types] for row in found.rows))


def _demand_known(cache: Cache) -> None:
    if not knows_dependencies(cache.con, cache.snapshot):
        raise ConstraintError(
            f"cannot tell what is installable: {cache.snapshot} does not tell what depends on what",
            "leave --installable out, or build the snapshot from a build cache's index",
        )


def _dicts(rows: duckdb.DuckDBPyRelation) -> list[dict[str, Any]]:
    names = rows.columns
    return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def _newest_first(rows: Any) -> list[dict[str, Any]]:
    from spack_census.spack.versions import version_key

    def place(row: dict[str, Any]) -> tuple[Any, ...]:
        names = ("platform", "os", "target", "compiler", "hash")
        return tuple(row[name] for name in names)

    ordered = sorted(rows, key=place)
    ordered.sort(key=lambda row: version_key(row["version"]), reverse=True)
    return sorted(ordered, key=lambda row: str(row["package"]))


def _install(caches: Sequence[Cache], rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    if not rows:
        return ()
    row = rows[0]
    cache = next(each for each in caches if each.label in row["caches"])
    found = cache.con.execute(_WHERE, [cache.snapshot, row["hash"]]).fetchall()
    url, series = found[0]
    return (
        _mirror(cache.snapshot, url, series),
        "spack buildcache keys --install --trust",
        f"spack install --cache-only {row['package']}/{row['hash']}",
    )


def _mirror(snapshot: str, url: str | None, series: str) -> str:
    for part in _INSIDE:
        if url is not None and part in url:
            return f"spack mirror add {snapshot} {url.partition(part)[0]}"
    if series in _PUBLISHED:
        return f"spack mirror add {snapshot} {_PUBLIC}/{snapshot}"
    return f"# spack mirror add {snapshot} URL, with the address of the mirror that it came from"
