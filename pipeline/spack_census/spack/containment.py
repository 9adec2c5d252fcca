"""Whether all that satisfies one constraint satisfies another, as a matrix's `exclude` asks."""

from __future__ import annotations

from spack_census.errors import ConstraintError
from spack_census.spack.compilers import canonical
from spack_census.spack.constraints import CompilerConstraint, Constraint, VariantConstraint
from spack_census.spack.ranges import Exactly, Range, Versions


def implies(one: Constraint, other: Constraint) -> bool:
    """Return whether whatever satisfies `one` satisfies `other` by what the two say.

    What `other` asks for and `one` leaves open is not implied. Raises ConstraintError for ranges
    of targets that are written differently: comparing them would take a dataset.
    """
    for name in ("package", "namespace", "platform", "os", "hash_prefix"):
        wanted = getattr(other, name)
        if wanted is not None and getattr(one, name) != wanted:
            return False
    if other.targets and one.targets and set(one.targets) != set(other.targets):
        if all(isinstance(each, str) for each in (*one.targets, *other.targets)):
            return set(one.targets) <= set(other.targets)
        message = f"cannot tell whether {one.target_text} lies in {other.target_text}"
        raise ConstraintError(message, "write both ranges alike")
    return (
        (bool(one.targets) or not other.targets)
        and _within(one.versions, other.versions)
        and _same_compiler(one.compiler, other.compiler)
        and all(any(_has(each, wanted) for each in one.variants) for wanted in other.variants)
        and all(
            any(implies(each, wanted) for each in one.dependencies) for wanted in other.dependencies
        )
    )


def _within(one: Versions, other: Versions) -> bool:
    if not other:
        return True
    return bool(one) and all(any(_inside(each, around) for around in other) for each in one)


def _inside(one: Range | Exactly, around: Range | Exactly) -> bool:
    if isinstance(one, Exactly):
        return one.key in around if isinstance(around, Range) else one == around
    if isinstance(around, Exactly) or one.lower < around.lower:
        return False
    return around.upper is None or (one.upper is not None and one.upper <= around.upper)


def _same_compiler(one: CompilerConstraint | None, other: CompilerConstraint | None) -> bool:
    if other is None:
        return True
    return (
        one is not None
        and canonical(one.name) == canonical(other.name)
        and _within(one.versions, other.versions)
    )


def _has(one: VariantConstraint, wanted: VariantConstraint) -> bool:
    if one.name != wanted.name:
        return False
    if wanted.values == ("*",):
        return True
    if wanted.switch is not None or wanted.exact:
        return (one.switch, one.exact, one.values) == (wanted.switch, wanted.exact, wanted.values)
    return one.switch is None and set(wanted.values) <= set(one.values)
