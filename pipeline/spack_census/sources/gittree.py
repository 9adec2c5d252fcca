"""The files of one commit: which may be documents, and what they hold."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Reason, Reject
from spack_census.sources import files, gitobjects
from spack_census.sources.gitobjects import Blobs, TreeItem
from spack_census.sources.model import Entry

_REGULAR = ("100644", "100755")
_SUBMODULE = "160000"
_WINDOW_BYTES = 8 * 1024 * 1024
"""How much is read ahead: asking for one blob at a time takes three times as long."""


class Tree:
    """The files below a folder of one commit, but for those below `without`; a `files.Files`."""

    def __init__(
        self,
        blobs: Blobs,
        git_dir: Path,
        commit: str,
        folder: str,
        unnamed: str | None,
        without: str | None = None,
    ) -> None:
        self.unnamed = unnamed
        self._blobs = blobs
        self._ahead: dict[str, bytes] = {}
        below = len(folder) + 1 if folder else 0
        found = gitobjects.files(git_dir, commit, folder)
        self._items = {
            item.path: item
            for item in found
            if item.mode != _SUBMODULE
            and not (without and item.path.startswith(f"{without}/"))
            and all(map(files.is_candidate, item.path[below:].split("/")))
        }
        self._beside = _spec_files(self._items)

    def entries(self) -> Iterator[Entry | Reject]:
        """Yield each candidate in git's order, which is that of its bytes."""
        for item in self._items.values():
            if not files.is_spec_file(item.path.rpartition("/")[2]):
                yield _candidate(item, self.state(item.path))

    def state(self, path: str) -> str:
        """Return the object id of a file, and what stands for the spec files beside it."""
        return self._items[path].object_id + self._beside.get(path.rpartition("/")[0], "")

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield what each document holds, in the order of the paths, which are sorted."""
        for window in self._windows(paths):
            contents = self._blobs.read([self._items[path].object_id for path in window])
            self._ahead = dict(zip(window, contents, strict=True))
            yield from files.read_documents(self, window)
            self._ahead = {}

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a file's bytes, or its first `limit`; raises SourceError if git lacks it."""
        if path in self._ahead:
            return self._ahead[path][:limit]
        [data] = self._blobs.read([self._items[path].object_id], limit)
        return data

    def sibling(self, path: str, name: str) -> bytes | None:
        """Return the bytes of a spec file beside a document; None where no regular file is."""
        item = self._items.get(f"{path.rpartition('/')[0]}/{name}".lstrip("/"))
        if item is None or item.mode not in _REGULAR:
            return None
        return self.read(item.path, LIMITS.spec_file_bytes + 1)

    def _windows(self, paths: Sequence[str]) -> Iterator[list[str]]:
        window: list[str] = []
        num_bytes = 0
        for path in paths:
            window.append(path)
            num_bytes += self._items[path].size
            if num_bytes > _WINDOW_BYTES or len(window) == Blobs.WINDOW:
                yield window
                window, num_bytes = [], 0
        if window:
            yield window


def _candidate(item: TreeItem, state: str) -> Entry | Reject:
    try:
        item.path.encode()
    except UnicodeEncodeError:
        path = os.fsencode(item.path).decode(errors="backslashreplace")
        message = "the file's name is not UTF-8"
        return files.rejected(path, None, Reason.UNSAFE_NAME, message, "rename the file")
    if item.mode not in _REGULAR:
        message = "a link; only regular files are read"
        remedy = "commit the file itself there"
        return files.rejected(item.path, None, Reason.NOT_REGULAR_FILE, message, remedy)
    entry = Entry(item.path, item.size, state)
    return files.too_large(entry) or entry


def _spec_files(items: Mapping[str, TreeItem]) -> dict[str, str]:
    """Return folder → what its spec files add to the states of the documents beside them."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for path, item in items.items():
        folder, _, name = path.rpartition("/")
        if files.is_spec_file(name) and item.mode in _REGULAR:
            found[folder].append((name, item.object_id))
    return {folder: files.state_of(beside) for folder, beside in found.items()}
