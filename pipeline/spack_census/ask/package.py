"""Everything about one package: what a snapshot has of it, and its history through the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import duckdb

from spack_census.ask import history as told
from spack_census.ask import names, recipes, snapshots
from spack_census.errors import CensusError

_PATCHES = "patches"
_NEWEST = 12
"""Snapshots of a series whose changes are explained: each step costs a matching."""

_SPECS = """
select
    snapshot, package, version, platform, target, os, compiler_name, compiler_version,
    variants, stacks, hash, flags, build_spec
from specs_at($snapshot)
where package = $package
order by version_key desc, version, platform, target, os, hash
"""
_SPLICED = """
select hash, build_spec
from specs_at($snapshot)
where package = $package and build_spec is not null
order by hash
"""
_VERSIONS = """
with places as (
    select version, version_key, platform || '/' || target as place, count(*) as num_specs
    from specs_at($snapshot)
    where package = $package
    group by all
)
select
    version,
    sum(num_specs)::bigint,
    list({'place': place, 'num_specs': num_specs} order by place)
from places
group by version, version_key
order by version_key desc, version
"""
_COUNTS = """
select value, count(*)
from (select {column} as value from specs_at($snapshot) where package = $package)
group by value
order by count(*) desc, value
"""
_HISTORY = """
select
    listed.series, spec.snapshot, count(*) as num_specs,
    list_reverse(
        list_transform(
            list_sort(list_distinct(list([version_key, version]))), lambda pair: pair[2]
        )
    ) as versions
from specs as spec
inner join snapshots as listed on spec.snapshot = listed.snapshot
where spec.package = $package
group by listed.series, listed.series_order, spec.snapshot
order by listed.series, listed.series_order
"""


class Version(NamedTuple):
    """A version of the package, and its specs at each platform/target."""

    version: str
    num_specs: int
    places: list[dict[str, Any]]


class Count(NamedTuple):
    """A value and the number of specs that have it; None where they have none."""

    value: str | None
    num_specs: int


class Variant(NamedTuple):
    """A variant in which specs differ: its name, and each value as Spack writes it."""

    name: str
    values: list[Count]


class Spliced(NamedTuple):
    """A spec whose dependencies were replaced after it was built, and the hash it was built as."""

    hash: str
    build_spec: str


class Holding(NamedTuple):
    """What one snapshot has of the package; versions are newest first."""

    series: str
    snapshot: str
    num_specs: int
    versions: list[str]


@dataclass(frozen=True, slots=True)
class PackageReport:
    """Everything about one package in one snapshot, and its history."""

    package: str
    snapshot: str
    series: str
    newest_snapshot: str
    """The newest snapshot of the main series, which may have the package no more."""
    versions: list[Version]
    compilers: list[Count]
    systems: list[Count]
    flags: list[Count]
    """Compiler flags, each that some specs have."""
    spliced: list[Spliced]
    stacks: list[Count]
    shared: list[str]
    """Variants that all its specs have."""
    differing: list[Variant]
    history: list[Holding]
    """Every snapshot that has the package, oldest first within each series."""
    series_snapshots: list[str]
    """All snapshots of the series, with the package or without, oldest first."""
    radius: told.Radius | None
    """What would be rebuilt if its recipe changed, None where that is not known."""
    causes: dict[str, list[str]]
    """What its changes owe to, by the snapshot after, of the newest of the series."""
    declared: recipes.Declared | None = None
    """What its recipe declares, None where no recipe was read."""

    @property
    def num_specs(self) -> int:
        """Specs of the package in the snapshot."""
        return sum(version.num_specs for version in self.versions)


def package_report(
    con: duckdb.DuckDBPyConnection, package: str, snapshot: str | None = None
) -> PackageReport:
    """Return everything about a package, in the snapshot named or the newest that has it.

    Without a name that is the latest one where it has the package, else the last of the same
    series that does, else the last of any. Raises UnknownNameError for an unknown package or
    snapshot, CensusError where the snapshot named does not have it.
    """
    names.demand_package(con, package)
    history = [Holding(*row) for row in con.sql(_HISTORY, params={"package": package}).fetchall()]
    chosen = _chosen(con, package, snapshot, history)
    listing = snapshots.listing(con)
    series = next(each.series for each in listing if each.snapshot == chosen)
    members = [each.snapshot for each in listing if each.series == series]
    of = {"snapshot": chosen, "package": package}
    differing, shared = _variants(con, of)
    return PackageReport(
        package=package,
        snapshot=chosen,
        series=series,
        newest_snapshot=snapshots.resolve(con, "latest"),
        versions=[Version(*row) for row in con.sql(_VERSIONS, params=of).fetchall()],
        compilers=_counts(con, "concat_ws('@', compiler_name, compiler_version)", of),
        systems=_counts(con, "os", of),
        flags=_counts(con, "unnest(flags)", of),
        spliced=[Spliced(*row) for row in con.sql(_SPLICED, params=of).fetchall()],
        stacks=_counts(con, "unnest(list_filter(stacks, lambda name: name <> 'root'))", of),
        shared=shared,
        differing=differing,
        history=history,
        series_snapshots=members,
        radius=told.radius(con, chosen, package),
        causes=told.causes(con, package, members[-_NEWEST:]),
        declared=recipes.declared(con, package, chosen),
    )


def spec_rows(con: duckdb.DuckDBPyConnection, report: PackageReport) -> duckdb.DuckDBPyRelation:
    """Return the package's specs in the snapshot of the report, one row each, newest first."""
    of = {"snapshot": report.snapshot, "package": report.package}
    return con.sql(_SPECS, params=of)


def _chosen(
    con: duckdb.DuckDBPyConnection, package: str, snapshot: str | None, history: list[Holding]
) -> str:
    holders = [each.snapshot for each in history]
    wanted = snapshots.resolve(con, snapshot or "latest")
    if wanted in holders:
        return wanted
    if snapshot is not None:
        raise CensusError(
            f"{wanted} has no {package}",
            f"the snapshots that have it: {', '.join(holders)}",
            f"the newest of them: census package {package}",
        )
    main = snapshots.main_series(snapshots.listing(con))
    return next((e.snapshot for e in reversed(history) if e.series == main), holders[-1])


def _counts(con: duckdb.DuckDBPyConnection, column: str, of: dict[str, str]) -> list[Count]:
    rows = con.sql(_COUNTS.format(column=column), params=of).fetchall()
    return [Count(value or None, number) for value, number in rows]


def _variants(
    con: duckdb.DuckDBPyConnection, of: dict[str, str]
) -> tuple[list[Variant], list[str]]:
    """Return variants that differ, by name, and those that all specs share."""
    total = len(con.sql(_SPECS, params=of))
    found: dict[str, list[Count]] = {}
    shared = []
    for value, number in _counts(con, "unnest(variants)", of):
        assert value is not None
        name = value.partition("=")[0].lstrip("+~")
        if name == _PATCHES:  # the recipe sets them, nobody chooses them
            continue
        if number == total:
            shared.append(value)
        else:
            found.setdefault(name, []).append(Count(value, number))
    for values in found.values():
        without = total - sum(number for _, number in values)
        if without > 0:
            values.append(Count(None, without))
    return [Variant(name, found[name]) for name in sorted(found)], sorted(shared)
