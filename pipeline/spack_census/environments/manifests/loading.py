"""A YAML file → its content; a key that stands twice is an error, as in Spack."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from spack_census.errors import EnvironmentFileError


class _Loader(yaml.CSafeLoader):
    """Reads plain data; the base class lets the last of two equal keys win."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        # What is merged in (<<) may be overridden: that is its purpose.
        if key_node.tag != "tag:yaml.org,2002:merge" and isinstance(key, Hashable):
            if key in seen:
                where = f"in line {key_node.start_mark.line + 1}"
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice, again {where}", key_node.start_mark
                )
            seen.add(key)
    loader.flatten_mapping(node)
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def load(path: Path) -> Any:
    """Return what a YAML file holds; raises EnvironmentFileError, naming it, where it is none."""
    try:
        return yaml.load(path.read_bytes(), _Loader)  # noqa: S506 - it is a safe one
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise EnvironmentFileError(message, "name a spack.lock or spack.yaml") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        problem = getattr(error, "problem", None)
        if problem and "stands twice" in problem:
            fail(path, problem, "keep one of the two")
        raise EnvironmentFileError(f"{path} is no YAML: {error}", "mend the file") from error


def fail(path: Path, why: str, *next_steps: str) -> NoReturn:
    """Raise EnvironmentFileError for a file that cannot be used, and why."""
    raise EnvironmentFileError(f"cannot use {path}: {why}", *(next_steps or ("mend the file",)))
