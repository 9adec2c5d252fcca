"""What an environment prefers of a package and does not demand, as conditions in SQL."""

from __future__ import annotations

from typing import Any

import duckdb

from spack_census.environments.manifests.model import Rule, Settings
from spack_census.environments.requirements import meeting
from spack_census.errors import CensusError

_ALL = "all"


def preferred(
    con: duckdb.DuckDBPyConnection, settings: Settings, package: str, snapshot: str
) -> list[tuple[Rule, str, tuple[Any, ...]]]:
    """Return the preferences for a package, each with SQL that tells what meets it, and its values.

    Those under `all` hold where the package has none of that kind. One that the snapshot cannot
    answer is left out: it excludes nothing.
    """
    own = settings.packages.get(package)
    rules = [(package, rule) for rule in (own.preferences if own else ())]
    kinds = {rule.place.rpartition(":")[2] for _, rule in rules}
    default = settings.packages.get(_ALL)
    rules += [
        (_ALL, rule)
        for rule in (default.preferences if default else ())
        if rule.place.rpartition(":")[2] not in kinds
    ]
    found = []
    for name, rule in rules:
        try:
            sql, bound = meeting(con, rule, snapshot, name)
        except CensusError:
            continue
        found.append((rule, sql, bound))
    return found
