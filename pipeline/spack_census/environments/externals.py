"""Roots that the environment takes from the machine, by `externals:` of its packages' settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spack_census.environments.manifests.model import Package, Root, Settings
from spack_census.errors import CensusError
from spack_census.spack.constraints import Constraint
from spack_census.spack.containment import implies
from spack_census.spack.grammar import parse

_ALL = "all"


@dataclass(frozen=True, slots=True)
class Provided:
    """How a root is provided, or why it is not or cannot be told."""

    status: Literal["external", "miss", "cannot tell"]
    reason: str


def provided(root: Root) -> Provided | None:
    """Return what an environment's externals are to a root; None where they are nothing to it.

    An external is one if its own words say all that the root asks for. Where it leaves something
    open, that cannot be told; of a package that is buildable all the same, what is cached counts.
    """
    if root.constraint is None or root.constraint.package is None:
        return None
    name = root.constraint.package
    own = root.settings.packages.get(name, Package())
    place = f"packages:{name}:externals"
    left_open = None
    for text in own.externals:
        verdict = _provides(text, root.constraint)
        if verdict is True:
            return Provided("external", f"{place} {text}")
        if verdict is None:
            left_open = left_open or text
    if _buildable(root.settings, own) or left_open is None:
        return None
    return Provided("cannot tell", f"{place} {left_open} does not say all that the root asks for")


def _buildable(settings: Settings, own: Package) -> bool:
    default = settings.packages.get(_ALL, Package()).buildable
    return own.buildable if own.buildable is not None else default is not False


def _provides(text: str, asked: Constraint) -> bool | None:
    """Return whether an external is what is asked for; None where its text leaves that open."""
    try:
        external = parse(text)
        if implies(external, asked):
            return True
        if external.versions and asked.versions:
            own = Constraint("", versions=external.versions)
            return None if implies(own, Constraint("", versions=asked.versions)) else False
    except CensusError:
        pass
    return None
