"""Which documents belong to which snapshot, and which of them have changed since last time.

Where a folder is laid out as the site's, its documents are looked at together and by whoever
converts them (`sources.shelves`); all others are known one by one, by their fingerprints. Both are
hints kept beside the versions, not part of any: losing them costs time, never rows. One is trusted
while the state of its entry is the same; what has a state that could outlive a later write leaves
none.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from spack_census.building.convert import Converted
from spack_census.disk import durable
from spack_census.documents.records import Reject
from spack_census.sources import shelves
from spack_census.sources.directory import Directory
from spack_census.sources.model import Candidate, Entry, Fingerprint, Known, Source
from spack_census.sources.shelves import Look, Shelf

_KEPT_SOURCES = 15
"""Sources remembered beside the present one: temporary folders would fill the file for ever."""
_SEAL_BYTES = 65


class ShelfPrint(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A shelf as it was when it was last read."""

    state: str
    revision: str
    """Of the snapshot that its documents make."""


class Remembered(msgspec.Struct):
    """What is known of one source since the last build."""

    documents: dict[str, Fingerprint] = {}
    shelves: dict[str, ShelfPrint] = {}
    """By the prefix of each."""
    mixed: list[str] = []
    """Prefixes of what seemed to be shelves and is none, sorted."""


@dataclass(slots=True)
class Shelved:
    """A shelf in an inventory."""

    shelf: Shelf
    look: Look | None
    """None where nothing was known to compare it with."""
    revision: str | None
    """Of what lies in it, where that has certainly not changed."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """A source by snapshot, as its documents name them."""

    snapshots: dict[str, list[Entry]] = field(default_factory=lambda: defaultdict(list))
    """Those with documents that are taken one by one."""
    sha256: dict[str, str] = field(default_factory=dict)
    """Path → SHA-256 of each document that has certainly not changed."""
    rejected: list[Reject] = field(default_factory=list)
    """Documents whose snapshot cannot be told."""
    skipped: list[str] = field(default_factory=list)
    """Files that are no documents."""
    shelves: dict[str, Shelved] = field(default_factory=dict)
    """All other snapshots: each fills a shelf, as far as can be told before that is read."""
    mixed: list[str] = field(default_factory=list)
    """Prefixes of what seemed to be shelves and is none, sorted."""

    @property
    def names(self) -> list[str]:
        """The snapshots of the source, sorted."""
        return sorted({*self.snapshots, *self.shelves})

    @property
    def num_documents(self) -> int:
        """Documents seen, usable or not."""
        looks = [each.look for each in self.shelves.values()]
        on_shelves = sum(look.num_documents for look in looks if look is not None)
        return on_shelves + sum(map(len, self.snapshots.values())) + len(self.rejected)

    @property
    def num_bytes_unread(self) -> int:
        """The size of the documents that have to be read, about."""
        entries = (entry for each in self.snapshots.values() for entry in each)
        singly = sum(entry.size for entry in entries if entry.path not in self.sha256)
        unread = [each.look for each in self.shelves.values() if each.revision is None]
        sizes = [look.num_bytes for look in unread if look is not None]
        # Those that were not looked at are taken to be as large as the others.
        return singly + (sum(sizes) * len(unread) // len(sizes) if sizes else 0)


def take(source: Source, known: Remembered, mixed: Collection[str] = ()) -> Inventory:
    """Group the documents of a source by snapshot, reading only what is new or in doubt.

    `mixed` are prefixes of folders that turned out to be no shelves.
    """
    no_shelves = {*known.mixed, *mixed}
    if not isinstance(source, Directory):
        return _grouped(source.entries(known.documents), known.documents)
    seeming = source.shelves()
    while True:
        taken = [each for each in seeming if each.prefix not in no_shelves]
        shelved = {each.prefix for each in taken}
        result = _grouped(source.entries(known.documents, shelved), known.documents)
        # What a shelf shares its snapshot with has to be converted with it.
        number = Counter([*result.snapshots, *(each.snapshot for each in taken)])
        shared = {each.prefix for each in taken if number[each.snapshot] > 1}
        if not shared:
            result.shelves.update(_looked_at(source, taken, known.shelves))
            result.mixed.extend(sorted(no_shelves & {each.prefix for each in seeming}))
            return result
        no_shelves |= shared


def _grouped(candidates: Iterable[Candidate], known: Known) -> Inventory:
    result = Inventory()
    for each in candidates:
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


def _looked_at(
    source: Directory, taken: list[Shelf], known: Mapping[str, ShelfPrint]
) -> dict[str, Shelved]:
    """Return each shelf by its snapshot; of those that are new only the first is looked at."""
    found: dict[str, Shelved] = {}
    new = [each.prefix for each in taken if each.prefix not in known]
    for each in taken:
        before = known.get(each.prefix)
        worth = before is not None or each.prefix == new[0]
        look = shelves.look(source.root / each.prefix) if worth else None
        same = before is not None and look is not None and before.state == look.state
        found[each.snapshot] = Shelved(each, look, before.revision if before and same else None)
    return found


def load(path: Path, source: Source) -> Remembered:
    """Return what is known of a source: nothing where the file is missing or not readable."""
    return _read(path).get(source.identity, Remembered())


def save(
    path: Path,
    source: Source,
    known: Remembered,
    scanned: Inventory,
    converted: Collection[Converted],
) -> None:
    """Keep what an inventory found, and what was read since. Raises OSError."""
    documents = known.documents
    sha256 = {path: each for done in converted for path, each in done.sha256.items()}
    if sha256:  # else nothing was read: what is gone since does no harm
        hashes = {**scanned.sha256, **sha256}
        documents = {
            entry.path: Fingerprint(entry.state, hashes[entry.path], snapshot)
            for snapshot, entries in scanned.snapshots.items()
            for entry in entries
            # A document that names no snapshot belongs to the one that is named with the source.
            if entry.settled and snapshot != source.unnamed
        }
    fresh = Remembered(documents, _prints(known, scanned, converted), scanned.mixed)
    if fresh == known:
        return
    others = _read(path)
    others.pop(source.identity, None)
    kept = dict([*others.items()][-_KEPT_SOURCES:])
    encoded = msgspec.json.encode({**kept, source.identity: fresh})
    durable.replace(path, _seal(encoded), encoded)


def _prints(
    known: Remembered, scanned: Inventory, converted: Iterable[Converted]
) -> dict[str, ShelfPrint]:
    prints = {
        each.shelf.prefix: known.shelves[each.shelf.prefix]
        for each in scanned.shelves.values()
        if each.revision is not None
    }
    for done in converted:
        if done.look is not None and done.look.settled and done.snapshot in scanned.shelves:
            prefix = scanned.shelves[done.snapshot].shelf.prefix
            prints[prefix] = ShelfPrint(done.look.state, done.state.source_revision)
    return prints


def _read(path: Path) -> dict[str, Remembered]:
    try:
        # As a view: a copy of what a million documents leave would count.
        data = memoryview(path.read_bytes())
        # A flipped bit could move a document to a snapshot of another name, build after build.
        if data[:_SEAL_BYTES] != _seal(data[_SEAL_BYTES:]):
            return {}
        return msgspec.json.decode(data[_SEAL_BYTES:], type=dict[str, Remembered])
    except (OSError, msgspec.MsgspecError):
        return {}


def _seal(encoded: bytes | memoryview) -> bytes:
    return hashlib.sha256(encoded).hexdigest().encode() + b"\n"
