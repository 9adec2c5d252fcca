"""What a constraint asks for: frozen data, nothing of text or SQL."""

from __future__ import annotations

from dataclasses import dataclass

from spack_census.spack.ranges import Versions


@dataclass(frozen=True, slots=True)
class CompilerConstraint:
    """A compiler by name, in one of some versions; () is any."""

    text: str
    name: str
    versions: Versions


@dataclass(frozen=True, slots=True)
class VariantConstraint:
    """A variant that is on or off (`switch`), or has these values.

    The values are sorted and may be among others, unless `exact`; `("*",)` is any value at all.
    """

    text: str
    name: str
    values: tuple[str, ...] = ()
    switch: bool | None = None
    exact: bool = False


@dataclass(frozen=True, slots=True)
class TargetRange:
    """Targets between two that can run each other's binaries, ends included; None is open."""

    lower: str | None
    upper: str | None


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a spec must have; None and () ask for nothing. Each `text` is as the user wrote it."""

    text: str
    package: str | None = None
    namespace: str | None = None
    version_text: str = ""
    versions: Versions = ()
    compiler: CompilerConstraint | None = None
    variants: tuple[VariantConstraint, ...] = ()
    platform: str | None = None
    os: str | None = None
    target_text: str = ""
    targets: tuple[str | TargetRange, ...] = ()
    hash_prefix: str | None = None
    dependencies: tuple[Constraint, ...] = ()
