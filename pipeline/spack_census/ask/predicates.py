"""Constraint → conditions in SQL on the columns of `specs`, values bound, one for each attribute.

A condition is SQL with `?` for its values, in the order they stand; `and` of all of them is the
constraint. They are kept apart so that a spec that misses some can be told which.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb

from spack_census.ask.dependencies import dependency_condition
from spack_census.errors import ConstraintError, UnknownNameError
from spack_census.spack import compilers
from spack_census.spack.constraints import (
    CompilerConstraint,
    Constraint,
    TargetRange,
    VariantConstraint,
)
from spack_census.spack.ranges import Range, Versions
from spack_census.spack.versions import version_key

# A target counts as at least another if it runs the other's binaries.
_RUNS_BOUND = "target in (select host from target_compat where target = ?)"
_RUN_BY_BOUND = "target in (select target from target_compat where host = ?)"


@dataclass(frozen=True, slots=True)
class Condition:
    """What one attribute must be: as people write it, and as SQL with the values it binds."""

    attribute: str
    text: str
    sql: str
    values: tuple[Any, ...]
    variant: str | None = None
    """The name of the variant, where the attribute is one."""


def conditions(
    con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str
) -> list[Condition]:
    """Return the conditions that a spec of this snapshot meets if it satisfies the constraint.

    Raises ConstraintError where the snapshot does not tell what is asked for (dependencies,
    namespaces), UnknownNameError for a range of targets of which nobody knows an end.
    """
    found = own_conditions(con, constraint, snapshot)
    for dependency in constraint.dependencies:
        inside = own_conditions(con, dependency, snapshot)
        sql, values = dependency_condition(
            con, dependency, [(each.attribute, each.sql, each.values) for each in inside], snapshot
        )
        found.append(Condition("dependencies", f"^{dependency.text}", sql, values))
    return found


def own_conditions(
    con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str
) -> list[Condition]:
    """Return the conditions on the spec itself, its dependencies left out; raises as above."""
    found = []
    if constraint.package is not None:
        name = constraint.package
        found.append(Condition("package", name, "package = ?", (name,)))
    if constraint.namespace is not None:
        found.append(_namespace(con, constraint, snapshot))
    for attribute, value in (("platform", constraint.platform), ("os", constraint.os)):
        if value is not None:
            text = f"{attribute}={value}"
            found.append(Condition(attribute, text, f"{attribute} = ?", (value,)))
    if constraint.targets:
        found.append(_target(con, constraint))
    if constraint.versions:
        sql, values = _in_versions("version_key", constraint.versions)
        found.append(Condition("version", constraint.version_text, sql, values))
    if constraint.compiler is not None:
        found.append(_compiler(con, constraint.compiler, snapshot))
    found += map(_variant, constraint.variants)
    if constraint.hash_prefix is not None:
        prefix = constraint.hash_prefix
        found.append(Condition("hash", f"/{prefix}", "starts_with(hash, ?)", (prefix,)))
    return found


def _namespace(con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str) -> Condition:
    unknown = con.execute(
        "select count(*) from specs where snapshot = ? and namespace is null"
        " and (package = ? or ? is null)",
        [snapshot, constraint.package, constraint.package],
    ).fetchall()[0][0]
    if unknown:
        raise ConstraintError(
            f"cannot ask for namespace {constraint.namespace}: {snapshot} does not tell the"
            f" namespaces of {unknown:,} specs",
            "leave the namespace out, or build the snapshot from a build cache's index",
        )
    text = f"namespace={constraint.namespace}"
    return Condition("namespace", text, "namespace = ?", (constraint.namespace,))


def _in_versions(column: str, versions: Versions) -> tuple[str, tuple[Any, ...]]:
    parts: list[str] = []
    values: list[Any] = []
    for each in versions:
        if not isinstance(each, Range):
            parts.append(f"{column} = ?")
            values.append(each.key)
        elif each.upper is None:
            parts.append(f"{column} >= ?")
            values.append(each.lower)
        else:
            parts.append(f"({column} >= ? and {column} < ?)")
            values += [each.lower, each.upper]
    return f"({' or '.join(parts)})", tuple(values)


def _compiler(
    con: duckdb.DuckDBPyConnection, compiler: CompilerConstraint, snapshot: str
) -> Condition:
    names = list(compilers.written(compiler.name))
    if not compiler.versions:
        sql = "ifnull(list_contains(?, compiler_name), false)"
        return Condition("compiler", compiler.text, sql, (names,))
    # The table has no key of compiler versions, but a snapshot has few of them.
    known = con.execute(
        "select distinct compiler_version from specs"
        " where snapshot = ? and list_contains(?, compiler_name) and compiler_version is not null",
        [snapshot, names],
    ).fetchall()
    fitting = sorted(
        version
        for (version,) in known
        if any(version_key(version) in each for each in compiler.versions)
    )
    sql = (
        "ifnull(list_contains(?, compiler_name)"
        " and list_contains(?::varchar[], compiler_version), false)"
    )
    return Condition("compiler", compiler.text, sql, (names, fitting))


def _target(con: duckdb.DuckDBPyConnection, constraint: Constraint) -> Condition:
    parts: list[str] = []
    values: list[str] = []
    for each in constraint.targets:
        if not isinstance(each, TargetRange):
            parts.append("target = ?")
            values.append(each)
            continue
        bounds = []
        for bound, sql in ((each.lower, _RUNS_BOUND), (each.upper, _RUN_BY_BOUND)):
            if bound is not None:
                _demand_target(con, bound)
                bounds.append(sql)
                values.append(bound)
        parts.append(f"({' and '.join(bounds) or 'true'})")
    joined = f"({' or '.join(parts)})"
    return Condition("target", constraint.target_text, joined, tuple(values))


def _demand_target(con: duckdb.DuckDBPyConnection, name: str) -> None:
    known = {target for (target,) in con.execute("select target from targets").fetchall()}
    if name not in known:
        listing = "spack arch --known-targets"
        raise UnknownNameError("target", name, known, "archspec or the dataset", listing)


def _variant(variant: VariantConstraint) -> Condition:
    name = variant.name
    values: tuple[Any, ...]
    if variant.switch is not None:
        spellings = [f"{'+' if variant.switch else '~'}{name}"]
        # An index may hold a switch as text.
        spellings += [f"{name}={value}" for value in variant.values]
        sql, values = "list_has_any(variants, ?)", (spellings,)
    elif variant.exact:
        sql, values = "list_contains(variants, ?)", (f"{name}={','.join(variant.values)}",)
    elif variant.values == ("*",):
        sql = (
            "(list_has_any(variants, ?) or"
            " len(list_filter(variants, lambda each: starts_with(each, ?))) > 0)"
        )
        values = ([f"+{name}", f"~{name}"], f"{name}=")
    else:
        sql = (
            "len(list_filter(variants, lambda each: starts_with(each, ?) and"
            " list_has_all(string_split(each[?:], ','), ?))) > 0"
        )
        # Counted from 1, and behind the `=`.
        values = (f"{name}=", len(name) + 2, list(variant.values))
    return Condition("variants", variant.text, sql, values, name)
