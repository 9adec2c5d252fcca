"""The cached specs that are most like one that is not cached, and how they differ.

Ranked, best first: on the same platform, then system, then target; then with the fewest of
version, compiler and variants that differ; then with the fewest variants; then the nearest
version, counted in cached versions between the two, the newer of two as near; then by hash.
Patches come from the recipe and are nobody's choice: they are told but do not rank.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import duckdb

from spack_census.ask.finding import conjunction, values
from spack_census.ask.hosts import Host, host_conditions
from spack_census.environments.model import Build, Difference, Nearest
from spack_census.spack.compilers import canonical

BUILD_COLUMNS = """
    package, version, version_key, concat_ws('@', compiler_name, compiler_version) as compiler,
    platform, os, target, variants, hash, package_hash, stacks
"""
_BUILDS = """
select {columns}
from specs
where snapshot = ? and list_contains(?, package) and {where}
"""


def cached_builds(
    con: duckdb.DuckDBPyConnection, snapshot: str, packages: Collection[str], host: Host
) -> dict[str, list[Build]]:
    """Return the specs of these packages that run on the host, by package."""
    where = host_conditions(host, snapshot)
    sql = _BUILDS.format(columns=BUILD_COLUMNS, where=conjunction(where))
    found: dict[str, list[Build]] = {}
    for row in con.execute(sql, [snapshot, sorted(packages), *values(where)]).fetchall():
        build = as_build(row)
        found.setdefault(build.package, []).append(build)
    return found


def as_build(row: Sequence[Any]) -> Build:
    """Return a row of a query that selects what a Build has, in the order of `BUILD_COLUMNS`."""
    package, version, key, compiler, platform, os, target, variants, hash_, recipe, stacks = row
    patches = frozenset(each for each in variants if each.startswith("patches="))
    return Build(
        package,
        version,
        key,
        compiler,
        platform,
        os,
        target,
        frozenset(variants) - patches,
        patches,
        hash_,
        recipe,
        tuple(stacks),
    )


def nearest(wanted: Build, builds: Sequence[Build]) -> Nearest | None:
    """Return the best of the cached specs and its differences; None where there are none."""
    if not builds:
        return None
    versions = sorted({build.version_key for build in builds} | {wanted.version_key})
    place = {key: number for number, key in enumerate(versions)}
    best = min(builds, key=lambda build: _distance(wanted, build, place))
    return Nearest(best, differences(wanted, best))


def _distance(
    wanted: Build, build: Build, place: dict[str, int]
) -> tuple[bool, bool, bool, int, int, int, int, str]:
    unlike_version = wanted.version_key != build.version_key
    unlike_compiler = one_compiler(wanted) != one_compiler(build)
    unlike_variants = len(wanted.variants ^ build.variants)
    steps = place[build.version_key] - place[wanted.version_key]
    return (
        wanted.platform != build.platform,
        wanted.os != build.os,
        wanted.target != build.target,
        unlike_version + unlike_compiler + (unlike_variants > 0),
        unlike_variants,
        abs(steps),
        -steps,
        build.hash,
    )


def one_compiler(build: Build) -> str:
    """Return a build's compiler under the one name that it has before and since Spack 1.0."""
    name, at, version = build.compiler.partition("@")
    return f"{canonical(name)}{at}{version}"


def differences(wanted: Build, build: Build) -> tuple[Difference, ...]:
    """Return the visible attributes in which a cached spec differs from the one wanted."""
    found = []
    if wanted.version_key != build.version_key:
        found.append(Difference("version", wanted.version, build.version))
    if one_compiler(wanted) != one_compiler(build):
        found.append(Difference("compiler", wanted.compiler or "none", build.compiler or "none"))
    found += [
        Difference(name, getattr(wanted, name), getattr(build, name))
        for name in ("platform", "os", "target")
        if getattr(wanted, name) != getattr(build, name)
    ]
    for name in ("variants", "patches"):
        has, lacks = getattr(wanted, name), getattr(build, name)
        if has != lacks:
            found.append(Difference(name, _joined(has - lacks), _joined(lacks - has)))
    return tuple(found)


def _joined(settings: frozenset[str]) -> str:
    return " ".join(sorted(settings)) or "none"
