"""One fetch: its files, several at a time, each checked against what is known of it."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from spack_census.disk import durable, locking
from spack_census.errors import SourceError
from spack_census.fetch.addresses import Named
from spack_census.fetch.remote import Download, OnBytes, Status, Wanted
from spack_census.fetch.state import Known, State
from spack_census.sources import places
from spack_census.sources.listing import LISTING

THEIRS = f".{LISTING}"
"""The list as the server has it; under its own name stands the list of what was fetched."""
_CONNECTIONS = 8

OnFile = Callable[[str, Status | None, int], None]
"""Called with a file's place, what became of it (None: bytes came), and the number of bytes."""
_Item = TypeVar("_Item")


class Carrier(Protocol):
    """What brings files of a build cache here: from a web server, or from a bucket."""

    @property
    def halted(self) -> threading.Event:
        """Set where the rest of the fetch is not wanted any more."""

    @property
    def hints(self) -> tuple[str, ...]:
        """What else to look at where nothing is found."""

    def bring(self, wanted: Wanted, on_bytes: OnBytes) -> Download:
        """Bring one file up to date; raises SourceError, CensusError where the disk fails."""

    def listed_url(self, url: str) -> str:
        """Return the URL of what a list names elsewhere; raises SourceError where it may not."""


@dataclass(slots=True)
class Session:
    """One fetch: where from, where to, and what came."""

    named: Named
    folder: Path
    carrier: Carrier
    on_file: OnFile
    state: State
    lock: threading.Lock = field(default_factory=threading.Lock)
    statuses: dict[str, Status] = field(default_factory=dict)
    num_bytes: int = 0

    def get(self, relative: str, url: str | None = None) -> bool:
        """Bring one file up to date; return whether the server has it."""
        path = self._path(relative)
        known = self.state.files.get(relative, Known())
        # What is not as it was fetched is fetched whole.
        known = known if known.fits(path) else Known()
        status = Status.UNCHANGED
        if not known.sha256 or not _is_settled(relative):
            wanted = Wanted(
                url or self.named.url(relative),
                self.folder,
                relative,
                known,
                path.name if places.is_blob(relative) else None,
            )
            found = self.carrier.bring(wanted, lambda count: self._count(relative, count))
            status, known = found
        if status is Status.MISSING:
            path.unlink(missing_ok=True)
        with self.lock:
            self.state.files.pop(relative, None)
            if status is not Status.MISSING:
                self.state.files[relative] = known
            if self.statuses.get(relative) is not Status.NEW:
                # What two indexes name came with the first.
                self.statuses[relative] = status
            self.on_file(relative, status, 0)
        return status is not Status.MISSING

    def forget(self, relative: str) -> None:
        """Remove a file that an earlier fetch brought; raises OSError."""
        self._path(relative).unlink(missing_ok=True)
        del self.state.files[relative]

    def kept(self, relative: str) -> bytes | None:
        """Return a file that is as it was fetched, None for any other."""
        path = self._path(relative)
        known = self.state.files.get(relative)
        return path.read_bytes() if known is not None and known.fits(path) else None

    def put(self, relative: str, data: bytes) -> None:
        """Put a small file in its place that came by other ways; raises OSError."""
        path = self._path(relative)
        known = Known(len(data), hashlib.sha256(data).hexdigest())
        is_new = not known.fits(path)
        if is_new:
            durable.make_folder(path.parent)
            durable.replace(path, data)
        with self.lock:
            self.state.files[relative] = known
            self.statuses[relative] = Status.NEW if is_new else Status.UNCHANGED
            self.num_bytes += len(data) if is_new else 0
            self.on_file(relative, self.statuses[relative], 0)

    def _path(self, relative: str) -> Path:
        """Return where a file belongs; raises SourceError for a place that is not for files."""
        path = self.folder / relative
        # What begins with a dot is ours, and so are the names of the list and of the lock.
        is_ours = relative in ("", LISTING, locking.LOCK) or "/." in f"/{relative}"
        if relative != THEIRS and (
            is_ours or "\0" in relative or not path.resolve().is_relative_to(self.folder)
        ):
            message = f"{relative!r} is no place below {self.folder}"
            raise SourceError(message, "report it to those who publish the list")
        return path

    def get_each(self, get: Callable[[_Item], bool], items: Iterable[_Item]) -> list[bool]:
        """Return what `get` returns for each item, several at a time.

        Where one fails the others are ended: the error is told, and not what it costs to wait.
        """
        pool = ThreadPoolExecutor(_CONNECTIONS)
        try:
            return list(pool.map(get, items))
        except BaseException:
            self.carrier.halted.set()
            raise
        finally:
            pool.shutdown(cancel_futures=True)

    def _count(self, relative: str, count: int) -> None:
        with self.lock:
            self.num_bytes += count
            self.on_file(relative, None, count)


def _is_settled(relative: str) -> bool:
    """Tell whether a file never changes: a blob by its checksum, a spec's manifest by its hash."""
    return places.is_blob(relative) or relative.endswith(places.SPEC_SUFFIX)
