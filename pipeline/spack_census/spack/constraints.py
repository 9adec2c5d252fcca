"""What a constraint asks for: frozen data, nothing of text or SQL."""

from __future__ import annotations

from dataclasses import dataclass

from spack_census.spack.ranges import Versions


@dataclass(frozen=True, slots=True)
class VariantConstraint:
    """A variant that is on or off (`switch`), or has these values.

    The values are sorted and may be among others, unless `exact`; `("*",)` is any value at all.
    `propagated` asks it of each spec below that has the variant as well.
    """

    text: str
    name: str
    values: tuple[str, ...] = ()
    switch: bool | None = None
    exact: bool = False
    propagated: bool = False


@dataclass(frozen=True, slots=True)
class FlagConstraint:
    """Compiler flags of one kind (`cflags`) that must be among those of a spec.

    A flag is with the words that follow it: `-I`, `foo` are one.
    """

    text: str
    name: str
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetRange:
    """Targets between two that can run each other's binaries, ends included; None is open."""

    lower: str | None
    upper: str | None


@dataclass(frozen=True, slots=True)
class DependencyConstraint:
    """One edge that must be there, and what must stand at its end.

    `direct` (`%`) is a dependency of any type of the spec itself; else (`^`) it may also be reached
    by link and run dependencies. The edge has all of `virtuals` and `deptypes`. Where `when` is
    given, only specs that satisfy it need the edge.
    """

    text: str
    spec: Constraint
    direct: bool
    virtuals: tuple[str, ...] = ()
    deptypes: tuple[str, ...] = ()
    when: Constraint | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """What a spec must have; None and () ask for nothing. Each `text` is as the user wrote it.

    `platform` and `os` may be `*`, which any does.
    """

    text: str
    package: str | None = None
    namespace: str | None = None
    version_text: str = ""
    versions: Versions = ()
    variants: tuple[VariantConstraint, ...] = ()
    flags: tuple[FlagConstraint, ...] = ()
    platform: str | None = None
    os: str | None = None
    target_text: str = ""
    targets: tuple[str | TargetRange, ...] = ()
    hash_prefix: str | None = None
    dependencies: tuple[DependencyConstraint, ...] = ()

    @property
    def is_plain(self) -> bool:
        """Whether it asks for nothing beyond a package and its version."""
        return not (
            self.namespace
            or self.variants
            or self.flags
            or self.platform
            or self.os
            or self.targets
            or self.hash_prefix
            or self.dependencies
        )
