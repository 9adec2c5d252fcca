"""JSON and YAML decoded strictly and in bounds: nothing guessed, nothing that expands or overflows.

What the usual decoders let pass and this format cannot bear: a key that stands twice (the last
one wins in silence), YAML aliases (414 bytes that explode when walked), nesting that overflows the
C stack of the YAML loader.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import yaml

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected

KEEP = "write it as the site does: `key: JSON`, one line a key"
_MOST_DIGITS = 400
"""Longer than any float; below the limit of `int`, which raises a ValueError of its own."""
_NO_KEY = object()


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
        raise _too_deep(key) from error
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
        raise _stands_twice(twice, place)
    return mapping


def _stands_twice(key: Any, place: str) -> Rejected:
    message = f"the key {key!r} stands twice in one mapping"
    return Rejected(Reason.DUPLICATE_KEY, place, message, "remove one of the two")


def _too_deep(place: str) -> Rejected:
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
    raise _too_deep(place)


def yaml_mapping(text: bytes) -> dict[str, Any]:
    """Decode YAML in bounds: no alias, no tag, no duplicate key; raises Rejected."""
    if len(text) > LIMITS.yaml_bytes:
        message = f"{len(text):,} bytes that are not JSON; at most {LIMITS.yaml_bytes:,} are read"
        raise Rejected(Reason.TOO_LARGE, "front matter", message, KEEP)
    try:
        value = _built(yaml.CSafeLoader(text))
    except Rejected:
        raise
    except Exception as error:  # PyYAML lets ValueError and others of its parts through
        message = f"not YAML: {getattr(error, 'problem', None) or error}"
        place = _place(getattr(error, "problem_mark", None))
        raise Rejected(Reason.BAD_YAML, place, message, KEEP) from error
    if not isinstance(value, dict):
        message = f"a mapping belongs here, not {type(value).__name__}"
        raise Rejected(Reason.WRONG_TYPE, "front matter", message, KEEP)
    return value


def _built(loader: yaml.CSafeLoader) -> Any:
    """Build the value of the only document while it is parsed: what is refused is never built.

    PyYAML's own composer recurses in C, where deep nesting overflows the stack, follows aliases,
    and lets a key stand twice.
    """
    documents = [_Open([])]
    inside = documents
    while (event := loader.get_event()) is not None:
        _check_event(event)
        if isinstance(event, yaml.DocumentStartEvent) and documents[0].value:
            message = "not YAML: a second document begins"
            raise Rejected(Reason.BAD_YAML, _place(event.start_mark), message, KEEP)
        if isinstance(event, yaml.CollectionStartEvent):
            inside.append(_Open([] if isinstance(event, yaml.SequenceStartEvent) else {}))
            if len(inside) > LIMITS.depth + 1:
                raise _too_deep(_place(event.start_mark))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = inside.pop()
            inside[-1].take(done.value, event)
        elif isinstance(event, yaml.ScalarEvent):
            inside[-1].take(_scalar(event, loader), event)
    return documents[0].value[0] if documents[0].value else {}


@dataclass
class _Open:
    """A collection whose end has not come yet."""

    value: Any
    key: Any = _NO_KEY

    def take(self, value: Any, event: yaml.Event) -> None:
        if isinstance(self.value, list):
            self.value.append(value)
        elif self.key is not _NO_KEY:
            self.value[self.key] = value
            self.key = _NO_KEY
        elif value in self.value:
            raise _stands_twice(value, _place(event.start_mark))
        else:
            self.key = value


def _scalar(event: Any, loader: Any) -> Any:
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == loader.DEFAULT_SCALAR_TAG:
        return event.value
    node = yaml.ScalarNode(tag, event.value, event.start_mark, event.end_mark)
    return loader.construct_object(node)


def _check_event(event: yaml.Event) -> None:
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
        message = "anchors and aliases are not read: they can expand without end"
        raise Rejected(Reason.YAML_ALIAS, _place(event.start_mark), message, "write the value out")
    if tag := getattr(event, "tag", None):
        message = f"the tag {tag} is not read"
        raise Rejected(Reason.YAML_TAG, _place(event.start_mark), message, "remove the tag")


def _place(mark: Any) -> str:
    # Line 1 of the file is the opening ---, and marks count from 0.
    return "front matter" if mark is None else f"line {mark.line + 2}, column {mark.column + 1}"
