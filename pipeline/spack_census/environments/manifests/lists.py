"""`definitions:` and lists of specs → the texts that they stand for, each with its doubt."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spack_census.environments.manifests.conditions import holds
from spack_census.errors import ConstraintError
from spack_census.spack.constraints import Constraint
from spack_census.spack.containment import implies
from spack_census.spack.grammar import Toolchains, parse

MOST_ROOTS = 10_000
_SIGILS = ("^", "%")
# Quoted values are passed over: what stands in them begins no clause.
_CLAUSE = re.compile(r"""(?:"[^"]*"|'[^']*'|[^"'^%])*""")
_UP_TO_CARET = re.compile(r"""(?:"[^"]*"|'[^']*'|[^"'^])*""")


@dataclass(frozen=True, slots=True)
class Entry:
    """One text of a list, or why it cannot be told what stands there."""

    text: str
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class Definitions:
    """The parts of each definition in order, and what is known to tell which of them hold."""

    parts: Mapping[str, Sequence[tuple[Any, str | None]]]
    """Items and `when` of each part."""
    known: Mapping[str, str]
    gaps: Sequence[str] = ()
    """Includes that could not be read and might define what is not defined here."""
    toolchains: Toolchains = field(default_factory=dict)


def collect(
    listed: Any, known: Mapping[str, str], gaps: Sequence[str], toolchains: Toolchains
) -> Definitions:
    """Return the definitions that a configuration's `definitions:` holds."""
    parts: dict[str, list[tuple[Any, str | None]]] = {}
    for part in listed if isinstance(listed, list) else []:
        if isinstance(part, dict):
            when = part.get("when")
            for name in part.keys() - {"when"}:
                condition = None if when is None else str(when)
                parts.setdefault(str(name), []).append((part[name], condition))
    return Definitions(parts, known, gaps, toolchains)


def expand(items: Any, definitions: Definitions, within: tuple[str, ...] = ()) -> Iterator[Entry]:
    """Yield what a list stands for; `within` are the definitions that it is part of."""
    if not isinstance(items, list):
        yield Entry(_shown(items), "a list belongs here")
        return
    for item in items:
        if isinstance(item, str) and item.startswith("$"):
            yield from _referred(item, definitions, within)
        elif isinstance(item, str):
            yield Entry(item)
        elif isinstance(item, dict) and "matrix" in item:
            yield from _matrix(item, definitions, within)
        elif isinstance(item, dict) and list(item.values()) == [None]:
            text = f"{next(iter(item))}:"
            yield Entry(text, f"YAML takes it for a mapping: write {text!r} with its quotes")
        elif item is not None:
            yield Entry(_shown(item), "is neither a spec, a $NAME nor a matrix")


def _referred(reference: str, definitions: Definitions, within: tuple[str, ...]) -> Iterator[Entry]:
    name = reference.removeprefix("$")
    sigil = name[:1] if name.startswith(_SIGILS) else ""
    name = name.removeprefix(sigil).strip("{}")
    if name in within:
        yield Entry(reference, f"the definition {name} refers to itself")
        return
    if name not in definitions.parts:
        elsewhere = f", unless in {definitions.gaps[0]}" if definitions.gaps else ""
        yield Entry(reference, f"${name} is not defined{elsewhere}")
        return
    for items, when in definitions.parts[name]:
        truth = True if when is None else holds(when, definitions.known)
        if truth is False:
            continue
        doubt = None if truth else f"{name} has it only when {when}, which is not known here"
        for entry in expand(items, definitions, (*within, name)):
            yield Entry(f"{sigil}{entry.text}", entry.doubt or doubt)


def _matrix(
    item: Mapping[str, Any], definitions: Definitions, within: tuple[str, ...]
) -> Iterator[Entry]:
    unknown = item.keys() - {"matrix", "exclude"}
    if unknown or not isinstance(item["matrix"], list):
        why = f"a matrix has no {min(map(str, unknown))}" if unknown else "is no matrix"
        yield Entry(_shown(dict(item)), why)
        return
    rows = [
        list(itertools.islice(expand(row, definitions, within), MOST_ROOTS + 1))
        for row in item["matrix"]
    ]
    if math.prod(len(row) for row in rows) > MOST_ROOTS:
        yield Entry(_shown(dict(item)), f"stands for more than {MOST_ROOTS:,} specs")
        return
    excluded: list[Constraint] = []
    doubt: str | None = None
    for entry in expand(item.get("exclude") or [], definitions, within):
        constraint = _parsed(entry.text, definitions.toolchains)
        if constraint is None or entry.doubt is not None:
            doubt = f"whether exclude: {entry.text} holds cannot be told"
        else:
            excluded.append(constraint)
    for combination in itertools.product(*rows):
        text = combined([entry.text for entry in combination])
        doubts = [entry.doubt for entry in combination if entry.doubt is not None]
        try:
            whole = _parsed(text, definitions.toolchains)
            if whole is not None and any(implies(whole, each) for each in excluded):
                continue
        except ConstraintError as error:
            doubts.append(f"exclude: {error.message}")
        yield Entry(text, next(iter(doubts), doubt))


def combined(parts: Iterable[str]) -> str:
    """Return one constraint out of several: what describes the spec itself first, the name ahead.

    What follows a `%` would describe the compiler, what follows a `^` the dependency.
    """
    own, direct, below = [], [], []
    for part in parts:
        head = _up_to(_CLAUSE, part)
        compilers = _up_to(_UP_TO_CARET, part[len(head) :])
        own.append(head.strip())
        direct.append(compilers.strip())
        below.append(part[len(head) + len(compilers) :].strip())
    own.sort(key=_nameless)
    return " ".join(filter(None, (*own, *direct, *below)))


def _up_to(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.match(text)
    return match[0] if match else ""


def _nameless(text: str) -> bool:
    constraint = _parsed(text, {})
    return constraint is None or replace(constraint, text="").package is None


def _parsed(text: str, toolchains: Toolchains) -> Constraint | None:
    try:
        return parse(text, toolchains)
    except ConstraintError:
        return None


def _shown(item: Any) -> str:
    return str(item) if len(str(item)) < 80 else f"{str(item)[:77]}..."
