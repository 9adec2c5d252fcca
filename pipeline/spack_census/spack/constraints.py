"""What a constraint asks for: frozen data, nothing of text or SQL."""

from __future__ import annotations

from dataclasses import dataclass

from spack_census.spack.ranges import Versions

# Spack 1.0 made compilers packages and gave some another name; both names mean the same.
_PACKAGE_NAMES = {
    "clang": "llvm",
    "oneapi": "intel-oneapi-compilers",
    "rocmcc": "llvm-amdgpu",
    "intel": "intel-oneapi-compilers-classic",
    "arm": "acfl",
}
_OTHER_COMPILERS = frozenset(
    (
        "aocc",
        "apple-clang",
        "cce",
        "dpcpp",
        "fj",
        "gcc",
        "msvc",
        "nag",
        "nvhpc",
        "pgi",
        "xl",
        "xl_r",
    )
)
COMPILERS = _OTHER_COMPILERS | _PACKAGE_NAMES.keys() | set(_PACKAGE_NAMES.values())
"""The names of all compilers that Spack knows, before and since 1.0."""


def one_compiler_name(name: str) -> str:
    """Return one name for a compiler that had another one before Spack 1.0."""
    return _PACKAGE_NAMES.get(name, name)


def compiler_names(name: str) -> tuple[str, ...]:
    """Return all names of a compiler, sorted."""
    one = one_compiler_name(name)
    return tuple(sorted({one, *(old for old, new in _PACKAGE_NAMES.items() if new == one)}))


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
