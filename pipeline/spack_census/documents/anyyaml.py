"""YAML decoded strictly and in bounds: nothing guessed, nothing that expands or overflows.

What the usual loader lets pass and this format cannot bear: a key that stands twice, aliases (414
bytes that explode when walked), nesting that overflows the C stack of the loader.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Reason, Rejected
from spack_census.documents.strict import KEEP, stands_twice, too_deep

_NO_KEY = object()


def mapping(text: bytes) -> dict[str, Any]:
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
                raise too_deep(_place(event.start_mark))
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
            raise stands_twice(value, _place(event.start_mark))
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
