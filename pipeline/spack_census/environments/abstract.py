"""The roots of a spack.yaml against a snapshot: which constraints some cached spec satisfies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from spack_census.ask.finding import values
from spack_census.ask.hosts import Host, host_conditions
from spack_census.ask.predicates import Condition, conditions, variant_name
from spack_census.environments.model import (
    Build,
    Difference,
    EnvironmentFit,
    Nearest,
    SnapshotFit,
    SpecFit,
)
from spack_census.environments.nearest import BUILD_COLUMNS, as_build
from spack_census.spack.constraints import Constraint

# Of the specs that fail the same number of conditions the newest version comes first.
# The order stands outside: DuckDB refuses an alias there whose expression holds a subquery.
_BEST = """
select *
from (
    select {columns},
        list_filter([{failing}]::integer[], lambda number: number is not null) as failing
    from specs
    where snapshot = ? and package = ?
)
order by len(failing), version_key desc, version, hash
limit 1
"""


def fit_roots(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    roots: Sequence[Constraint],
    snapshot: str,
    host: Host,
) -> EnvironmentFit:
    """Return which roots a snapshot holds for a host; raises what `conditions` raises."""
    specs = tuple(_fit(con, root, snapshot, host) for root in roots)
    notes = ("Only the roots' own constraints count; settings below `packages:` do not.",)
    return EnvironmentFit(path, snapshot, host, locked=False, specs=specs, notes=notes)


def rank_roots(
    con: duckdb.DuckDBPyConnection,
    roots: Sequence[Constraint],
    snapshots: Sequence[str],
    host: Host,
) -> list[SnapshotFit]:
    """Return how many roots each snapshot holds for a host; raises what `conditions` raises."""
    found = []
    for snapshot in snapshots:
        fits = [_fit(con, root, snapshot, host) for root in roots]
        hits = sum(fit.status == "hit" for fit in fits)
        found.append(SnapshotFit(snapshot, hits, len(fits)))
    return found


def _fit(con: duckdb.DuckDBPyConnection, root: Constraint, snapshot: str, host: Host) -> SpecFit:
    name = str(root.package)
    asked = [*conditions(con, root, snapshot), *host_conditions(host)]
    failing = ", ".join(
        f"case when ifnull({part.sql}, false) then null else {number} end"
        for number, part in enumerate(asked)
    )
    sql = _BEST.format(columns=BUILD_COLUMNS, failing=failing)
    rows = con.execute(sql, [*values(asked), snapshot, name]).fetchall()
    if not rows:
        return SpecFit(name, None, None, "miss", needed_by=(root.text,), compiles=True)
    *row, numbers = rows[0]
    build = as_build(row)
    if not numbers:
        return SpecFit(name, build.version, build.hash, "hit", build.stacks, needed_by=(root.text,))
    differing = tuple(_difference(asked[number], build) for number in numbers)
    near = Nearest(build, differing)
    return SpecFit(name, None, None, "miss", nearest=near, needed_by=(root.text,), compiles=True)


def _difference(part: Condition, build: Build) -> Difference:
    if part.attribute == "variants":
        name = variant_name(part.text)
        settings = build.variants | build.patches
        has = (each for each in settings if each.lstrip("+~").partition("=")[0] == name)
        return Difference("variants", part.text, next(has, f"no {name}"))
    return Difference(part.attribute, part.text, getattr(build, part.attribute, None))
