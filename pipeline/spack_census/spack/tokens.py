"""The words of Spack's spec language: text → tokens, by the rules of Spack's `spec_parser.py`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

from spack_census.errors import ConstraintError

_WORD = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_VALUE = r"""[A-Za-z0-9_+*.,:=%^~/\\-]+|"(?:[^"]|(?<=\\)")*"|'(?:[^']|(?<=\\)')*'"""
_VERSION = r"[A-Za-z0-9_][A-Za-z0-9_.-]*\b"
# A key may follow an open range at once: 1.2:os=centos7 has no upper bound.
_RANGE = rf"(?:=?{_VERSION})?:(?:=?{_VERSION}(?!\s*:?=))?"
_ELEMENT = rf"(?:{_RANGE}|=?{_VERSION})"
_VERSIONS = rf"{_ELEMENT}(?:\s*,\s*{_ELEMENT})*"
_GIT = r"git\.[A-Za-z0-9_][A-Za-z0-9_./-]*|[0-9A-Fa-f]{40}\b"


def _assignment(number: int) -> str:
    """Return the pattern of `c,cxx=gcc`, as it may follow a sigil or a bracket."""
    virtuals = rf"(?P<virtuals{number}>{_WORD}(?:,{_WORD})*)"
    return rf"(?:\s*{virtuals}=(?P<provider{number}>{_WORD}(?:\.{_WORD})*))?"


_TOKENS = re.compile(
    rf"""
    (?P<space>\s+)
    |(?P<open>(?:\^|%%?)\[)
    |(?P<close>\]{_assignment(1)})
    |(?P<sigil>(?:\^|%%?){_assignment(2)})
    |@(?P<git>(?:{_GIT})(?:==?{_VERSION})?)
    |@\s*(?P<versions>{_VERSIONS})
    |(?P<propagated_switch>(?:\+\+|~~|--)\s*{_NAME})
    |(?P<switch>[+~-]\s*{_NAME})
    |(?P<propagated_setting>{_NAME}:?==(?:{_VALUE}))
    |(?P<setting>{_NAME}:?=(?:{_VALUE}))
    |(?P<file>(?:\.|/|{_WORD}/)[A-Za-z0-9_./-]*\.(?:json|yaml)\b)
    |(?P<name>{_WORD}(?:\.{_WORD})*|\*)
    |/(?P<hash>[A-Za-z0-9_]+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the language; `value` is what it says without its sigil."""

    kind: str
    text: str
    value: str
    start: int
    end: int
    virtuals: tuple[str, ...] = ()
    provider: str | None = None
    """The package that is to provide the virtuals, where they stand behind a sigil."""


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a text but white space; raises ConstraintError for what is none."""
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            fail(text, f"what is {text[at : at + 10]!r}?", "such as: hdf5@1.14: +mpi %gcc", at=at)
        kind = next(name for name, value in match.groupdict().items() if value is not None)
        if kind != "space":
            virtuals = match["virtuals1"] or match["virtuals2"]
            yield Token(
                kind,
                match[0],
                match[kind],
                match.start(),
                match.end(),
                tuple(virtuals.split(",")) if virtuals else (),
                match["provider1"] or match["provider2"],
            )
        at = match.end()


def fail(text: str, why: str, *next_steps: str, at: int | None = None) -> NoReturn:
    """Raise ConstraintError: why a text is no constraint, and where in it."""
    message = f"cannot use {text.strip()!r} as a constraint: {why}"
    raise ConstraintError(message, *next_steps, position=at)
