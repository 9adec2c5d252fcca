"""Which documents belong to which snapshot, and which of them have changed since last time.

Fingerprints are hints kept beside the versions, not part of any: losing them costs time, never
rows. One is trusted while the state of its entry is the same; an entry whose state could outlive
a later write leaves none.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from spack_census.disk import durable
from spack_census.documents.records import Reject
from spack_census.sources import Entry, Fingerprint, Source

Fingerprints = dict[str, Fingerprint]

_KEPT_SOURCES = 15
"""Sources remembered beside the present one: temporary folders would fill the file for ever."""
_SEAL_BYTES = 65


@dataclass(frozen=True, slots=True)
class Inventory:
    """A source by snapshot, as its documents name them."""

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

    @property
    def num_bytes_unread(self) -> int:
        """The size of the documents that have to be read."""
        entries = (entry for each in self.snapshots.values() for entry in each)
        return sum(entry.size for entry in entries if entry.path not in self.sha256)


def take(source: Source, known: Fingerprints) -> Inventory:
    """Group the documents of a source by snapshot, reading only what is new or in doubt."""
    result = Inventory()
    for each in source.entries(known):
        if isinstance(each, Reject):
            result.rejected.append(each)
            continue
        entry, snapshot = each
        if snapshot is None:
            result.skipped.append(entry.path)
            continue
        result.snapshots[snapshot].append(entry)
        fingerprint = known.get(entry.path)
        if fingerprint is not None and fingerprint.state == entry.state:
            result.sha256[entry.path] = fingerprint.sha256
    return result


def load(path: Path, source: Source) -> Fingerprints:
    """Return the fingerprints of a source, none where the file is missing or not readable."""
    return _read(path).get(source.identity, {})


def save(
    path: Path,
    source: Source,
    known: Fingerprints,
    scanned: Inventory,
    sha256: Mapping[str, str],
) -> None:
    """Keep the fingerprints of an inventory; `sha256` holds what was read since. Raises OSError."""
    if not sha256:
        return  # nothing was read: what is gone since does no harm
    hashes = {**scanned.sha256, **sha256}
    fresh = {
        entry.path: Fingerprint(entry.state, hashes[entry.path], snapshot)
        for snapshot, entries in scanned.snapshots.items()
        for entry in entries
        # A document that names no snapshot belongs to the one that is named with the source.
        if entry.settled and snapshot != source.unnamed
    }
    if fresh == known:
        return
    others = _read(path)
    others.pop(source.identity, None)
    kept = dict([*others.items()][-_KEPT_SOURCES:])
    encoded = msgspec.json.encode({**kept, source.identity: fresh})
    durable.replace(path, _seal(encoded), encoded)


def _read(path: Path) -> dict[str, Fingerprints]:
    try:
        # As a view: a copy of what a million documents leave would count.
        data = memoryview(path.read_bytes())
        # A flipped bit could move a document to a snapshot of another name, build after build.
        if data[:_SEAL_BYTES] != _seal(data[_SEAL_BYTES:]):
            return {}
        return msgspec.json.decode(data[_SEAL_BYTES:], type=dict[str, dict[str, Fingerprint]])
    except (OSError, msgspec.MsgspecError):
        return {}


def _seal(encoded: bytes | memoryview) -> bytes:
    return hashlib.sha256(encoded).hexdigest().encode() + b"\n"
