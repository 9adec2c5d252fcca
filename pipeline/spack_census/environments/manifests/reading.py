"""spack.yaml → Manifest: each root with its settings, or with why nothing can be said of it."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.manifests.includes import Included, gather
from spack_census.environments.manifests.lists import (
    MOST_ROOTS,
    Definitions,
    Entry,
    collect,
    expand,
)
from spack_census.environments.manifests.loading import fail, load
from spack_census.environments.manifests.merging import merged
from spack_census.environments.manifests.model import DEFAULT_GROUP, Manifest, Root, Settings
from spack_census.environments.manifests.settings import settings, toolchains
from spack_census.environments.model import Lockfile
from spack_census.errors import CensusError, ConstraintError
from spack_census.spack.grammar import notices, parse


def read_manifest(path: Path, known: Mapping[str, str] | None = None) -> Manifest:
    """Return what a spack.yaml holds, its includes read; each root once, in order.

    `known` is what is known of the machine that Spack would run on: its `platform`, `os`, `target`.
    Raises EnvironmentFileError for what is no spack.yaml; a root that cannot be understood is a
    root with a doubt.
    """
    known = known or {}
    content = load(path)
    own = content.get("spack", content.get("env")) if isinstance(content, dict) else None
    if not isinstance(own, dict):
        fail(path, "no `spack:` at its top")
    included = gather(path, own, known)
    specs = own.get("specs")
    if specs is not None and not isinstance(specs, list):
        fail(path, "specs is no list")
    definitions = collect(
        [
            part
            for configuration in included.configurations
            for part in _parts(path, configuration.get("definitions"))
        ],
        known,
        [str(gap) for gap in included.gaps if gap.decides],
        toolchains(merged(included.configurations)),
    )
    roots = list(itertools.islice(_roots(path, specs or [], definitions, included), MOST_ROOTS + 1))
    if len(roots) > MOST_ROOTS:
        fail(path, f"more than {MOST_ROOTS:,} roots")
    locks, doubtful = _locks(included)
    unique = {_identity(root): root for root in reversed((*roots, *doubtful))}
    kept = tuple(reversed(unique.values()))
    return Manifest(path, kept, locks, tuple(_notes(included, kept)))


def _parts(path: Path, value: Any) -> list[Any]:
    if value is not None and not isinstance(value, list):
        fail(path, "definitions is no list")
    for part in value or []:
        if not isinstance(part, dict):
            fail(path, f"definitions: {part!r} is no NAME: [...]")
    return value or []


def _roots(
    path: Path, specs: Sequence[Any], definitions: Definitions, included: Included
) -> Iterator[Root]:
    configurations = included.configurations
    whole = settings(merged(configurations))
    doubts = [str(gap) for gap in included.gaps if gap.decides]
    groups = {str(each["group"]) for each in specs if isinstance(each, dict) and "group" in each}
    for item in specs:
        if not isinstance(item, dict) or not item.keys() & {"group", "specs"}:
            for entry in expand([item], definitions):
                yield _root(path, entry, DEFAULT_GROUP, whole, doubts)
            continue
        override = item.get("override")
        own = whole
        if isinstance(override, dict):
            own = settings(merged([override, *configurations]))
        needs = item.get("needs") or []
        missing = [each for each in needs if each not in groups] if isinstance(needs, list) else []
        lacking = [f"needs the group {each}, which is not there" for each in missing]
        for entry in expand(item.get("specs") or [], definitions):
            name = str(item.get("group", DEFAULT_GROUP))
            yield _root(path, entry, name, own, [*lacking, *doubts])


def _root(path: Path, entry: Entry, group: str, own: Settings, doubts: Sequence[str]) -> Root:
    if entry.doubt is not None:
        return Root(entry.text, None, entry.doubt, group, own)
    try:
        constraint = parse(entry.text, own.toolchains)
    except ConstraintError as error:
        return Root(entry.text, None, error.message, group, own)
    if constraint.package is None and constraint.hash_prefix is None:
        return Root(entry.text, None, f"names no package ({path.name})", group, own)
    return Root(entry.text, constraint, next(iter(doubts), None), group, own)


def _locks(included: Included) -> tuple[tuple[Lockfile, ...], list[Root]]:
    """Return the lockfiles that are included, and a doubtful root for each that cannot be read."""
    found, doubtful = [], []
    for written, place in included.locks:
        try:
            found.append(read_lockfile(place))
        except CensusError as error:
            doubtful.append(Root(f"the roots of {written}", None, error.message))
    return tuple(found), doubtful


def _identity(root: Root) -> Any:
    """Return what two roots share that ask for the same, however they are written."""
    asked = root.text if root.constraint is None else _canonical(root.constraint)
    return root.group, asked


def _canonical(value: Any) -> Any:
    """Return a constraint without its spelling: no texts, no order of what is and-ed together."""
    if isinstance(value, tuple):
        return tuple(sorted(map(_canonical, value), key=repr))
    if not dataclasses.is_dataclass(value):
        return value
    return (
        type(value).__name__,
        *(
            _canonical(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.name != "text" and not field.name.endswith("_text")
        ),
    )


def _notes(included: Included, roots: Sequence[Root]) -> Iterator[str]:
    for gap in included.gaps:
        harm = "" if gap.decides else "; it decides nothing of what is cached"
        yield f"{gap}{harm}."
    told = (notices(root.constraint) for root in roots if root.constraint is not None)
    for notice in dict.fromkeys(notice for each in told for notice in each):
        yield f"{notice[:1].upper()}{notice[1:]}."
