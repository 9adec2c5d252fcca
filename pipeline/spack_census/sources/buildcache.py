"""A build cache itself: the indexes of its mirrors, which know more than the documents did.

A snapshot has one index a stack and one for all, `root`. The specs are those of `root`, and those
that a stack holds and `root` lacks; a spec's stacks are all whose index holds its hash.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import msgspec

from spack_census.dataset.layout import PARTITION_VALUE
from spack_census.documents import indexes
from spack_census.documents.indexes import Described
from spack_census.documents.records import Document, Problem, Reason, Reject, Rejected
from spack_census.errors import SourceError
from spack_census.sources import holdings, manifests, mirror, oci, places, specfiles
from spack_census.sources.choice import Chosen
from spack_census.sources.holdings import Held
from spack_census.sources.listing import Listed
from spack_census.sources.model import NONE_KNOWN, Candidate, Entry, Known, Reading, candidates

_DOUBT_NS = 2_000_000_000
_MISSING = "missing"
_NOTHING = Described([], [], [], [])


@dataclass(frozen=True, slots=True)
class BuildCache:
    """Indexes in a folder; `with_sizes` also reads the manifests of specs beside them."""

    root: Path
    listed: tuple[Listed, ...]
    with_sizes: bool = False
    empty: tuple[str, ...] = ()
    """Snapshots of which the list names no index."""
    kind: str = "buildcache"
    portable: bool = True
    unnamed: str | None = None
    """None, for the list, or what was given in its place, stands in the path of each entry."""

    @property
    def identity(self) -> str:
        """The path of the folder."""
        return str(self.root)

    @property
    def place(self) -> str:
        """The path of the folder."""
        return self.identity

    def entries(self, known: Known = NONE_KNOWN) -> Iterator[Candidate]:
        """Yield each index that the list names; of a snapshot that has none here, one Reject."""
        snapshots = {each.path: each.snapshot for each in self.listed}
        return candidates(self._entries(), known, partial(_snapshot_of, snapshots))

    def _entries(self) -> Iterator[Entry | Reject]:
        doubt_ns = time.time_ns() - _DOUBT_NS
        for snapshot in self.empty:
            remedy = "report it to those who publish the list"
            problem = Problem(Reason.MISSING_INDEX, "list", "the list names no index", remedy)
            yield Reject(snapshot, None, None, problem)
        for snapshot, listed in itertools.groupby(self.listed, lambda each: each.snapshot):
            found = [self._entry(each, doubt_ns) for each in listed]
            if all(entry.state == _MISSING for entry in found):
                message = f"none of its {len(found):,} indexes is in the source"
                problem = Problem(Reason.MISSING_INDEX, "list", message, manifests.FETCH)
                yield Reject(snapshot, None, None, problem)
            else:
                yield from found

    def _entry(self, each: Listed, doubt_ns: int) -> Entry:
        if specfiles.is_place(each.relative) or oci.is_place(each.relative):
            # What thousands of files hold is known when they are read.
            return Entry(each.path, 0, "specs", settled=False)
        try:
            size, state, youngest = mirror.state_of(mirror.locate(self.root, each.relative))
        except (Rejected, OSError):
            # `documents` says what is wrong: a snapshot must not lose an index in silence.
            return Entry(each.path, 0, _MISSING, settled=False)
        return Entry(each.path, size, state, youngest < doubt_ns and not self.with_sizes)

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        """Yield a Document for each index of a snapshot, with the records it answers for."""
        chosen = set(paths)
        held: dict[Listed, Held] = {}
        for each in self.listed:
            if each.path not in chosen:
                continue
            found = self._held(each)
            if isinstance(found, Reject):
                yield found
            else:
                held[each] = found
        stacks = holdings.stacks(held)
        known = set(stacks)
        for each, answers in holdings.answers(held).items():
            document = self._document(each, held[each], answers, stacks, known)
            known.update(record.hash for record in document.externals)
            told = (*document.warnings, *holdings.warnings(each, held, answers))
            yield msgspec.structs.replace(document, warnings=told)

    def _held(self, each: Listed) -> Held | Reject:
        sha256, size_bytes = None, None
        try:
            read = self._read(each)
            sha256, size_bytes = read.sha256, read.size_bytes
            decoded = indexes.decode(read.data)
        except Rejected as rejected:
            return Reject(each.path, sha256, size_bytes, rejected.problem, each.snapshot)
        return Held(read.sha256, read.size_bytes, decoded.hash_epoch, decoded.held, read.faults)

    def _read(self, each: Listed) -> mirror.Read:
        try:
            if oci.is_place(each.relative):
                return oci.read(self.root, each.relative)
            if specfiles.is_place(each.relative):
                return specfiles.read(self.root, each.relative)
            return mirror.read(self.root, mirror.locate(self.root, each.relative)[-1])
        except OSError as error:
            message = f"{error.filename or self.root / each.relative}: {error.strerror}"
            raise SourceError(message, "make it readable and build again") from error

    def _document(
        self,
        each: Listed,
        held: Held,
        answers: list[str],
        stacks: Mapping[str, tuple[str, ...]],
        known: Collection[str],
    ) -> Document:
        """Return the document of one index: read again if it answers for any spec.

        To keep every index of a snapshot in memory for it would cost gigabytes. Externals in
        `known` are another index's.
        """
        found = self._records(each, held, answers, stacks, known) if answers else _NOTHING
        records = found.records
        warnings = found.warnings()
        sha256 = held.sha256
        if self.with_sizes and answers:
            sizes, num_broken = self._sizes(each.snapshot, set(answers))
            records = [
                msgspec.structs.replace(one, size_bytes=sizes.get(one.hash)) for one in records
            ]
            sha256 = hashlib.sha256(f"{sha256} {sorted(sizes.items())}".encode()).hexdigest()
            if num_broken:
                warnings.append(f"{num_broken:,} manifests of specs cannot be read")
        return Document(
            snapshot=each.snapshot,
            package=None,
            path=each.path,
            sha256=sha256,
            size_bytes=held.size_bytes,
            generation=None,
            num_specs_seen=len(answers) + len(held.faults),
            num_specs_declared=None,
            stacks_declared=((each.label, len(held.hashes)),),
            warnings=tuple(warnings),
            records=tuple(records),
            problems=(*found.problems, *held.faults),
            hash_epoch=held.hash_epoch,
            externals=tuple(found.externals),
        )

    def _records(
        self,
        each: Listed,
        held: Held,
        answers: list[str],
        stacks: Mapping[str, tuple[str, ...]],
        known: Collection[str],
    ) -> Described:
        read = self._read(each)
        if read.sha256 != held.sha256:
            raise SourceError(f"{each.path} changed while it was read", "run the build again")
        return indexes.described(indexes.decode(read.data), stacks, answers, known)

    def _sizes(self, snapshot: str, hashes: set[str]) -> tuple[dict[str, int], int]:
        """Return what the mirrors of a snapshot tell of sizes, and how many manifests do not."""
        found: dict[str, int] = {}
        num_broken = 0
        if oci.is_layout(self.root):
            return oci.sizes(self.root, hashes)
        listed = [each.relative for each in self.listed if each.snapshot == snapshot]
        # The views of a mirror share its manifests.
        for place in dict.fromkeys(map(places.mirror_of, listed)):
            told, broken = manifests.sizes(self.root, place, hashes)
            found = told | found
            num_broken += broken
        return found, num_broken


def opened(chosen: Chosen, reading: Reading) -> BuildCache:
    """Return the build cache that these indexes make up."""
    with_sizes = reading.with_sizes or reading.from_specs
    return BuildCache(chosen.root, tuple(chosen.indexes), with_sizes, empty=tuple(chosen.empty))


def _snapshot_of(snapshots: Mapping[str, str], entry: Entry) -> str | Reject:
    """Return the snapshot under which the list names the index."""
    # The path does not tell it: a view's name may have parts, and a list say what it likes.
    snapshot = snapshots[entry.path]
    if PARTITION_VALUE.fullmatch(snapshot):
        return snapshot
    message = f"{snapshot!r} cannot be a folder's name: {PARTITION_VALUE.pattern}"
    remedy = "report it to those who publish the list"
    return Reject(entry.path, None, None, Problem(Reason.UNSAFE_NAME, "list", message, remedy))
