"""Spack's rule of what satisfies what, slow and plain: for comparison with keys and SQL.

It shares no code with the package: versions are tuples as in Spack, a range is compared as Spack
compares it, and a spec is a row of the table `specs` as a dict.
"""

from __future__ import annotations

import re
from typing import Any

INFINITY = ("stable", "nightly", "trunk", "head", "master", "main", "develop")
PRERELEASE = {"alpha": 0, "beta": 1, "rc": 2, "final": 3}
FINAL = 3

Part = tuple[int, Any]
Tuple = tuple[tuple[Part, ...], tuple[int, ...]]


def version(text: str) -> Tuple:
    """Return Spack's two tuples: release and prerelease; a word is less than a number."""
    words = re.findall(r"[0-9]+|[A-Za-z]+", text)
    prerelease: tuple[int, ...] = (FINAL,)
    if len(words) >= 3 and words[-2] in PRERELEASE and words[-1].isdigit():
        prerelease = (PRERELEASE[words[-2]], int(words[-1]))
        words = words[:-2]
    elif len(words) >= 2 and words[-1] in PRERELEASE:
        prerelease = (PRERELEASE[words[-1]],)
        words = words[:-1]
    return tuple(map(_part, words)), prerelease


def _part(word: str) -> Part:
    if word.isdigit():
        return (1, int(word))
    return (2, INFINITY.index(word)) if word in INFINITY else (0, word)


def following(of: Tuple) -> Tuple:
    """Return the version that Spack counts as the next one."""
    release, prerelease = of
    if prerelease[0] != FINAL:
        return release, (prerelease[0], prerelease[1] + 1 if len(prerelease) > 1 else 0)
    if not release:
        return ((0, "A"),), prerelease
    kind, value = release[-1]
    if kind:
        return (*release[:-1], (kind, value + 1)), prerelease
    while value == release[-1][1] or value in INFINITY:
        value = _next_word(value)
    return (*release[:-1], (kind, value)), prerelease


def _next_word(word: str) -> str:
    if word[-1] == "z":
        return word + "A"
    return word[:-1] + ("a" if word[-1] == "Z" else chr(ord(word[-1]) + 1))


def in_versions(text: str, constraint: str) -> bool:
    """Return whether a version satisfies a version list."""
    return any(_in_element(version(text), element) for element in constraint.split(","))


def _in_element(of: Tuple, element: str) -> bool:
    if element.startswith("="):
        return of == version(element[1:])
    lower, colon, upper = element.partition(":")
    if not colon:
        upper = lower
    return (not lower or version(lower) <= of) and (not upper or of < following(version(upper)))


def has_variant(variants: list[str], wanted: str) -> bool:
    """Return whether variants, as the table spells them, satisfy one of a constraint."""
    if wanted[0] in "+~":
        return wanted in variants
    name, equals, value = re.fullmatch(r"([^:=]+)(:?=)(.*)", wanted).groups()  # type: ignore[union-attr]
    settings = dict(each.split("=", 1) for each in variants if "=" in each)
    if value == "*":
        return name in settings or f"+{name}" in variants or f"~{name}" in variants
    if value.lower() in {"true", "false"}:
        return f"{'+' if value.lower() == 'true' else '~'}{name}" in variants
    if name not in settings:
        return False
    has, asked = set(settings[name].split(",")), set(value.split(","))
    if name == "patches":
        return all(any(each.startswith(one) for each in has) for one in asked)
    return has == asked if equals == ":=" else asked <= has
