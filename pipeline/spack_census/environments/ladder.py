"""Why nothing, or not what one hoped for, is found: the conditions one after the other.

What is general comes first: a spec for the wrong CPU is of no use whatever its version. At each
rung as many specs are left as meet it and all above it.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import duckdb

from spack_census.ask import snapshots
from spack_census.ask.finding import conjunction, demand_package, values
from spack_census.ask.held import made
from spack_census.ask.hosts import Host, host_conditions
from spack_census.ask.predicates import Condition, conditions
from spack_census.environments.closures import knows_dependencies, lacking, needing
from spack_census.errors import ConstraintError
from spack_census.spack.constraints import Constraint

_ORDER = (
    *("package", "namespace", "platform", "target", "os", "compiler", "version"),
    *("variants", "flags", "dependencies", "hash"),
)
CLOSURE = "needs"
"""The attribute of the last rung: what a spec needs is cached too."""
_SHOWN = {
    "flags": "array_to_string(flags, ' ')",
    "compiler": "concat_ws('@', compiler_name, compiler_version)",
    "variants": "list_filter(variants, lambda v: ltrim(split_part(v, '=', 1), '+~') = ?)[1]",
    **{name: name for name in ("package", "namespace", "platform", "target", "os", "version")},
}
"""What stands for an attribute where its values are listed; of others none are."""
_ROWS = {
    "attribute": "varchar",
    "condition": "varchar",
    "num_specs": "bigint",
    "there": "varchar[]",
    "snapshot": "varchar",
}
_LEFT = "select count(*) from specs where snapshot = ? and {where}"
_THERE = """
select value
from (
    select {value} as value, count(*) as num_specs, max(version_key) as newest
    from specs
    where snapshot = ? and {where}
    group by value
)
where value <> ''
order by num_specs desc, newest desc, value
limit 4
"""


@dataclass(frozen=True, slots=True)
class Rung:
    """One condition, how many specs are left below it, and what those above it have there."""

    attribute: str
    condition: str
    num_specs: int
    there: tuple[str, ...] = ()
    """What the specs above have for the attribute, most frequent first, where none is left."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The rungs for one constraint on one host, from the package down."""

    asked: str
    snapshot: str
    host: Host
    rungs: tuple[Rung, ...]

    @property
    def broken(self) -> Rung | None:
        """The first rung that no spec meets."""
        return next((rung for rung in self.rungs if not rung.num_specs), None)


def ladder(
    con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str, host: Host
) -> Ladder:
    """Return at which condition the specs of a package drop out.

    A host tells the platform too, unless the constraint does. Where the snapshot knows what depends
    on what, the last rung are the specs that need nothing which is not cached. Raises
    ConstraintError where the constraint names no package, UnknownNameError for a package that no
    snapshot has, and what `conditions` raises.
    """
    name = snapshots.resolve(con, snapshot)
    if constraint.package is None:
        message = f"{constraint.text!r} names no package"
        raise ConstraintError(message, "such as: census why hdf5@1.14: --host zen4")
    demand_package(con, constraint)
    on_host = host_conditions(host, name, with_platform=constraint.platform is None)
    asked = [*conditions(con, constraint, name), *on_host]
    asked.sort(key=lambda condition: _place(condition.attribute))
    if knows_dependencies(con, name):
        hollow = sorted(needing(con, name, lacking(con, name, on_host)))
        sql = "not list_contains(?::varchar[], hash)"
        asked.append(Condition(CLOSURE, "all that it needs is cached too", sql, (hollow,)))
    rungs: list[Rung] = []
    for number, condition in enumerate(asked):
        met = asked[: number + 1]
        sql = _LEFT.format(where=conjunction(met))
        (left,) = con.execute(sql, [name, *values(met)]).fetchall()[0]
        there = () if left or not number else _there(con, condition, asked[:number], name)
        rungs.append(Rung(condition.attribute, condition.text, left, there))
        if not left:
            break
    return Ladder(constraint.text, name, host, tuple(rungs))


def _place(attribute: str) -> int:
    return _ORDER.index(attribute) if attribute in _ORDER else len(_ORDER)


def _there(
    con: duckdb.DuckDBPyConnection, condition: Condition, above: list[Condition], snapshot: str
) -> tuple[str, ...]:
    value = _SHOWN.get(condition.attribute, "null::varchar")
    sql = _THERE.format(value=value, where=conjunction(above))
    named = [] if condition.variant is None else [condition.variant]
    rows = con.execute(sql, [*named, snapshot, *values(above)]).fetchall()
    return tuple(str(value) for (value,) in rows)


def ladder_rows(con: duckdb.DuckDBPyConnection, *found: Ladder) -> duckdb.DuckDBPyRelation:
    """Return a row a rung: attribute, condition, num_specs, there, snapshot; ladder by ladder."""
    rows = ((*dataclasses.astuple(rung), each.snapshot) for each in found for rung in each.rungs)
    return made(con, _ROWS, rows)
