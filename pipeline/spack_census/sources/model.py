"""What a build needs of a source, whatever lies behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Protocol

import msgspec

from spack_census.documents.records import Document, Reject


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One file of a source that may be a document."""

    path: str
    """Its name in messages and rows; no two entries of a source share it."""
    size: int
    state: str
    """What tells cheaply whether it has changed: the same state means the same content."""
    settled: bool = True
    """False where the file is so young that a later write could leave the same state."""


class Fingerprint(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """An entry as it was when its document was last read."""

    state: str
    sha256: str
    snapshot: str


Known = Mapping[str, Fingerprint]
"""By the path of the entry."""

Candidate = tuple[Entry, str | None] | Reject
"""An entry and the snapshot that it belongs to, None where it is no document; or why neither."""

NONE_KNOWN: Known = MappingProxyType({})


class Source(Protocol):
    """What a build needs of a source; a portable one holds names and no data."""

    @property
    def kind(self) -> str:
        """The kind of source, as the table `snapshots` names it."""

    @property
    def identity(self) -> str:
        """What tells this source from others, for the fingerprints of its entries."""

    @property
    def place(self) -> str:
        """The path of the folder or file it lies in, by which it owns what is built from it."""

    @property
    def portable(self) -> bool:
        """Whether it can travel to another process and read on there."""

    @property
    def unnamed(self) -> str | None:
        """The snapshot of documents that name none; it can be another one the next time."""

    def entries(self, known: Known = NONE_KNOWN) -> Iterator[Candidate]:
        """Yield each candidate in a fixed order; raises SourceError where none can be listed.

        Of an entry in a known state the snapshot is the known one; others are read to tell it.
        """

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield what each of these entries of one snapshot holds, in path order."""


def candidates(
    listed: Iterable[Entry | Reject],
    known: Known,
    snapshot_of: Callable[[Entry], str | Reject | None],
) -> Iterator[Candidate]:
    """Yield each entry with its snapshot, asking for it only where the entry's state is new."""
    for each in listed:
        if isinstance(each, Reject):
            yield each
            continue
        before = known.get(each.path)
        if before is not None and before.state == each.state:
            yield each, before.snapshot
            continue
        snapshot = snapshot_of(each)
        yield snapshot if isinstance(snapshot, Reject) else (each, snapshot)


class Reading(msgspec.Struct, frozen=True, gc=False):
    """How to read a build cache; of no effect where a source has nothing of it."""

    with_sizes: bool = False
    """Read the sizes of binaries where its own files tell them."""
    view: str | None = None
    """The one index view of a mirror to read."""
    from_specs: bool = False
    """Read the specs of a mirror one by one instead of its index, and their sizes."""


PLAIN = Reading()
