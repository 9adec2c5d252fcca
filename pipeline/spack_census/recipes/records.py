"""What is read of a recipe: what it declares, what could not be read, or why nothing was."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Reason(StrEnum):
    """Why a recipe could not be read at all; stable, so that people can count by it."""

    TOO_LARGE = "too-large"
    NOT_REGULAR_FILE = "not-regular-file"
    UNSAFE_NAME = "unsafe-name"
    NOT_UTF8 = "not-utf8"
    NUL_BYTE = "nul-byte"
    BAD_PYTHON = "bad-python"
    TOO_DEEP = "too-deep"
    NO_CLASS = "no-class"
    SAME_PACKAGE = "same-package"


class Refused(Exception):  # noqa: N818 - a verdict on the input, not an error of the program
    """Carries why a recipe cannot be read from where it is seen to where it is recorded."""

    def __init__(self, reason: Reason, place: str, message: str) -> None:
        super().__init__(message)
        self.reason, self.place, self.message = reason, place, message


class Declared(msgspec.Struct, frozen=True, gc=False):
    """A version that a recipe declares; a mark is None where code computes it."""

    version: str
    version_key: str
    is_preferred: bool | None
    is_deprecated: bool | None


class Conditional(msgspec.Struct, frozen=True, gc=False):
    """A licence or a virtual package, and the conditions that all must hold for it."""

    name: str
    conditions: tuple[str, ...]


class Recipe(msgspec.Struct, frozen=True, gc=False):
    """One recipe that was read, whole or in part; lists without repeats, sorted."""

    package: str
    path: str
    sha256: str
    versions: tuple[Declared, ...]
    """Newest first."""
    maintainers: tuple[str, ...]
    licenses: tuple[Conditional, ...]
    build_systems: tuple[str, ...]
    provides: tuple[Conditional, ...]
    unread: tuple[str, ...]
    """What is computed in code: line and call, as many as are told."""
    num_unread: int
    """How many there are."""


class Reject(msgspec.Struct, frozen=True, gc=False):
    """One file that could not be read, by the name of its folder."""

    package: str
    path: str
    sha256: str | None
    reason: Reason
    place: str
    message: str
