"""Version lists, as `1.2,1.4:1.6,=2.0`: text → ranges of version keys.

Spack reads `1.2` as `1.2:1.2` and lets an upper bound admit all that starts with it: 1.2.9 is in
`:1.2`. So a range holds what is not before its lower bound and before the version that follows
its upper one; only `=1.2` is 1.2 alone. As keys have Spack's order, that is comparing text.
"""

from __future__ import annotations

from dataclasses import dataclass

from spack_census.spack.versions import key_after, ref_keys, version_key

_FIRST = "#0"
"""The key before all versions; a git ref without a version, which nothing compares to, is less."""


@dataclass(frozen=True, slots=True)
class Range:
    """Version keys from `lower` on and before `upper`; no upper bound where that is None."""

    lower: str
    upper: str | None

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and self.lower <= key and (not self.upper or key < self.upper)


@dataclass(frozen=True, slots=True)
class Exactly:
    """One version key."""

    key: str

    def __contains__(self, key: object) -> bool:
        return key == self.key


@dataclass(frozen=True, slots=True)
class Ref:
    """A git ref, whatever version it is assigned."""

    ref: str

    def __contains__(self, key: object) -> bool:
        alone, end = ref_keys(self.ref)
        return isinstance(key, str) and (key == alone or key.endswith(end))


Element = Range | Exactly | Ref
Versions = tuple[Element, ...]
"""A version list: a version satisfies it that one of its elements holds; () is any version."""


def parse_versions(text: str) -> Versions:
    """Return the ranges of a version list, without the `@`; () where any version will do.

    Raises ValueError for what is no version list, for a range that runs backwards, and for a range
    that a git ref without a version bounds, whose place only the package's repository could tell.
    """
    elements = [element.strip() for element in text.split(",")]
    if ":" in elements:
        return ()
    return tuple(map(_element, elements))


def overlap(one: Versions, other: Versions) -> Versions | None:
    """Return what is in both version lists; None where they share nothing."""
    if not one or not other:
        return one or other
    shared = (_shared(left, right) for left in one for right in other)
    found = tuple(dict.fromkeys(each for each in shared if each is not None))
    return found or None


def _shared(one: Element, other: Element) -> Element | None:
    if isinstance(one, Range) and isinstance(other, Range):
        uppers = [each.upper for each in (one, other) if each.upper is not None]
        lower, upper = max(one.lower, other.lower), min(uppers, default=None)
        return Range(lower, upper) if upper is None or lower < upper else None
    if isinstance(one, Exactly):
        holds = one == other if isinstance(other, Exactly) else one.key in other
        return one if holds else None
    if isinstance(other, Exactly):
        return _shared(other, one)
    return one if one == other else None


def _element(text: str) -> Element:
    if text.startswith("="):
        return Exactly(_key(text[1:]))
    if "=" in text:
        return Exactly(_key(text))
    alone = version_key(text) if ":" not in text else _FIRST
    if alone < _FIRST:
        return Ref(alone[1:])
    lower, colon, upper = (part.strip() for part in text.partition(":"))
    if not colon:
        upper = lower
    start = _key(lower) if lower or not colon else _FIRST
    end = key_after(upper) if upper else None
    if end is not None and end < start:
        raise ValueError(f"the range {text} runs backwards")
    return Range(start, end)


def _key(version: str) -> str:
    key = version_key(version)
    if key < _FIRST:
        raise ValueError(f"the place of the git ref {version!r} among versions is not known")
    return key
