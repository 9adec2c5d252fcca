"""One spelling for what the site has spelled in several ways: pure functions of text.

A spelling must never show up as a change: the same spec has the same values here, whatever
generation of document or index it comes from.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from fractions import Fraction

from spack_census.spack.compilers import FLAGS
from spack_census.spack.versions import version_key

_FLAGS = sorted(FLAGS)
_NONE = "none"
_UNKNOWN_SIZE = "-"
_PATCHES = "patches"
_PATCH_CHARACTERS = 7

_NAME = r"\w[\w.-]*"
# A version may hold '/' and '=' only where it is a git ref; what else follows '/' is a hash.
_COMPILER = re.compile(
    rf"({_NAME})(?:@=?(git\.[^@=]+|[^@/=]+|[^@=]+=[^@/=]+))?(?:/[a-z0-9]+)?", re.ASCII
)
# Spack doubles the sign (++x, k==v) where a setting is handed on to dependencies; what the spec
# itself has is the same.
_SWITCH = re.compile(rf"([+~-])\1?({_NAME})")
_SETTING = re.compile(rf"({_NAME}):?=+(.*)", re.DOTALL)
_ELEMENT = re.compile(r"""(?:[^,"']|"(?:\\.|[^"\\])*"|'[^']*')*""", re.DOTALL)

_SIZE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?) ?([a-z]*)")
_BYTES = {"": 1, "b": 1} | {
    f"{prefix}{mark}b": base**power
    for power, prefix in enumerate("kmgt", start=1)
    for mark, base in (("", 1000), ("i", 1024))
}
_MAX_BYTES = 2**63 - 1  # what the column holds


def compiler(text: str) -> tuple[str | None, str | None]:
    """Return a compiler's name and version; both None for `none`, version None if not told.

    `gcc@=13.2.0`, `gcc@13.2.0` and `gcc@13.2.0/HASH` are the same. Raises ValueError where there
    is no name, or no single version after `@`.
    """
    if text == _NONE:
        return None, None
    match = _COMPILER.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no compiler: NAME@VERSION is one")
    name, version = match.groups()
    if version is not None:
        version_key(version)
    return name, version


def variants(values: Iterable[str]) -> tuple[str, ...]:
    """Return variants in their one spelling, sorted, each once: `+x`, `~x` or `k=v`.

    `k:=v` becomes `k=v`, `-x` becomes `~x`; an array's values are sorted; each value of `patches`
    is cut to 7 characters, as the site cuts it; compiler flags are no variants and left out.
    Raises ValueError, naming it, for one without a name, or with neither a sign nor a value.
    """
    spelled = set(map(_variant, values))
    return tuple(sorted(text for text in spelled if text is not None))


# A few hundred settings make all the thousands of sets of them.
@functools.lru_cache(maxsize=1 << 12)
def _variant(text: str) -> str | None:
    switch = _SWITCH.fullmatch(text)
    if switch is not None:
        return f"{'+' if switch[1] == '+' else '~'}{switch[2]}"
    setting = _SETTING.fullmatch(text)
    if setting is None:
        raise ValueError(f"{text!r} is no variant: +NAME, ~NAME or NAME=VALUE is one")
    name, value = setting.groups()
    if name in FLAGS:
        return None
    if name == _PATCHES:
        elements = [element[:_PATCH_CHARACTERS] for element in value.split(",")]
    else:
        elements = _elements(value)
    ordered = ",".join(sorted(elements))
    # In front, a value that begins with = would be read as part of the sign: it stays where it is.
    return f"{name}={','.join(elements) if ordered.startswith('=') else ordered}"


def _elements(value: str) -> list[str]:
    if '"' not in value and "'" not in value:
        return value.split(",")
    elements, start = [], 0
    while (match := _ELEMENT.match(value, start)) is not None:
        elements.append(match[0])
        if match.end() == len(value):
            return elements
        # A quote that never ends (an apostrophe, say): it is one value then, untouched. To look
        # on behind it would cost a hostile value's length squared.
        if value[match.end()] != ",":
            break
        start = match.end() + 1
    return [value]


def flags(parameters: Mapping[str, object]) -> tuple[str, ...]:
    """Return the compiler flags among parameters, sorted, each with its words: `cflags=-O3 -g`."""
    found = []
    for name in _FLAGS:
        value = parameters.get(name, "")
        if value in ("", []):
            continue
        words = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        if words:
            found.append(f"{name}={words}")
    return tuple(found)


def stacks(values: Iterable[str]) -> tuple[str, ...]:
    """Return the names of stacks sorted, each once; raises ValueError for an empty name."""
    names = tuple(sorted(set(values)))
    for name in names:
        if not name.strip():
            raise ValueError(f"{name!r} is no name of a stack")
    return names


def size_bytes(value: str | float | None) -> int | None:
    """Return a size in bytes; None for None and "-", which the site writes where it knows none.

    A number counts bytes, text may name a unit: B; kB, MB, GB, TB in steps of 1000; KiB, MiB, GiB,
    TiB in steps of 1024; in any case of letters. The arithmetic is exact, the result rounded to
    the nearest byte, a half to the even one. Raises ValueError for anything else: negative, not
    finite, true or false, another unit, or more than a 64-bit integer holds.
    """
    if value is None or value == _UNKNOWN_SIZE:
        return None
    if isinstance(value, str):
        exact = _size_of_text(value)
    # NaN compares false with everything; an integer too large for a float is fine here.
    elif isinstance(value, bool) or not 0 <= value <= _MAX_BYTES:
        raise ValueError(f"{value!r} is no size in bytes")
    else:
        exact = Fraction(value)
    if exact > _MAX_BYTES:
        raise ValueError(f"a size of {value!r} is more than any file has")
    return round(exact)


def _size_of_text(text: str) -> Fraction:
    match = _SIZE.fullmatch(text.strip().lower())
    if match is None or match[2] not in _BYTES:
        raise ValueError(f"{text!r} is no size: a number of bytes, or one with B, kB, MiB … is")
    # A float would make 1 byte too few of some decimal fractions.
    size: Fraction = Fraction(match[1]) * _BYTES[match[2]]
    return size
