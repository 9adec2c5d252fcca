"""Two constraints on one and the same spec → the one that asks for both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spack_census.spack.constraints import Constraint, DependencyConstraint
from spack_census.spack.ranges import overlap


def constrained(one: Constraint, other: Constraint) -> Constraint:
    """Return what asks for both, under the text of the first; raises ValueError if nothing can."""
    versions = overlap(one.versions, other.versions)
    if versions is None:
        raise ValueError(f"{one.version_text} and {other.version_text} exclude each other")
    texts = dict.fromkeys(filter(None, (one.version_text, other.version_text)))
    places: dict[str, Any] = {}
    for name in ("package", "namespace", "platform", "os", "hash_prefix"):
        values = {getattr(each, name) for each in (one, other)} - {None}
        if len(values) > 1:
            raise ValueError(f"{' and '.join(sorted(values))} exclude each other")
        places[name] = next(iter(values), None)
    if one.targets and other.targets and set(one.targets) != set(other.targets):
        raise ValueError(f"{one.target_text} and {other.target_text} stand beside each other")
    return replace(
        one,
        **places,
        versions=versions,
        version_text=" ".join(texts),
        variants=tuple(dict.fromkeys((*one.variants, *other.variants))),
        flags=tuple(dict.fromkeys((*one.flags, *other.flags))),
        targets=one.targets or other.targets,
        target_text=one.target_text or other.target_text,
        dependencies=(*one.dependencies, *other.dependencies),
    )


def merged(one: DependencyConstraint, other: DependencyConstraint) -> DependencyConstraint:
    """Return one direct dependency that is both; raises ValueError if none can be."""
    return replace(
        one,
        text=f"{one.text} {other.text}",
        spec=constrained(one.spec, other.spec),
        virtuals=tuple(sorted({*one.virtuals, *other.virtuals})),
        deptypes=tuple(sorted({*one.deptypes, *other.deptypes})),
    )
