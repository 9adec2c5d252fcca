"""Which documents belong to which snapshot, and which of them have changed since last time.

Fingerprints are hints kept beside the versions, not part of any: losing them costs time, never
rows. One is trusted while size, times and inode of the file are the same; a file so young that a
later write could bear the same time is in doubt and is read again.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import msgspec

from spack_census import documents, frontmatter
from spack_census.records import Reject
from spack_census.sources.directory import HEAD_BYTES, Directory, Entry, is_document

_DOUBT_NS = 2_000_000_000


class Fingerprint(NamedTuple):
    """A file as it was when its document was last read."""

    size: int
    mtime_ns: int
    ctime_ns: int
    inode: int
    sha256: str
    snapshot: str


Fingerprints = dict[str, Fingerprint]


@dataclass(frozen=True, slots=True)
class Inventory:
    """A source by snapshot, as its documents name them."""

    started_ns: int
    snapshots: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    sha256: dict[str, str] = field(default_factory=dict)
    """Path → SHA-256 of each document that has certainly not changed."""
    rejected: list[Reject] = field(default_factory=list)
    """Documents whose snapshot cannot be told."""
    skipped: list[str] = field(default_factory=list)
    """Files that are no documents."""

    @property
    def num_documents(self) -> int:
        """Documents seen, usable or not."""
        return sum(map(len, self.snapshots.values())) + len(self.rejected)


def take(source: Directory, known: Fingerprints) -> Inventory:
    """Group the documents of a source by snapshot, reading only what is new or in doubt."""
    result = Inventory(time.time_ns())
    for entry in source.entries():
        if isinstance(entry, Reject):
            result.rejected.append(entry)
            continue
        fingerprint = known.get(entry.path)
        if fingerprint is not None and fingerprint[:4] == entry[1:]:
            result.snapshots[fingerprint.snapshot].append(entry)
            result.sha256[entry.path] = fingerprint.sha256
        else:
            _look(source, entry, result)
    return result


def _look(source: Directory, entry: Entry, result: Inventory) -> None:
    head = source.read(entry.path, HEAD_BYTES)
    if not is_document(entry.path, head):
        result.skipped.append(entry.path)
        return
    snapshot = frontmatter.peek(head)
    if snapshot is None:
        found = documents.parse(source.read(entry.path), entry.path)
        if isinstance(found, Reject) and found.snapshot is None:
            result.rejected.append(found)
            return
        snapshot = found.snapshot
    assert snapshot is not None
    result.snapshots[snapshot].append(entry)


def load(path: Path, source: Directory) -> Fingerprints:
    """Return the fingerprints of a source, none where the file is missing or not readable."""
    try:
        return _decode(path).get(str(source.root), {})
    except (OSError, msgspec.MsgspecError):
        return {}


def save(path: Path, source: Directory, scanned: Inventory, sha256: Mapping[str, str]) -> None:
    """Keep the fingerprints of an inventory; `sha256` holds what was read since. Raises OSError."""
    try:
        known = _decode(path)
    except (OSError, msgspec.MsgspecError):
        known = {}
    hashes = {**scanned.sha256, **sha256}
    limit = scanned.started_ns - _DOUBT_NS
    known[str(source.root)] = {
        entry.path: Fingerprint(*entry[1:], hashes[entry.path], snapshot)
        for snapshot, entries in scanned.snapshots.items()
        for entry in entries
        if max(entry.mtime_ns, entry.ctime_ns) < limit
    }
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(known))
    draft.replace(path)


def _decode(path: Path) -> dict[str, Fingerprints]:
    return msgspec.json.decode(path.read_bytes(), type=dict[str, dict[str, Fingerprint]])
