"""What is known of an environment and of its fit with a snapshot: frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from spack_census.ask.hosts import Host

Status = Literal["hit", "hole", "miss", "external", "cannot tell"]
"""What is known of a root or a locked spec.

hit: a cached binary, and all that it needs is cached too · hole: a cached binary, but something
that it needs is not · miss: none is cached · external: it is there already · cannot tell: with a
reason.
"""


@dataclass(frozen=True, slots=True)
class Build:
    """One concrete spec, locked or cached: what tells it from others of its package.

    `variants` leave out `patches`, which the recipe sets and no user; `compiler` is NAME@VERSION,
    or empty where the spec has none.
    """

    package: str
    version: str
    version_key: str
    compiler: str
    platform: str
    os: str
    target: str
    variants: frozenset[str]
    patches: frozenset[str]
    hash: str
    package_hash: str | None = None
    stacks: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Edge:
    """A direct dependency of a locked spec."""

    package: str
    hash: str
    deptypes: frozenset[str]
    virtuals: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Locked:
    """One spec of a lockfile; an external is there already and is never installed."""

    build: Build
    external: bool
    edges: tuple[Edge, ...]


@dataclass(frozen=True, slots=True)
class Lockfile:
    """A spack.lock: its roots in order, as hash and text, and all its specs by hash."""

    path: Path
    roots: tuple[tuple[str, str], ...]
    specs: Mapping[str, Locked]
    groups: Mapping[str, str] = field(default_factory=dict)
    """The group of a root, by its hash, where the file has groups."""
    version: int | None = None
    """The version of the file's format, 1 to 8."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One attribute in which a cached spec is not what is wanted; None where that is unknown."""

    attribute: str
    wanted: str
    cached: str | None


@dataclass(frozen=True, slots=True)
class Nearest:
    """The cached spec that is most like one that is wanted, and how it differs."""

    build: Build
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class SpecFit:
    """One spec of a lockfile, or one root of a spack.yaml, against a snapshot.

    Of a root that is not cached, version and hash are unknown (None). `needed_by` are the roots
    that depend on it, by whatever type of dependency.
    """

    package: str
    version: str | None
    hash: str | None
    status: Status
    stacks: tuple[str, ...] = ()
    nearest: Nearest | None = None
    needed_by: tuple[str, ...] = ()
    compiles: bool = False
    """Whether an install has to build it: it is a miss that something installed needs."""
    reason: str | None = None
    """Why it cannot be told, or what else than its own constraint keeps it from being a hit."""
    lacking: tuple[str, ...] = ()
    """Of a hole, what it needs and the cache lacks, as PACKAGE/HASH."""
    unmet: tuple[str, ...] = ()
    """Preferences of the environment that the hit does not meet; they exclude nothing."""
    group: str = ""
    caches: tuple[str, ...] = ()
    """The caches that have it, where several are asked."""


@dataclass(frozen=True, slots=True)
class EnvironmentFit:
    """How much of an environment a snapshot holds, for a host; `specs` in the file's order."""

    path: Path
    snapshot: str
    host: Host
    locked: bool
    """Whether the file has concrete specs (spack.lock), or constraints on roots (spack.yaml)."""
    specs: tuple[SpecFit, ...]
    notes: tuple[str, ...] = field(default=())
    """What the answer leaves out, a sentence each."""

    def having(self, status: Status) -> tuple[SpecFit, ...]:
        """Return the specs of this status."""
        return tuple(each for each in self.specs if each.status == status)


@dataclass(frozen=True, slots=True)
class SnapshotFit:
    """How many of an environment's specs, externals aside, one snapshot holds."""

    snapshot: str
    num_hits: int
    num_specs: int
