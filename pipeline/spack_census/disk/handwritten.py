"""YAML that people write, read within bounds: a configuration of a run, a spack.yaml.

Whatever stands there is data, or an error that names the file, the line, and what is wrong: keys
that stand twice, dates and numbers that are none, what nests, repeats or grows without end, what
is no file at all.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

_MOST_BYTES = 4 * 1024 * 1024
_MOST_DEPTH = 64
_MOST_NODES = 250_000
"""Of a file with all its aliases written out."""
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
_MERGE = "tag:yaml.org,2002:merge"


class UnusableError(Exception):
    """What is wrong with a file, and in which line, None where that cannot be said."""

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem if line is None else f"line {line}: {problem}")
        self.problem, self.line = problem, line


def load(path: Path) -> Any:
    """Return what a YAML file holds, None for nothing; raises UnusableError, OSError."""
    return loads(read(path, _MOST_BYTES))


def loads(data: bytes) -> Any:
    """Return what the bytes of a YAML file hold, None for nothing; raises UnusableError."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnusableError("it is no UTF-8 text", data.count(b"\n", 0, error.start) + 1) from error
    if (nul := text.find("\0")) >= 0:
        # The reader would say so without the line.
        problem = "it holds a character that YAML does not, NUL"
        raise UnusableError(problem, text.count("\n", 0, nul) + 1)
    try:
        _check_cost(text)
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "it holds a character that YAML does not"
        raise UnusableError(problem, mark.line + 1 if mark else None) from error


def read(path: Path, most_bytes: int) -> bytes:
    """Return a regular file's bytes; raises UnusableError for a pipe, a device, what is too large.

    Nothing is waited for: to open a pipe would be to wait for whoever writes there.
    """
    descriptor = os.open(path, _FLAGS)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise UnusableError("it is no regular file")
        data = file.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise UnusableError(f"it has more than {most_bytes:,} bytes")
    return data


def _check_cost(text: str) -> None:
    """Bound what the file is with its aliases written out, before anything of it is built."""
    sizes: dict[str | None, int] = {}
    starts: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else None
        if isinstance(event, yaml.AliasEvent):
            if any(anchor for anchor, _ in starts):
                raise UnusableError(f"the alias *{event.anchor} stands within an anchor", line)
            total += sizes.get(event.anchor, 1)
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, start = starts.pop()
            if anchor:
                sizes[anchor] = total - start
        elif isinstance(event, yaml.NodeEvent):
            total += 1
            if isinstance(event, yaml.CollectionStartEvent):
                starts.append((event.anchor, total))
        if len(starts) > _MOST_DEPTH:
            raise UnusableError(f"it is nested more than {_MOST_DEPTH} levels deep", line)
        if total > _MOST_NODES:
            raise UnusableError(f"it holds more than {_MOST_NODES:,} values", line)


class _Loader(yaml.CSafeLoader):
    """Reads plain data, and says of each fault where it stands."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: FBT001, FBT002 - PyYAML's signature
        """Return the value of a node; dates and numbers that are none are errors with a place."""
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, TypeError, OverflowError) as error:
            shown = str(node.value)[:40]
            problem = f"{shown!r} is no value: {str(error)[:100]}"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark) from error


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        if key_node.tag == _MERGE:
            # What is merged in (<<) may be overridden: that is its purpose.
            continue
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, Hashable):
            if key in seen:
                problem = f"the key {key!r} stands twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
