"""JSON decoded strictly and in bounds: nothing guessed, nothing that overflows.

What the usual decoder lets pass and this format cannot bear: a key that stands twice (the last one
wins in silence), nesting without end.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected

KEEP = "write it as the site does: `key: JSON`, one line a key"
_MOST_DIGITS = 400
"""Longer than any float; below the limit of `int`, which raises a ValueError of its own."""


def json_value(value: bytes, key: str, line: int, indent: int = 0) -> Any:
    """Decode JSON with all that the format forbids and Python allows: duplicate keys, depth.

    `line` is the line of the file that the value stands in, `indent` what stands before it there.
    """
    _check_nodes(value, key)
    try:
        decoded = json.loads(
            value, object_pairs_hook=lambda pairs: _mapping(pairs, key), parse_int=_integer
        )
    except json.JSONDecodeError as error:
        # A spec file has many lines; what stands before the value stands in the first.
        column = error.colno + (indent if error.lineno == 1 else 0)
        place = f"{key}: line {line + error.lineno - 1}, column {column}"
        raise Rejected(Reason.BAD_JSON, place, f"not JSON: {error.msg}", KEEP) from error
    except RecursionError as error:
        raise too_deep(key) from error
    _check_depth(decoded, key)
    if b"\\ud" in value.lower():
        _check_surrogates(decoded, f"{key}: line {line}")
    return decoded


def _integer(digits: str) -> int | float:
    # Python refuses to read thousands of digits; as a float they are out of range everywhere.
    return int(digits) if len(digits) <= _MOST_DIGITS else float(digits)


def _check_surrogates(decoded: Any, place: str) -> None:
    """Refuse half of a character, which no UTF-8 file can hold."""
    try:
        json.dumps(decoded, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        message = "a lone surrogate stands in a text"
        raise Rejected(Reason.NOT_UTF8, place, message, "mend the escape \\uD…") from error


def _check_nodes(value: bytes, key: str) -> None:
    nodes = value.count(b",") + value.count(b"[") + value.count(b"{")
    if nodes > LIMITS.nodes:
        message = f"{nodes:,} values; at most {LIMITS.nodes:,} are read"
        raise Rejected(Reason.TOO_LARGE, key, message, "split the document")


def _mapping(pairs: list[tuple[str, Any]], place: str) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        raise stands_twice(twice, place)
    return mapping


def stands_twice(key: Any, place: str) -> Rejected:
    """Return the reject of what has a key twice in one mapping."""
    message = f"the key {key!r} stands twice in one mapping"
    return Rejected(Reason.DUPLICATE_KEY, place, message, "remove one of the two")


def too_deep(place: str) -> Rejected:
    """Return the reject of what is nested too deep."""
    message = f"nested more than {LIMITS.depth} levels deep"
    return Rejected(Reason.TOO_DEEP, place, message, KEEP)


def _check_depth(value: Any, place: str) -> None:
    level = [value]
    for _ in range(LIMITS.depth):
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        if not level:
            return
    raise too_deep(place)
