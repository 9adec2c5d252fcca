"""JSON and YAML decoded strictly and in bounds: nothing guessed, nothing that expands or overflows.

What the usual decoders let pass and this format cannot bear: a key that stands twice (the last
one wins in silence), YAML aliases (414 bytes that explode when walked), nesting that overflows the
C stack of the YAML loader.
"""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import yaml

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


def _mapping(pairs: list[tuple[Any, Any]], place: str) -> dict[Any, Any]:
    mapping = dict(pairs)
    if len(mapping) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        twice = next(name for name, count in counts.items() if count > 1)
        message = f"the key {twice!r} stands twice in one mapping"
        raise Rejected(Reason.DUPLICATE_KEY, place, message, "remove one of the two")
    return mapping


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
        _check_events(text)
        loader = yaml.CSafeLoader(text)
        node = loader.get_single_node()
        _check_keys(node)
        value = loader.construct_document(node) if node is not None else {}
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


def _check_events(text: bytes) -> None:
    """Bound the cost before anything is built: deep nesting would overflow the C loader's stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            place = _place(event.start_mark)
            message = "anchors and aliases are not read: they can expand without end"
            raise Rejected(Reason.YAML_ALIAS, place, message, "write the value out")
        if tag := getattr(event, "tag", None):
            message = f"the tag {tag} is not read"
            raise Rejected(Reason.YAML_TAG, _place(event.start_mark), message, "remove the tag")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > LIMITS.depth:
            raise _too_deep(_place(event.start_mark))


def _check_keys(node: yaml.Node | None) -> None:
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, yaml.MappingNode):
            keys = [(key.value, None) for key, _ in current.value if isinstance(key.value, str)]
            _mapping(keys, _place(current.start_mark))
            pending += [value for _, value in current.value]
        elif isinstance(current, yaml.SequenceNode):
            pending += current.value


def _place(mark: Any) -> str:
    # Line 1 of the file is the opening ---, and marks count from 0.
    return "front matter" if mark is None else f"line {mark.line + 2}, column {mark.column + 1}"
