"""Which indexes a path names: those of a list, of a mirror with its views, or one alone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from spack_census.errors import SourceError, UnknownNameError
from spack_census.sources import listing, mirror, oci, places, specfiles
from spack_census.sources.listing import LISTING, Listed
from spack_census.sources.model import Reading

_HEAD_BYTES = 4096
_IS_INDEX = re.compile(rb'\s*\{\s*"database"\s*:')


class Chosen(NamedTuple):
    """The indexes to read, and where they lie."""

    root: Path
    indexes: list[Listed]
    empty: list[str]
    """Snapshots that a list names without naming an index of theirs."""


def choose(path: Path, unnamed: str | None, reading: Reading) -> Chosen | None:
    """Return the indexes that a path names, None where it names no build cache.

    A folder with a list of indexes or with a mirror's indexes, or one of these files. Of a mirror
    all views are taken besides its default index, or the one view alone, or its specs one by one
    in place of an index. Raises SourceError for a
    list that cannot be read, and for an index that no snapshot's name goes with; UnknownNameError
    for a view that is not there.
    """
    if oci.is_layout(path) and reading.view is None:
        return Chosen(path, [oci.listed(path, unnamed, from_specs=reading.from_specs)], [])
    if reading.from_specs:
        return _specs(path, unnamed)
    if path.is_file() or not path.exists():
        return _file(path, unnamed, reading.view)
    if _is_there(path, LISTING):
        return _listed(path, reading.view)
    return _mirror(path, unnamed, reading.view)


def _file(path: Path, unnamed: str | None, view: str | None) -> Chosen | None:
    """Return what a file names; also one that is not there, but packed, as `index.json.gz`."""
    manifest = places.index_manifest(path.as_posix())
    if manifest is not None and manifest.view is not None:
        return _mirror(Path(manifest.mirror), unnamed, manifest.view)
    for name in places.INDEXES:
        if path.as_posix().removesuffix(".gz").endswith(f"/{name}"):
            root = path.parents[name.count("/")]
            return Chosen(root, [listing.alone(root, name, unnamed)], [])
    if path.is_file() and path.name == LISTING:
        return _listed(path.parent, view)
    if path.is_file() and _holds_index(path):
        return Chosen(path.parent, [listing.alone(path.parent, path.name, unnamed)], [])
    return None


def _is_there(root: Path, name: str) -> bool:
    return (root / name).is_file() or (root / f"{name}.gz").is_file()


def _listed(root: Path, view: str | None) -> Chosen:
    path = root / LISTING
    if view is not None:
        message = f"{path} lists snapshots, and a view is one of a mirror"
        raise SourceError(message, "name the mirror: census build MIRROR --view NAME")
    try:
        found = listing.decode(path.read_bytes(), str(path))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise SourceError(message, "make it readable and build again") from error
    return Chosen(root, found.indexes, found.empty)


def _mirror(root: Path, unnamed: str | None, view: str | None) -> Chosen | None:
    default = [name for name in places.INDEXES if _is_there(root, name)][:1]
    folder = root / places.INDEX_FOLDER
    views = sorted(each.parent.relative_to(folder).as_posix() for each in root.glob(places.VIEWS))
    if not default and not views:
        if specfiles.place_in(root) is None:
            return None
        raise SourceError(
            f"{root} is a mirror without an index",
            "make one: spack buildcache update-index MIRROR",
            "or read its specs one by one: census build MIRROR --from-specs",
        )
    if view is not None:
        if view not in views:
            step = f"ls {root / places.V3_INDEX.rpartition('/')[0]}"
            raise UnknownNameError("index view", view, views, str(root), step)
        default, views = [], [view]
    found = [listing.alone(root, name, unnamed) for name in default]
    for name in views:
        each = listing.alone(root, places.view(name), unnamed)._replace(label=name)
        if any(each.path == other.path for other in found):
            message = f"the index view {name!r} of {root} has the name of the default index"
            raise SourceError(message, f"read it alone: census build MIRROR --view {name}")
        found.append(each)
    return Chosen(root, sorted(found), [])


def _specs(root: Path, unnamed: str | None) -> Chosen:
    place = specfiles.place_in(root) if root.is_dir() else None
    if place is None:
        looked_for = f"looked for {places.SPECS}, and {specfiles.V2_FOLDER}/*.spec.json"
        raise SourceError(f"{root} is no mirror with specs", looked_for)
    return Chosen(root, [listing.alone(root, place, unnamed)], [])


def _holds_index(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
        return _IS_INDEX.match(mirror.unpacked_head(head)) is not None
    except OSError:
        return False
