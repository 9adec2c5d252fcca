"""What the recipes of a dataset declare of packages; nothing where none were read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import NamedTuple

import duckdb

_DECLARED = """
select
    reading, maintainers, licenses, build_systems, provides, versions, num_unread, revision_date,
    read_date
from recipes
where package = $package and namespace in (
    select coalesce(spec.namespace, recipes.namespace) from specs_at($snapshot) as spec
    where spec.package = $package
)
order by reading = 'rejected', path
"""
_MAINTAINERS = """
select package, maintainers from recipes
where list_contains($packages, package) and len(maintainers) > 0
order by package
"""


class Declared(NamedTuple):
    """What the recipe of a package declares."""

    reading: str
    """whole, partly or rejected."""
    maintainers: list[str]
    licenses: list[str]
    """Each with the conditions that hold for it, as `MIT (@2:)`."""
    build_systems: list[str]
    provides: list[str]
    versions: list[str]
    """Newest first, those deprecated too."""
    deprecated: list[str]
    num_unread: int
    as_of: dt.date
    """Day of the commit, or the day on which the files were read."""


def declared(con: duckdb.DuckDBPyConnection, package: str, snapshot: str) -> Declared | None:
    """Return what the recipe of a package in a snapshot declares, None where none was read."""
    of = {"package": package, "snapshot": snapshot}
    rows = con.sql(_DECLARED, params=of).fetchall()
    if not rows:
        return None
    reading, named, licenses, systems, provides, versions, num_unread, commit, read = rows[0]
    return Declared(
        reading,
        named,
        [_conditional(each["license"], each["conditions"]) for each in licenses],
        systems,
        [_conditional(each["virtual"], each["conditions"]) for each in provides],
        [each["version"] for each in versions],
        [each["version"] for each in versions if each["is_deprecated"]],
        num_unread,
        commit or read,
    )


def maintainers(con: duckdb.DuckDBPyConnection, packages: Collection[str]) -> dict[str, list[str]]:
    """Return package → who maintains it, of those of these packages that name someone."""
    of = {"packages": sorted(packages)}
    return dict(con.sql(_MAINTAINERS, params=of).fetchall()) if packages else {}


def _conditional(name: str, conditions: list[str]) -> str:
    return f"{name} ({' and '.join(conditions)})" if conditions else name
