"""What stands in a mirror's folder by the last fetch: each file's size, SHA-256 and validators.

A file that is not as it is written here is fetched whole again, and so is one that is not written
here at all: a power cut, a full disk or a flipped bit is healed by the next fetch. The list of
snapshots stands here a second time, since no server could give it again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from spack_census.disk import durable
from spack_census.errors import SourceError
from spack_census.sources import listing
from spack_census.sources.listing import LISTING, Listing

_STATE = ".fetched.json"


class Known(msgspec.Struct, frozen=True, array_like=True):
    """A file as it was fetched, and what the server said of it, to ask whether it has changed."""

    size: int = -1
    sha256: str = ""
    etag: str | None = None
    modified: str | None = None

    def fits(self, path: Path) -> bool:
        """Tell whether a file is this one still, byte by byte."""
        try:
            if not path.is_file() or path.stat().st_size != self.size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


class State(msgspec.Struct):
    """The files of a folder by their places, and the list of snapshots as JSON has it."""

    files: dict[str, Known] = {}
    listed: dict[str, list[dict[str, str]]] = {}


def load(folder: Path) -> State:
    """Return what is known of a folder; an unreadable state is as good as none."""
    try:
        checksum, _, data = (folder / _STATE).read_bytes().partition(b"\n")
        if checksum.decode() != hashlib.sha256(data).hexdigest():
            return State()
        return msgspec.json.decode(data, type=State)
    except (OSError, ValueError, RecursionError):
        return State()


def save(folder: Path, state: State) -> None:
    """Write what is known of a folder; raises OSError."""
    data = msgspec.json.encode(state, order="deterministic")
    durable.replace(folder / _STATE, f"{hashlib.sha256(data).hexdigest()}\n".encode() + data)


def listed(folder: Path, state: State) -> Listing:
    """Return the indexes of the snapshots that were fetched so far."""
    path = folder / LISTING
    try:
        data = msgspec.json.encode(state.listed) if state.listed else path.read_bytes()
        return listing.decode(data, str(path))
    except (OSError, SourceError):
        return Listing([], [])


def write_list(folder: Path, state: State, fetched: Listing) -> None:
    """Write the list of the snapshots that are here: those fetched now, and those from before."""
    before = listed(folder, state)
    fresh = {each.snapshot for each in fetched.indexes} | set(fetched.empty)
    kept = [each for each in before.indexes if each.snapshot not in fresh]
    found: dict[str, list[dict[str, str]]] = {
        snapshot: [] for snapshot in sorted({*fetched.empty, *(set(before.empty) - fresh)})
    }
    for each in sorted([*kept, *fetched.indexes]):
        found.setdefault(each.snapshot, []).append({"label": each.label, "url": each.url})
    state.listed = found
    durable.replace(folder / LISTING, _pretty(found))


def _pretty(found: Mapping[str, object]) -> bytes:
    return msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n"
