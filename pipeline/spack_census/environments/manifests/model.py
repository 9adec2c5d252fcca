"""What a spack.yaml says: frozen data, nothing of YAML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spack_census.environments.model import Lockfile
from spack_census.spack.constraints import Constraint
from spack_census.spack.grammar import Toolchains

DEFAULT_GROUP = "default"
Policy = Literal["any_of", "one_of", "none_of"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Constraints of which a spec must meet one at least, exactly one, or none.

    It binds only specs that meet `when`. `doubt` says why what is written cannot be read.
    """

    place: str
    """Where it stands, such as packages:hdf5:require."""
    policy: Policy
    texts: tuple[str, ...]
    when: str | None = None
    doubt: str | None = None
    toolchains: Toolchains = field(default_factory=dict)
    """What a %name among the texts may stand for."""

    def __str__(self) -> str:
        what = " or ".join(self.texts) if self.policy != "none_of" else f"no {self.texts[0]}"
        return f"{self.place} {what}" + (f" when {self.when}" if self.when else "")


@dataclass(frozen=True, slots=True)
class Package:
    """What `packages:` sets for one package, or for `all`; None where it does not say."""

    rules: tuple[Rule, ...] = ()
    preferences: tuple[Rule, ...] = ()
    """What Spack prefers when it builds; no cached spec is excluded by it."""
    buildable: bool | None = None
    externals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration sets that decides which cached specs an environment may use."""

    packages: Mapping[str, Package] = field(default_factory=dict)
    """By package or virtual package; `all` holds where a package has no setting of that kind."""
    reuse: bool = True
    """Whether Spack takes what is cached, or only what it would concretize anew all the same."""
    developed: Mapping[str, str] = field(default_factory=dict)
    """Packages built from a folder of sources, and that folder as it is written."""
    toolchains: Toolchains = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Root:
    """One root: its constraint, or why nothing can be said of it."""

    text: str
    constraint: Constraint | None
    doubt: str | None = None
    group: str = DEFAULT_GROUP
    settings: Settings = field(default_factory=Settings)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A spack.yaml: its roots in order, each once, and the lockfiles that it includes."""

    path: Path
    roots: tuple[Root, ...]
    locks: tuple[Lockfile, ...] = ()
    notes: tuple[str, ...] = ()
