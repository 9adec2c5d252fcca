"""Which index of a snapshot answers for which spec, and which stacks hold it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from spack_census.documents.records import Problem
from spack_census.sources.listing import ROOT, Listed


class Held(NamedTuple):
    """What the first look at an index tells."""

    sha256: str
    size_bytes: int
    hash_epoch: int | None
    hashes: list[str]
    """Hashes that are in the build cache, sorted."""
    faults: tuple[Problem, ...] = ()
    """Why specs that the source holds are not among them."""


def answers(held: Mapping[Listed, Held]) -> dict[Listed, list[str]]:
    """Return the hashes whose records each index gives: each hash once, and `root` first of all."""
    taken: set[str] = set()
    found: dict[Listed, list[str]] = {}
    for each in sorted(held, key=lambda each: each.label != ROOT):
        found[each] = [key for key in held[each].hashes if key not in taken]
        taken.update(found[each])
    return found


def stacks(held: Mapping[Listed, Held]) -> dict[str, tuple[str, ...]]:
    """Return hash → the labels of all indexes that hold it, sorted."""
    labels: dict[str, list[str]] = defaultdict(list)
    for each, found in sorted(held.items()):
        for key in found.hashes:
            labels[key].append(each.label)
    # A few combinations stand for all specs.
    shared: dict[tuple[str, ...], tuple[str, ...]] = {}
    return {
        key: shared.setdefault(combined := tuple(several), combined)
        for key, several in labels.items()
    }


def warnings(each: Listed, held: Mapping[Listed, Held], answered: list[str]) -> list[str]:
    """Return what to say of a stack's specs that `root`, which should be the union, lacks."""
    if each.label == ROOT or not answered or all(other.label != ROOT for other in held):
        return []
    examples = ", ".join(answered[:3])
    return [f"{len(answered):,} specs are not in the index {ROOT}: {examples}"]
