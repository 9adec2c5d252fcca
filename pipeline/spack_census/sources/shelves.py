"""Folders laid out as the site's are, SNAPSHOT/PACKAGE/specs.md and nothing else: shelves.

A shelf is looked at as one. What a look keeps is a digest of the states of all that lies in it:
while a later look finds the same, no document of it has changed, none is new and none is gone.
That its documents name the snapshot that its folder names is expected, and seen when they are
read; a folder that breaks any of this is no shelf, and its documents are taken one by one.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from spack_census.documents import frontmatter
from spack_census.documents.limits import LIMITS, RULES
from spack_census.sources import files

DOUBT_NS = 2_000_000_000
"""Within this time of a write another one could leave the same state."""
_DOCUMENT = "specs.md"
_DEEPEST = 3
"""How far below the root of a source shelves are looked for."""
_STATE = (
    "mtime above",
    "ctime above",
    "mtime",
    "ctime",
    "size",
    "inode above",
    "inode",
    "mode above",
    "mode",
)
"""Of a package, in one flat array for all: of its folder ("above") and of its document."""


class Shelf(NamedTuple):
    """A folder of a source, and the snapshot that it is expected to be."""

    prefix: str
    """What the paths of its documents begin with."""
    snapshot: str


class Look(NamedTuple):
    """What a shelf was like."""

    state: str
    """The same state means the same documents, read by the same rules."""
    settled: bool
    """False where something in it is so young that a later write could leave the same state."""
    num_documents: int
    num_bytes: int


def find(root: Path, prefix: str = "", depth: int = _DEEPEST) -> Iterator[Shelf]:
    """Yield what seems to be a shelf, at the root or somewhat below it, in order of paths."""
    folder = root / prefix
    name = frontmatter.snapshot_name(folder.name.encode(errors="surrogateescape"))
    if name is not None and _has_document(folder):
        yield Shelf(prefix, name)
    elif depth:
        for each in _folders(folder):
            yield from find(root, f"{prefix}{each}/", depth - 1)


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as listing:
            found = [item.name for item in listing if item.is_dir(follow_symlinks=False)]
    except OSError:
        return []  # the walk will say so
    return sorted(name for name in found if files.is_candidate(name) and _is_text(name))


def _has_document(folder: Path) -> bool:
    """Tell whether the first of what lies in a folder is a package with its document."""
    try:
        first = min(filter(files.is_candidate, _listing(str(folder))), default=None)
        return first is not None and (folder / first / _DOCUMENT).is_file()
    except OSError:
        return False


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def packages(folder: Path) -> list[str] | None:
    """Return the names of what lies in a shelf, sorted; None where it is none."""
    try:
        names = sorted(filter(files.is_candidate, _listing(str(folder))))
    except OSError:
        return None
    return names if names and _is_text("".join(names)) else None


def look(folder: Path) -> Look | None:
    """Return what a shelf is like; None where one of its packages has no document of its own."""
    names = packages(folder)
    if names is None:
        return None
    doubt_ns = time.time_ns() - DOUBT_NS
    states, lstat = array("q"), os.lstat
    try:
        for name in names:
            package = f"{folder}/{name}"
            above, found = lstat(package), lstat(f"{package}/{_DOCUMENT}")
            # ctime cannot be set back: it gives away a write that kept size and mtime.
            states.extend(
                (
                    above.st_mtime_ns,
                    above.st_ctime_ns,
                    found.st_mtime_ns,
                    found.st_ctime_ns,
                    found.st_size,
                    above.st_ino,
                    found.st_ino,
                    above.st_mode,
                    found.st_mode,
                )
            )
    except (OSError, OverflowError):
        return None
    return _judged(names, states, doubt_ns)


def _judged(names: list[str], states: array[int], doubt_ns: int) -> Look | None:
    told = {name: states[at :: len(_STATE)] for at, name in enumerate(_STATE)}
    sizes = told["size"]
    kinds = tuple({*map(stat.S_IFMT, {*told[name]})} for name in ("mode above", "mode"))
    if kinds != ({stat.S_IFDIR}, {stat.S_IFREG}) or max(sizes) > LIMITS.document_bytes:
        return None
    digest = hashlib.sha256("\0".join((f"rules {RULES}", *names, "")).encode())
    digest.update(states)
    newest = max(max(told[name]) for name in ("mtime above", "ctime above", "mtime", "ctime"))
    return Look(digest.hexdigest(), newest < doubt_ns, len(names), sum(sizes))


def documents(folder: Path, prefix: str) -> list[str] | None:
    """Return the paths of the documents of a shelf; None where anything else lies beside one."""
    names = packages(folder)
    if names is None:
        return None
    try:
        for name in names:
            inside = _listing(f"{folder}/{name}")
            if inside != [_DOCUMENT] and [*filter(files.is_candidate, inside)] != [_DOCUMENT]:
                return None
    except OSError:
        return None
    return [f"{prefix}{name}/{_DOCUMENT}" for name in names]


def _listing(folder: str) -> list[str]:
    return os.listdir(folder)  # noqa: PTH208 - a path for each name takes ten times as long
