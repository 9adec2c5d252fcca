"""Constraint → conditions in SQL on the columns of `specs`, values bound, one for each attribute.

`and` of all of them is the constraint. They are kept apart so that a spec that misses some can be
told which.
"""

from __future__ import annotations

import duckdb

from spack_census.ask.attributes import own_conditions
from spack_census.ask.condition import SQL, Condition, any_of
from spack_census.ask.dependencies import dependency_condition, provided
from spack_census.ask.knowledge import Known
from spack_census.spack.constraints import Constraint

__all__ = ["Condition", "conditions"]

_SEEN_TO_PROVIDE = (
    "hash in (select dependency_hash from dependencies"
    " where snapshot = ? and list_contains(virtuals, ?))"
)


def conditions(
    con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str
) -> list[Condition]:
    """Return the conditions that a spec of this snapshot meets if it satisfies the constraint.

    A virtual package stands for what provides it; of its other attributes Spack looks at the
    version alone. Raises ConstraintError where the snapshot does not tell what is asked for
    (dependencies, namespaces, flags).
    """
    known = Known(con, snapshot)
    package = constraint.package
    if package is not None and known.is_virtual(package):
        found = [_provider(known, constraint, package)]
    else:
        found = own_conditions(known, constraint)
    return found + [dependency_condition(known, each) for each in constraint.dependencies]


def _provider(known: Known, constraint: Constraint, virtual: str) -> Condition:
    found = provided(known, virtual, constraint)
    if not constraint.versions:
        found = any_of((found, SQL(_SEEN_TO_PROVIDE, (known.snapshot, virtual))))
    text = f"{virtual}{constraint.version_text}"
    return Condition("package", text, found.text, found.values)
