"""One value of a spec as the dataset keeps it; each raises Rejected with its place in the spec."""

from __future__ import annotations

import functools
from typing import NamedTuple

from spack_census.dataset.layout import PARTITION_VALUE
from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected
from spack_census.spack import spelling
from spack_census.spack.compilers import canonical
from spack_census.spack.versions import version_key

# The same few texts come in millions of specs: each is checked and normalised once.
_memo = functools.lru_cache(maxsize=1 << 16)


def fault(reason: Reason, place: str, message: str) -> Rejected:
    """Return what to raise for a spec that cannot be used."""
    return Rejected(reason, place, message, "report it to the site, or mend this spec")


def operating_system(text: str) -> str:
    """Return the name of an operating system, any but an empty one."""
    if not text.strip():
        raise fault(Reason.EMPTY_NAME, ".os", "the operating system has no name")
    return text


def platform(text: str) -> str:
    """Return the name of a platform, fit for a folder's name."""
    return _partition_value("platform", text)


def target(text: str) -> str:
    """Return the name of a target, fit for a folder's name."""
    return _partition_value("target", text)


@_memo
def _partition_value(key: str, value: str) -> str:
    if not PARTITION_VALUE.fullmatch(value):
        message = f"{value!r} cannot be a folder's name: {PARTITION_VALUE.pattern}"
        raise fault(Reason.UNSAFE_NAME, f".{key}", message)
    return value


class Compiler(NamedTuple):
    """A compiler under its name since Spack 1.0, and under the one that the source wrote."""

    name: str | None
    version: str | None
    written: str | None


@_memo
def compiler(text: str) -> Compiler:
    """Return a compiler, all of it None where a spec has none."""
    _check_length(".compiler", (text,))
    try:
        written, version = spelling.compiler(text)
    except ValueError as error:
        raise fault(Reason.BAD_COMPILER, ".compiler", str(error)) from error
    return Compiler(None if written is None else canonical(written), version, written)


@_memo
def version(text: str) -> str:
    """Return a version as it is written, if Spack's order has a place for it."""
    _check_length(".versions[0]", (text,))
    try:
        version_key(text)
    except ValueError as error:
        raise fault(Reason.BAD_VERSION, ".versions[0]", str(error)) from error
    return text


@_memo
def variants(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return variants in one spelling and order."""
    # An array is taken apart to be sorted, which costs many times its length.
    _check_length(".variants", texts)
    try:
        return spelling.variants(texts)
    except ValueError as error:
        raise fault(Reason.EMPTY_NAME, ".variants", str(error)) from error


@_memo
def stacks(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of stacks, sorted, each once."""
    _check_length(".stacks", texts)
    try:
        return spelling.stacks(texts)
    except ValueError as error:
        raise fault(Reason.EMPTY_NAME, ".stacks", str(error)) from error


def _check_length(place: str, texts: tuple[str, ...]) -> None:
    if max(map(len, texts), default=0) > LIMITS.text_characters:
        raise fault(Reason.TOO_LARGE, place, f"more than {LIMITS.text_characters:,} characters")


def size_bytes(value: str | float | None) -> int | None:
    """Return a size in bytes, None where the site knows none."""
    try:
        return spelling.size_bytes(value)
    except ValueError as error:
        raise fault(Reason.BAD_SIZE, ".size", str(error)) from error
