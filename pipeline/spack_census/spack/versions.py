"""Spack's order of versions, as text: what sorts a column sorts the versions."""

from __future__ import annotations

import functools
import re

_INFINITY = ("stable", "nightly", "trunk", "head", "master", "main", "develop")
_PRERELEASE = {"alpha": "0", "beta": "1", "rc": "2", "final": "3"}
_FINAL = "3"

_MAX_CHARACTERS = 256
_MAX_DIGITS = 99  # the length of a number takes two digits of the key

_VERSION = re.compile(r"[A-Za-z0-9_.-]+")
_SEGMENT = re.compile(r"([0-9]+)|[A-Za-z]+")
_REF = re.compile(r"[A-Za-z0-9_./-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")

# The marks of a key. Their byte order is the whole trick:
# ref alone < end of a release < ref of a version < word < number < infinity word.
_REF_ALONE = "!"
_END = "#"
_REF_OF_VERSION = "@"
_WORD = "a"
_NUMBER = "n"
_FOREVER = "z"


@functools.cache
def version_key(version: str) -> str:
    """Return text whose plain byte order is Spack's order of versions.

    Versions that Spack holds equal (1.2 and 1_2) have equal keys. `REF=VERSION`, where REF may
    start with `git.`, comes right after VERSION, by the text of REF. A git ref without a version
    (`git.REF`, or a commit's 40 hex digits) comes before all: only the package's repository
    could tell its place. Keys are ASCII.

    Raises ValueError for text that is no version, longer than 256 characters, or with a number of
    more than 99 digits. The order is that of `lib/spack/spack/version` in Spack.
    """
    if len(version) > _MAX_CHARACTERS:
        raise ValueError(f"a version of {len(version)} characters; at most {_MAX_CHARACTERS} fit")
    ref, equals, assigned = version.removeprefix("git.").partition("=")
    is_ref = bool(equals) or version.startswith("git.") or _COMMIT.fullmatch(version) is not None
    if not is_ref:
        return _release_key(version, version)
    if not _REF.fullmatch(ref):
        raise ValueError(f"{version!r} is no version: {ref!r} is no git ref")
    if not equals:
        return f"{_REF_ALONE}{ref}"
    return f"{_release_key(assigned, version)}{_REF_OF_VERSION}{ref}"


def ref_keys(ref: str) -> tuple[str, str]:
    """Return the key of a git ref alone, and how the key of a version ends that it is assigned."""
    return f"{_REF_ALONE}{ref}", f"{_REF_OF_VERSION}{ref}"


def key_after(version: str) -> str:
    """Return the key of the version that Spack counts as the next: the open end of `:VERSION`.

    The next of 1.2 is 1.3, so that 1.2.9 comes before it; of 1.2rc1 it is 1.2rc2, of develop what
    comes after all versions. Raises ValueError as `version_key` does, and for a git ref, which
    bounds no range. The rule is that of `_next_version` in Spack's `version_types.py`.
    """
    if _REF_ALONE in version_key(version) or _REF_OF_VERSION in version_key(version):
        raise ValueError(f"{version!r} is a git ref, which bounds no range")
    segments = [(match[0], match[1] is not None) for match in _SEGMENT.finditer(version)]
    release, prerelease = _split_prerelease(segments)
    parts = [_number(word) if is_number else _word(word) for word, is_number in release]
    if prerelease[0] != _FINAL:
        kind, number = prerelease[0], prerelease[4:]
        count = int(number or "0") + 1 if len(prerelease) > 1 else 0
        prerelease = f"{kind}{_number(str(count))}"
    elif parts:
        parts[-1] = _next_part(*release[-1])
    else:
        # Nothing but separators: the next is the first word there is.
        parts = [_word("A")]
    return f"{''.join(parts)}{_END}{prerelease}"


def _next_part(word: str, is_number: bool) -> str:  # noqa: FBT001 - a segment, as it is split
    if is_number:
        return _number(str(int(word) + 1))
    if word in _INFINITY:
        return f"{_FOREVER}{_INFINITY.index(word) + 1}"
    following = _next_word(word)
    while following in _INFINITY:
        following = _next_word(following)
    return _word(following)


def _next_word(word: str) -> str:
    if word.endswith("z"):
        return f"{word}A"
    return word[:-1] + ("a" if word.endswith("Z") else chr(ord(word[-1]) + 1))


def _release_key(text: str, version: str) -> str:
    if not _VERSION.fullmatch(text):
        raise ValueError(f"{version!r} is no version: letters, digits, '_', '.', '-' make one")
    segments = [(match[0], match[1] is not None) for match in _SEGMENT.finditer(text)]
    release, prerelease = _split_prerelease(segments)
    parts = [_number(word) if is_number else _word(word) for word, is_number in release]
    return f"{''.join(parts)}{_END}{prerelease}"


def _split_prerelease(
    segments: list[tuple[str, bool]],
) -> tuple[list[tuple[str, bool]], str]:
    # Something must stand before it: alpha1 is a word and a number, and no prerelease.
    if len(segments) >= 3 and segments[-1][1] and segments[-2][0] in _PRERELEASE:
        return segments[:-2], _PRERELEASE[segments[-2][0]] + _number(segments[-1][0])
    if len(segments) >= 2 and segments[-1][0] in _PRERELEASE:
        return segments[:-1], _PRERELEASE[segments[-1][0]]
    return segments, _FINAL


def _number(digits: str) -> str:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"a version with a number of {len(digits)} digits; at most {_MAX_DIGITS}")
    # The count of digits goes first: as text 10 would come before 9.
    significant = digits.lstrip("0")
    return f"{_NUMBER}{len(significant):02d}{significant}"


def _word(word: str) -> str:
    if word in _INFINITY:
        return f"{_FOREVER}{_INFINITY.index(word)}"
    # The end mark keeps 'ab' behind 'a', whatever segment follows the 'a'.
    return f"{_WORD}{word}{_END}"
