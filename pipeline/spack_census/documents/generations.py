"""Which generation of the format (4 to 7) wrote a document, by the marks that its specs bear.

Spack 1.0 (database version 8) made compilers packages and spells arrays `k:=v`; the site wrote
`gcc@=11.4.0` until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spack_census.spack.compilers import RENAMED


class Marks(NamedTuple):
    """What the specs of one document show."""

    is_empty: bool
    has_tarball: bool
    has_array: bool
    """A variant is spelled `k:=v`."""
    has_none: bool
    """A compiler is `none`."""
    has_package: bool
    """A compiler goes by the name of its package."""
    has_equals: bool
    """A compiler is spelled `gcc@=11.4.0`."""


def generation(marks: Marks) -> tuple[int, int | None]:
    """Return the generation, and the epoch of the hashes where it can be told."""
    is_new = marks.has_array or marks.has_none or marks.has_package
    epoch = 8 if is_new else 6 if marks.has_equals else None
    if marks.has_tarball:
        return 4, epoch
    if marks.has_package:
        return 7, epoch
    return (5, epoch) if marks.has_equals or marks.is_empty else (6, epoch)


def is_none(compiler: str) -> bool:
    """Tell whether a compiler is `none`."""
    return compiler == "none"


def is_package(compiler: str) -> bool:
    """Tell whether a compiler goes by the name of its package."""
    return compiler.partition("@")[0] in RENAMED


def is_equals(compiler: str) -> bool:
    """Tell whether a compiler's version is spelled `@=`."""
    return "@=" in compiler


def has_array(variants: Sequence[str]) -> bool:
    """Tell whether one of the variants is spelled `k:=v`."""
    return any(":=" in variant.partition("=")[0] + "=" for variant in variants)
