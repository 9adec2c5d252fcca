"""Whether all that satisfies one constraint satisfies another, as a matrix's `exclude` asks."""

from __future__ import annotations

from spack_census.errors import ConstraintError
from spack_census.spack.constraints import Constraint, DependencyConstraint, VariantConstraint
from spack_census.spack.ranges import Element, Exactly, Range, Ref, Versions


def implies(one: Constraint, other: Constraint) -> bool:
    """Return whether whatever satisfies `one` satisfies `other` by what the two say.

    What `other` asks for and `one` leaves open is not implied. Raises ConstraintError for ranges
    of targets that are written differently: comparing them would take a dataset.
    """
    for name in ("package", "namespace", "platform", "os"):
        wanted, given = getattr(other, name), getattr(one, name)
        if wanted is not None and given != wanted and not (wanted == "*" and given is not None):
            return False
    if other.hash_prefix is not None and not (one.hash_prefix or "").startswith(other.hash_prefix):
        return False
    if other.targets and one.targets and set(one.targets) != set(other.targets):
        if all(isinstance(each, str) for each in (*one.targets, *other.targets)):
            return set(one.targets) <= set(other.targets)
        message = f"cannot tell whether {one.target_text} lies in {other.target_text}"
        raise ConstraintError(message, "write both ranges alike")
    return (
        (bool(one.targets) or not other.targets)
        and _within(one.versions, other.versions)
        and all(any(_has(each, wanted) for each in one.variants) for wanted in other.variants)
        and all(
            any(each.name == wanted.name and {*each.flags} >= {*wanted.flags} for each in one.flags)
            for wanted in other.flags
        )
        and all(
            any(_is_edge(each, wanted) for each in one.dependencies)
            for wanted in other.dependencies
        )
    )


def _is_edge(one: DependencyConstraint, wanted: DependencyConstraint) -> bool:
    """Return whether an edge that is as `one` says is as `wanted` says."""
    if wanted.direct and not one.direct:
        return False
    if one.when is not None and one.when != wanted.when:
        return False
    if not ({*one.virtuals} >= {*wanted.virtuals} and {*one.deptypes} >= {*wanted.deptypes}):
        return False
    if wanted.spec.package in one.virtuals and wanted.spec.is_plain and not wanted.spec.versions:
        return True
    return implies(one.spec, wanted.spec)


def _within(one: Versions, other: Versions) -> bool:
    if not other:
        return True
    return bool(one) and all(any(_inside(each, around) for around in other) for each in one)


def _inside(one: Element, around: Element) -> bool:
    if isinstance(one, Exactly):
        return one == around if isinstance(around, Exactly) else one.key in around
    if isinstance(one, Ref) or not isinstance(around, Range):
        return one == around
    if one.lower < around.lower:
        return False
    return around.upper is None or (one.upper is not None and one.upper <= around.upper)


def _has(one: VariantConstraint, wanted: VariantConstraint) -> bool:
    if one.name != wanted.name or (wanted.propagated and not one.propagated):
        return False
    if wanted.values == ("*",):
        return True
    if wanted.switch is not None or wanted.exact:
        return (one.switch, one.exact, one.values) == (wanted.switch, wanted.exact, wanted.values)
    return one.switch is None and set(wanted.values) <= set(one.values)
