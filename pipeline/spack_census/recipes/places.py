"""The files of a package repository: in a folder, or in a commit of a git repository.

A link is not followed, wherever in a path it stands: it could lead out of the source.
"""

from __future__ import annotations

import datetime as dt
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

from spack_census.errors import SourceError
from spack_census.recipes.modules import MOST_BYTES
from spack_census.recipes.records import Reason, Refused
from spack_census.sources import gitobjects
from spack_census.sources.directory import Directory
from spack_census.sources.gitobjects import Blobs

RECIPE = "package.py"
PACKAGES = "packages"
_REGULAR = ("100644", "100755")
_LINK = "120000"


class Tree(Protocol):
    """Files that can be listed and read by path."""

    @property
    def kind(self) -> str:
        """What it is: directory or git."""

    @property
    def revision(self) -> str | None:
        """The commit, None where there is none."""

    @property
    def revision_date(self) -> dt.date | None:
        """The day of the commit, UTC."""

    def paths(self) -> Sequence[str]:
        """Return all paths, sorted; bytes that are no UTF-8 stand as lone surrogates.

        A link in place of a package's folder stands as the recipe that would be in it.
        """

    def read(self, path: str) -> bytes:
        """Return a file's bytes, or one more than are read; raises Refused, SourceError."""


class Folder:
    """The files below a folder, as they lie there."""

    kind = "directory"
    revision = None
    revision_date = None

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        if not self._root.is_dir():
            message = f"{root} is no folder"
            raise SourceError(message, "name a checkout of a package repository")

    def paths(self) -> Sequence[str]:
        """Return the paths of all files."""
        found = []
        for folder, names, files in os.walk(self._root, onerror=_unlisted):
            names[:] = [name for name in names if not name.startswith(".")]
            inside = os.path.relpath(folder, self._root)
            prefix = "" if inside == "." else f"{inside}/"
            found += [f"{prefix}{name}" for name in files]
            if inside.rpartition("/")[2] == PACKAGES:
                links = (name for name in names if (Path(folder) / name).is_symlink())
                found += [f"{prefix}{name}/{RECIPE}" for name in links]
        return sorted(found)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        full = self._root / path
        try:
            regular = stat.S_ISREG(full.lstat().st_mode) and full.resolve() == full
        except OSError:
            regular = False
        if not regular:
            raise Refused(Reason.NOT_REGULAR_FILE, "file", "a link, or a special file")
        return Directory(self._root).read(path, MOST_BYTES + 1)


def _unlisted(error: OSError) -> None:
    message = f"{error.filename} cannot be listed: {error.strerror}"
    raise SourceError(message, "make it readable and try again") from error


class Commit:
    """The files of one commit, read from git's objects; nothing is checked out."""

    kind = "git"

    def __init__(self, repository: Path, rev: str) -> None:
        self._git_dir = gitobjects.find(repository.resolve())
        self.revision = gitobjects.commit_of(self._git_dir, rev)
        seconds = gitobjects.committed(self._git_dir, self.revision)
        self.revision_date = dt.datetime.fromtimestamp(seconds, dt.UTC).date()
        self._items = {}
        for item in gitobjects.files(self._git_dir, self.revision, ""):
            parent = item.path.rpartition("/")[0].rpartition("/")[2]
            is_folder = item.mode == _LINK and parent == PACKAGES
            self._items[f"{item.path}/{RECIPE}" if is_folder else item.path] = item
        self._blobs = Blobs(self._git_dir)

    def __enter__(self) -> Self:
        self._blobs.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._blobs.__exit__(*error)

    def paths(self) -> Sequence[str]:
        """Return the paths of all files."""
        return sorted(self._items)

    def read(self, path: str) -> bytes:
        """Return a file's bytes."""
        item = self._items[path]
        if item.mode not in _REGULAR:
            raise Refused(Reason.NOT_REGULAR_FILE, "file", "a link or a submodule")
        [data] = self._blobs.read([item.object_id], MOST_BYTES + 1)
        return data
