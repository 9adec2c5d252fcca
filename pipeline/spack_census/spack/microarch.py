"""Which CPU runs whose binaries: archspec's knowledge as the tables `targets`, `target_compat`.

archspec is Spack's own library of microarchitectures. It is imported inside the functions: its
import reads a large file, and most commands never need it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any


def known_targets() -> frozenset[str]:
    """Return the names of all microarchitectures that archspec knows."""
    return frozenset(_known())


def targets_rows(seen: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of `schema.TARGETS`, by name: all that archspec knows, and the seen ones.

    A seen target that archspec does not know has no family, vendor, generation or ancestors.
    """
    return [_target_row(name) for name in sorted(known_targets() | set(seen))]


def compat_rows(seen: Iterable[str]) -> list[dict[str, Any]]:
    """Return the rows of `schema.TARGET_COMPAT`, by host, distance and target.

    The distance is the longest way from the host up to the target, in steps from a
    microarchitecture to one it is directly compatible with. So whatever target can run another's
    binaries is nearer than that other: zen4 has zen3 before zen2, and x86_64_v4 before x86_64_v3
    before x86_64. Targets at the same distance cannot run each other's binaries; they stand in
    the order of their names. An unknown target runs its own binaries, at distance 0, alone.
    """
    return [
        {"host": host, "target": target, "distance": distance}
        for host in sorted(known_targets() | set(seen))
        for target, distance in _distances(host).items()
    ]


def _known() -> dict[str, Any]:
    import archspec.cpu

    return dict(archspec.cpu.TARGETS.items())


def _target_row(name: str) -> dict[str, Any]:
    target = _known().get(name)
    return {
        "target": name,
        "family": None if target is None else target.family.name,
        "vendor": None if target is None else target.vendor,
        # archspec writes 0 where generations are not counted: outside of POWER.
        "generation": None if target is None else target.generation or None,
        # A tuple: columns are pooled by their distinct values, and a list cannot be hashed.
        "ancestors": tuple(ancestor for ancestor in _distances(name) if ancestor != name),
        "known": target is not None,
    }


@functools.cache
def _distances(host: str) -> dict[str, int]:
    """Return each target that the host runs → its distance, nearest first."""
    known = _known().get(host)
    distances = {host: 0}
    for parent in () if known is None else known.parents:
        for target, distance in _distances(parent.name).items():
            distances[target] = max(distances.get(target, 0), distance + 1)
    return dict(sorted(distances.items(), key=lambda item: (item[1], item[0])))
