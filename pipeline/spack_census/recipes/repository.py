"""A package repository → all its recipes: each file is read whole, in part, or rejected.

A package repository is a folder with `packages/<folder>/package.py` and `repo.yaml`, which tells
its namespace and API. Of several in one source `builtin` is taken, unless another is named.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from spack_census.disk import handwritten
from spack_census.errors import ConservationError, SourceError
from spack_census.recipes import names
from spack_census.recipes.lineage import Lineage
from spack_census.recipes.places import PACKAGES, RECIPE, Commit, Folder, Tree
from spack_census.recipes.reading import read
from spack_census.recipes.records import Reason, Recipe, Refused, Reject

_RECIPE = re.compile(rf"(?P<root>(?:.*/)?){PACKAGES}/(?P<folder>[^/]+)/{RECIPE}", re.DOTALL)
_SETTINGS = "repo.yaml"
_DEFAULT = "builtin"
_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_API = re.compile(r"v(\d{1,3})\.\d{1,3}")
_STEP = "name one: --path FOLDER"


@dataclass(frozen=True, slots=True)
class Recipes:
    """What a package repository declares; seen = recipes + rejects."""

    namespace: str
    source: str
    """directory or git."""
    revision: str
    """The commit; of a directory the SHA-256 over paths and contents."""
    revision_date: dt.date | None
    num_seen: int
    """Files seen."""
    recipes: tuple[Recipe, ...]
    rejects: tuple[Reject, ...]


class _Place(NamedTuple):
    """A package repository within a tree."""

    root: str
    """Its folder, empty or with `/` at the end."""
    recipes: list[tuple[str, str]]
    """(folder, path) of each recipe."""


def read_recipes(
    place: Path,
    *,
    rev: str | None = None,
    folder: str | None = None,
    observe: Callable[[int, int], None] = lambda _number, _total: None,
) -> Recipes:
    """Return all recipes of a checkout, or of a commit of a git repository where `rev` names one.

    A bare repository is read at HEAD. `folder` names the package repository within it, by default
    the only one, or `builtin`. `observe` is told how many files of how many are read. Raises
    SourceError where there is none, or git cannot read it; nothing of it is ever run.
    """
    is_bare = (place / "HEAD").is_file() and (place / "objects").is_dir()
    if rev is None and not is_bare:
        return _read(Folder(place), folder, observe)
    with Commit(place, rev or "HEAD") as commit:
        return _read(commit, folder, observe)


def _read(tree: Tree, folder: str | None, observe: Callable[[int, int], None]) -> Recipes:
    paths = tree.paths()
    place = _chosen(paths, folder)
    namespace, underscores = _settings(tree, f"{place.root}{_SETTINGS}")
    known = set(paths)

    def load(inside: str) -> bytes | None:
        path = f"{place.root}{inside}"
        return tree.read(path) if path in known else None

    lineage = Lineage(namespace, load)
    found: list[Recipe | Reject] = []
    taken: set[str] = set()
    for number, (name, path) in enumerate(place.recipes):
        package = names.package_of(name, underscores=underscores)
        found.append(_one(tree, package, path, place.root, lineage, taken))
        taken.add(package)
        observe(number + 1, len(place.recipes))
    recipes = tuple(each for each in found if isinstance(each, Recipe))
    rejects = tuple(each for each in found if isinstance(each, Reject))
    if len(place.recipes) != len(recipes) + len(rejects):
        message = f"{len(place.recipes):,} files seen, {len(found):,} accounted for"
        raise ConservationError(message, "this is a fault of census itself: please report it")
    return Recipes(
        namespace,
        tree.kind,
        tree.revision or _digest(found),
        tree.revision_date,
        len(place.recipes),
        recipes,
        rejects,
    )


def _one(
    tree: Tree, package: str, path: str, root: str, lineage: Lineage, taken: set[str]
) -> Recipe | Reject:
    told = os.fsencode(path).decode(errors="backslashreplace")
    if not names.PACKAGE.fullmatch(package):
        shown = os.fsencode(package).decode(errors="backslashreplace")
        message = "its folder has a name that no package may have"
        return Reject(shown, told, None, Reason.UNSAFE_NAME, "file", message)
    if package in taken:
        message = f"another folder is that of {package} too"
        return Reject(package, told, None, Reason.SAME_PACKAGE, "file", message)
    try:
        data = tree.read(path)
    except Refused as error:
        return Reject(package, told, None, error.reason, error.place, error.message)
    return read(data, package, told, path.removeprefix(root), lineage)


def _chosen(paths: Any, folder: str | None) -> _Place:
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path in paths:
        if match := _RECIPE.fullmatch(path):
            found[match["root"]].append((match["folder"], path))
    known = set(paths)
    roots = sorted(root for root in found if f"{root}{_SETTINGS}" in known)
    shown = [os.fsencode(root or ".").decode(errors="backslashreplace") for root in roots]
    if not roots:
        looked_for = f"looked for {_SETTINGS} beside {PACKAGES}/NAME/{RECIPE}"
        raise SourceError("no package repository of Spack is there", looked_for)
    if folder is not None:
        wanted = folder.strip("/")
        chosen = [root for root in roots if root.rstrip("/") == wanted.removeprefix(".")]
    elif len(roots) == 1:
        chosen = roots
    else:
        chosen = [root for root in roots if root.rstrip("/").rpartition("/")[2] == _DEFAULT]
    if len(chosen) != 1:
        problem = "several package repositories" if folder is None else f"none in {folder!r}"
        raise SourceError(f"{problem}: {', '.join(shown[:10])}", _STEP)
    return _Place(chosen[0], found[chosen[0]])


def _settings(tree: Tree, path: str) -> tuple[str, bool]:
    """Return a package repository's namespace, and whether its folders are named as modules."""
    try:
        written = handwritten.loads(tree.read(path))
    except (handwritten.UnusableError, Refused) as error:
        raise SourceError(f"{path}: {error}", "mend it: it tells namespace and API") from error
    repo = written.get("repo") if isinstance(written, dict) else None
    settings = repo if isinstance(repo, dict) else {}
    namespace, api = settings.get("namespace"), settings.get("api", "v1.0")
    if not isinstance(namespace, str) or not _NAMESPACE.fullmatch(namespace):
        raise SourceError(f"{path}: it names no namespace", "write repo: {namespace: NAME}")
    match = _API.fullmatch(api) if isinstance(api, str) else None
    if match is None or int(match[1]) not in {1, 2}:
        message = f"{path}: the API {str(api)[:20]!r} of this package repository is not known"
        raise SourceError(message, "those of v1 and v2 are")
    return namespace, match[1] == "2"


def _digest(found: list[Recipe | Reject]) -> str:
    lines = "".join(f"{each.path}\0{each.sha256}\n" for each in found)
    return hashlib.sha256(lines.encode()).hexdigest()
