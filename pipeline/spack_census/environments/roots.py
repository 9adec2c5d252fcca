"""spack.yaml → the constraints on its roots: lists, matrices, and definitions of them.

What only Spack itself could tell, such as a definition's `when`, is an error that names it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import yaml

from spack_census.errors import ConstraintError, EnvironmentFileError
from spack_census.spack.constraints import Constraint
from spack_census.spack.containment import implies
from spack_census.spack.grammar import parse

_MOST_ROOTS = 10_000
_SIGILS = "^%"


@dataclass(frozen=True, slots=True)
class _File:
    """A spack.yaml's path and definitions; a name may be defined in several parts."""

    path: Path
    definitions: Mapping[str, list[Mapping[str, Any]]]


def read_roots(path: Path) -> tuple[Constraint, ...]:
    """Return the constraints on the roots of a spack.yaml, each once, in order.

    Raises EnvironmentFileError for what is no spack.yaml, ConstraintError for a root that is none.
    """
    manifest = _manifest(path)
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for part in _list(path, "definitions", manifest.get("definitions", [])):
        if not isinstance(part, dict):
            _fail(path, f"definitions: {part!r} is no NAME: [...]")
        for name in part.keys() - {"when"}:
            parts.setdefault(str(name), []).append(part)
    file = _File(path, parts)
    texts = _expanded(file, _list(path, "specs", manifest.get("specs", [])), ())
    roots = dict.fromkeys(itertools.islice(texts, _MOST_ROOTS + 1))
    if len(roots) > _MOST_ROOTS:
        _fail(path, f"more than {_MOST_ROOTS:,} roots")
    constraints = tuple(parse(text) for text in roots)
    for constraint in constraints:
        if constraint.package is None:
            raise ConstraintError(f"the root {constraint.text!r} of {path} names no package")
    return constraints


def _manifest(path: Path) -> Mapping[str, Any]:
    try:
        content = yaml.load(path.read_bytes(), yaml.CSafeLoader)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise EnvironmentFileError(message, "name a spack.lock or spack.yaml") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise EnvironmentFileError(f"{path} is no YAML: {error}", "mend the file") from error
    manifest = content.get("spack", content.get("env")) if isinstance(content, dict) else None
    if not isinstance(manifest, dict):
        _fail(path, "no `spack:` at its top")
    if manifest.get("include_concrete"):
        _fail(path, "include_concrete is not supported", "ask with the spack.lock beside it")
    return manifest


def _expanded(file: _File, items: Iterable[Any], within: tuple[str, ...]) -> Iterable[str]:
    """Yield the constraints that a list stands for; `within` are the definitions it is part of."""
    for item in items:
        if isinstance(item, str):
            if item.startswith("$"):
                yield from _referred(file, item[1:], within)
            else:
                yield item
        elif (
            isinstance(item, dict) and "matrix" in item and not item.keys() - {"matrix", "exclude"}
        ):
            yield from _matrix(file, item, within)
        else:
            _fail(file.path, f"{item!r} is neither a spec, a $NAME nor a matrix")


def _referred(file: _File, reference: str, within: tuple[str, ...]) -> Iterable[str]:
    sigil = reference[:1] if reference[:1] in _SIGILS else ""
    name = reference.removeprefix(sigil)
    if name in within:
        _fail(file.path, f"the definition {name} refers to itself")
    if name not in file.definitions:
        _fail(file.path, f"${name} is not defined in it", "write its list into the file")
    for part in file.definitions[name]:
        if "when" in part:
            why = (
                f"the definition {name} holds only when {part['when']}, which Spack alone can tell"
            )
            _fail(file.path, why, "ask with the spack.lock beside it")
        items = _list(file.path, name, part[name])
        for text in _expanded(file, items, (*within, name)):
            yield f"{sigil}{text}" if sigil else text


def _matrix(file: _File, item: Mapping[str, Any], within: tuple[str, ...]) -> Iterable[str]:
    rows = _list(file.path, "matrix", item["matrix"])
    lists = [list(_expanded(file, _list(file.path, "matrix", row), within)) for row in rows]
    excluded = [parse(text) for text in _expanded(file, item.get("exclude") or [], within)]
    for combination in itertools.product(*lists):
        text = _combined(combination)
        if not any(implies(parse(text), each) for each in excluded):
            yield text


def _combined(parts: Iterable[str]) -> str:
    """Return one constraint out of several: the name first, the dependencies last.

    What follows a `^` would describe the dependency.
    """
    own, below = [], []
    for part in parts:
        text, caret, dependencies = part.partition("^")
        own.append(text.strip())
        below.append(caret + dependencies)
    own.sort(key=lambda text: replace(parse(text), text="").package is None)
    return " ".join(filter(None, (*own, *below)))


def _list(path: Path, name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        _fail(path, f"{name} is no list")
    return value


def _fail(path: Path, why: str, *next_steps: str) -> NoReturn:
    raise EnvironmentFileError(f"cannot use {path}: {why}", *(next_steps or ("mend the file",)))
