"""One environment against several caches: the best answer of all, and which cache has what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spack_census.ask.hosts import Host
from spack_census.environments import fitting
from spack_census.environments.caches import Cache, usable
from spack_census.environments.manifests.model import Manifest
from spack_census.environments.model import EnvironmentFit, Lockfile, SpecFit, Status

_BEST_FIRST: tuple[Status, ...] = ("external", "hit", "cannot tell", "hole", "miss")
_CACHED = ("hit", "hole")


def fit(caches: Sequence[Cache], what: Lockfile | Manifest, host: Host) -> EnvironmentFit:
    """Return how much of an environment some caches hold together.

    What one cache needs and lacks another may have. Raises what `fitting.fit` raises.
    """
    held = [usable(cache, host) for cache in caches] if len(caches) > 1 else [frozenset[str]()]
    fits = []
    for number, cache in enumerate(caches):
        others = frozenset[str]().union(*held[:number], *held[number + 1 :])
        fits.append(fitting.fit(cache.con, what, cache.snapshot, host, others))
    labels = [cache.label for cache in caches]
    specs = [_best(labels, answers) for answers in zip(*(each.specs for each in fits), strict=True)]
    notes = dict.fromkeys(note for each in fits for note in each.notes)
    return replace(fits[0], snapshot=" and ".join(labels), specs=tuple(specs), notes=tuple(notes))


def _best(labels: Sequence[str], answers: Sequence[SpecFit]) -> SpecFit:
    """Return the best answer of several caches for one spec, and which of them have it."""
    best = min(answers, key=lambda each: _BEST_FIRST.index(each.status))
    if best.status == "miss":
        # The nearest of all: the one with the fewest differences.
        near = [each for each in answers if each.nearest is not None]
        best = min(near, key=_differences, default=best)
    having = [
        label
        for label, each in zip(labels, answers, strict=True)
        if each.status in _CACHED and each.status == best.status
    ]
    return replace(best, caches=tuple(having))


def _differences(each: SpecFit) -> int:
    return len(each.nearest.differences) if each.nearest is not None else 0
