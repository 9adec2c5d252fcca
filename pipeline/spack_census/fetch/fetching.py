"""Mirror what a build needs of a build cache into a folder; `census build` reads it from there.

The folder has the layout of the build cache, with a list of the snapshots fetched so far. What
is there and has not changed is not fetched again, and nothing is removed but an index that the
server no longer has: a stale one would pass for the state of today.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spack_census.disk import durable, locking
from spack_census.documents import indexes
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError, UnknownNameError
from spack_census.fetch import addresses, parts, remote, state
from spack_census.fetch.patience import Patience
from spack_census.fetch.reach import reach
from spack_census.fetch.remote import Status
from spack_census.fetch.session import THEIRS, OnFile, Session
from spack_census.fetch.web import Web
from spack_census.sources import listing, mirror
from spack_census.sources.listing import LISTING, ROOT, Listed
from spack_census.spack import series

CACHE = Path("output/cache")
_BUSY = ("is being fetched to", "wait until that fetch has ended, or fetch elsewhere: --to DIR")


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch did."""

    folder: Path
    num_files: int
    num_new: int
    num_bytes: int
    missing: tuple[str, ...]
    """Indexes that the list names and the server does not have."""


def default_folder(url: str) -> Path:
    """Return where a build cache is mirrored to by default; raises SourceError for no address."""
    return CACHE / addresses.place(addresses.split(addresses.http_url(url)))


def fetch(
    url: str,
    folder: Path | None = None,
    *,
    snapshots: Sequence[str] = (),
    latest: int | None = None,
    with_sizes: bool = False,
    allow_hosts: Sequence[str] = (),
    patience: Patience = Patience(),  # noqa: B008 - frozen
    on_file: OnFile = lambda _path, _status, _count: None,
) -> Fetched:
    """Mirror the indexes of a build cache into a folder (by default below `output/cache`).

    `url` names a list of snapshots, a mirror, or one of its indexes. Of a list, `snapshots` are
    the names to fetch, or patterns as in a shell, and `latest` is how many of the newest dated
    ones; without either all are fetched. `allow_hosts` are those that a list may name besides its
    own. Raises SourceError, UnknownNameError for a snapshot that the list lacks, BusyError where
    another fetch writes to the folder, CensusError where the disk fails.
    """
    address = addresses.http_url(url)
    named = addresses.split(address)
    target = (folder or default_folder(url)).resolve()
    with durable.errors(target, remote.MEND), locking.hold(target, busy=_BUSY):
        parts.clean(target)
        net = Web(reach(address, allow_hosts), patience)
        session = Session(named, target, net, on_file, state.load(target))
        try:
            missing = _fetch(session, snapshots, latest, with_sizes=with_sizes)
            # All is here: what waits for its rest waits for nothing.
            parts.clean(target, most_bytes=0)
        finally:
            state.save(target, session.state)
    statuses = list(session.statuses.values())
    num_files = len(statuses) - statuses.count(Status.MISSING)
    num_new = statuses.count(Status.NEW)
    return Fetched(target, num_files, num_new, session.num_bytes, tuple(sorted(missing)))


def _fetch(
    session: Session, snapshots: Sequence[str], latest: int | None, *, with_sizes: bool
) -> list[str]:
    """Fetch everything; return the paths of the indexes that are missing."""
    relative = session.named.relative
    if relative in (LISTING, None) and session.get(THEIRS, session.named.url(LISTING)):
        return _fetch_listed(session, snapshots, latest, with_sizes=with_sizes)
    places = mirror.INDEXES if relative is None else (relative,)
    for place in places:
        alone = Listed("", ROOT, place)
        if _fetch_index(session, alone):
            if with_sizes:
                _fetch_manifests(session, [alone])
            return []
    message = f"there is no build cache at {session.named.base}"
    looked_for = ", ".join((LISTING, *mirror.INDEXES) if relative is None else (relative,))
    raise SourceError(message, f"looked for {looked_for}", "is the address right?")


def _fetch_listed(
    session: Session, snapshots: Sequence[str], latest: int | None, *, with_sizes: bool
) -> list[str]:
    path = session.folder / THEIRS
    listed = listing.decode(path.read_bytes(), f"{session.named.base}/{LISTING}")
    chosen = _chosen({each.snapshot for each in listed}, snapshots, latest)
    wanted = [each for each in listed if each.snapshot in chosen]
    for each in wanted:
        if each.is_elsewhere:
            # All of them before the first: a list that cannot be trusted is not fetched in part.
            session.net.reach.demand_listed(each.url)
    found = session.get_each(lambda each: _fetch_index(session, each), wanted)
    if with_sizes:
        _fetch_manifests(session, [each for each, ok in zip(wanted, found, strict=True) if ok])
    state.write_list(session.folder, session.state, wanted)
    return [each.path for each, ok in zip(wanted, found, strict=True) if not ok]


def _chosen(names: set[str], patterns: Sequence[str], latest: int | None) -> set[str]:
    if not patterns and latest is None:
        return names
    chosen: set[str] = set()
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise UnknownNameError("snapshot", pattern, names, "the list", "census fetch URL")
        chosen.update(matching)
    if latest is not None:
        dated = series.ordered(names).get(series.DATED, [])
        chosen.update(dated[-latest:] if latest else [])
    return chosen


def _fetch_index(session: Session, each: Listed) -> bool:
    url = session.net.reach.demand_listed(each.url) if each.is_elsewhere else None
    if each.relative.endswith(mirror.V3_INDEX):
        if not session.get(each.relative, url):
            return False
        try:
            content = mirror.index_content((session.folder / each.relative).read_bytes())
        except Rejected as rejected:
            message = f"{url or session.named.url(each.relative)}: {rejected.problem.message}"
            raise SourceError(message, "report it to those who publish it") from rejected
        return session.get(mirror.blob(mirror.mirror_of(each.relative), content.checksum))
    if session.get(each.relative, url):
        return True
    return session.get(f"{each.relative}.gz", url and addresses.with_suffix(url, ".gz"))


def _fetch_manifests(session: Session, listed: list[Listed]) -> None:
    """Fetch the manifests of all specs: from the mirror of all stacks, where there is one."""
    whole = {each.snapshot for each in listed if each.label == ROOT}
    chosen = [each for each in listed if each.label == ROOT or each.snapshot not in whole]
    places = [place for each in chosen for place in _manifests(session, each)]
    session.get_each(session.get, places)


def _manifests(session: Session, each: Listed) -> Iterator[str]:
    if each.relative.endswith(mirror.V2_INDEX):
        return
    try:
        read = mirror.read(session.folder, mirror.locate(session.folder, each.relative)[-1])
        specs = indexes.specs_of(indexes.decode(read.data))
    except Rejected:
        return
    prefix = mirror.mirror_of(each.relative)
    for name, version, key in specs:
        yield mirror.spec_manifest(prefix, name, version, key)
