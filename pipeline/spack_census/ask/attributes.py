"""What a constraint asks of a spec itself → conditions on the columns of `specs` and `nodes`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spack_census.ask.condition import SQL, Condition, all_of, any_of
from spack_census.ask.knowledge import Known
from spack_census.spack.constraints import (
    Constraint,
    FlagConstraint,
    TargetRange,
    VariantConstraint,
)
from spack_census.spack.ranges import Exactly, Range, Versions
from spack_census.spack.versions import ref_keys

# A target counts as at least another if it runs the other's binaries; one that nobody knows runs
# its own alone.
_RUNS_BOUND = "(target = ? or target in (select host from target_compat where target = ?))"
_RUN_BY_BOUND = "(target = ? or target in (select target from target_compat where host = ?))"
_PATCH_CHARACTERS = 7
_PATCHES = "patches"
_WITHOUT = """hash not in (
    with recursive edges as materialized (
        select hash, dependency_hash from dependencies where snapshot = ?
    ),
    above(hash) as (
        select hash
        from nodes
        where snapshot = ? and {has} and not {holds}
        union
        select edges.hash
        from edges
        inner join above on edges.dependency_hash = above.hash
    )
    select hash from above
)"""
"""What neither contradicts a setting that is handed on, nor has anything below that does."""


def own_conditions(known: Known, constraint: Constraint) -> list[Condition]:
    """Return the conditions on a spec itself, its dependencies left out, the package first.

    Raises ConstraintError where the snapshot does not tell what is asked for.
    """
    found = []
    package = constraint.package
    if package is not None:
        found.append(Condition("package", package, "package = ?", (package,)))
    if constraint.namespace is not None:
        text = f"namespace={constraint.namespace}"
        known.demand_namespaces(package, text)
        found.append(Condition("namespace", text, "namespace = ?", (constraint.namespace,)))
    for attribute, value in (("platform", constraint.platform), ("os", constraint.os)):
        if value == "*":
            found.append(Condition(attribute, f"{attribute}=*", "true", ()))
        elif value is not None:
            text = f"{attribute}={value}"
            found.append(Condition(attribute, text, f"{attribute} = ?", (value,)))
    if constraint.targets:
        found.append(_target(constraint))
    if constraint.versions:
        sql, values = in_versions("version_key", constraint.versions)
        found.append(Condition("version", constraint.version_text, sql, values))
    if constraint.flags:
        known.demand_flags(package, constraint.flags[0].text)
        found += map(_flags, constraint.flags)
    found += (_variant(known, variant) for variant in constraint.variants)
    if constraint.hash_prefix is not None:
        prefix = constraint.hash_prefix
        found.append(Condition("hash", f"/{prefix}", "starts_with(hash, ?)", (prefix,)))
    return found


def in_versions(column: str, versions: Versions) -> SQL:
    """Return SQL that holds where the version key in a column is in a version list."""
    return any_of(_in_element(column, each) for each in versions)


def _in_element(column: str, each: Any) -> SQL:
    if isinstance(each, Exactly):
        return SQL(f"{column} = ?", (each.key,))
    if not isinstance(each, Range):
        return SQL(f"({column} = ? or ends_with({column}, ?))", ref_keys(each.ref))
    if each.upper is None:
        return SQL(f"{column} >= ?", (each.lower,))
    return SQL(f"({column} >= ? and {column} < ?)", (each.lower, each.upper))


def _target(constraint: Constraint) -> Condition:
    sql, values = any_of(map(_in_targets, constraint.targets))
    return Condition("target", constraint.target_text, sql, values)


def _in_targets(each: str | TargetRange) -> SQL:
    if not isinstance(each, TargetRange):
        return SQL("target = ?", (each,))
    return all_of(
        SQL(sql, (bound, bound))
        for bound, sql in ((each.lower, _RUNS_BOUND), (each.upper, _RUN_BY_BOUND))
        if bound is not None
    )


def _flags(wanted: FlagConstraint) -> Condition:
    # A flag stands with the words that follow it: what begins with no `-` is no flag of its own.
    prefix = f"{wanted.name}="
    sql = (
        "len(list_filter(flags, lambda each: starts_with(each, ?)"
        " and list_has_all(string_split(' ' || each[?:], ' -'), ?))) > 0"
    )
    flags = [flag.removeprefix("-") for flag in wanted.flags]
    return Condition("flags", wanted.text, sql, (prefix, len(prefix) + 1, flags))


def _variant(known: Known, variant: VariantConstraint) -> Condition:
    holds = _setting(variant)
    if not variant.propagated:
        return Condition("variants", variant.text, holds.text, holds.values, variant.name)
    known.demand_dependencies(variant.text)
    known.demand_whole(variant.text, deptypes=("build", "link", "run", "test"))
    has = _any_value(variant.name)
    sql = _WITHOUT.format(has=has.text, holds=holds.text)
    values = (known.snapshot, known.snapshot, *has.values, *holds.values)
    return Condition("variants", variant.text, sql, values, variant.name)


def _setting(variant: VariantConstraint) -> SQL:
    name, values = variant.name, list(variant.values)
    if variant.switch is not None:
        # An index may hold a switch as text.
        word = "true" if variant.switch else "false"
        spellings = [f"{name}={each}" for each in (word, word.title(), word.upper())]
        spellings.append(f"{'+' if variant.switch else '~'}{name}")
        return SQL("list_has_any(variants, ?)", (spellings,))
    if values == ["*"]:
        return _any_value(name)
    if variant.exact:
        return SQL("list_contains(variants, ?)", (f"{name}={','.join(_cut(name, values))}",))
    has = "list_has_all(string_split(each[?:], ','), ?)"
    if name == _PATCHES:
        # A patch goes by any beginning of its checksum; each value stands as a row of its own.
        has = _each_begins(len(values))
    sql = f"len(list_filter(variants, lambda each: starts_with(each, ?) and {has})) > 0"
    # Counted from 1, and behind the `=`.
    place = len(name) + 2
    if name != _PATCHES:
        return SQL(sql, (f"{name}=", place, values))
    bound = [part for value in _cut(name, values) for part in (place, value)]
    return SQL(sql, (f"{name}=", *bound))


def _each_begins(count: int) -> str:
    one = "len(list_filter(string_split(each[?:], ','), lambda sum: starts_with(sum, ?))) > 0"
    return " and ".join([one] * count)


def _cut(name: str, values: Sequence[str]) -> list[str]:
    """Return values as the dataset has them: as much of a patch's checksum as the site shows."""
    return [value[:_PATCH_CHARACTERS] for value in values] if name == _PATCHES else list(values)


def _any_value(name: str) -> SQL:
    return SQL(
        "(list_has_any(variants, ?) or"
        " len(list_filter(variants, lambda each: starts_with(each, ?))) > 0)",
        ([f"+{name}", f"~{name}"], f"{name}="),
    )
