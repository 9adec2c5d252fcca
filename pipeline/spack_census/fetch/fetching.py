"""Mirror what a build needs of a build cache into a folder; `census build` reads it from there.

The folder has the layout of the build cache, with a list of the snapshots fetched so far. What
is there and has not changed is not fetched again, and nothing is removed but an index that the
server no longer has: a stale one would pass for the state of today.
"""

from __future__ import annotations

import fnmatch
import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from spack_census.disk import durable, locking
from spack_census.errors import SourceError, UnknownNameError
from spack_census.fetch import addresses, buckets, images, mirrors, parts, registry, remote, state
from spack_census.fetch.addresses import Named
from spack_census.fetch.attempts import NotAdmittedError
from spack_census.fetch.buckets import Bucket
from spack_census.fetch.patience import Patience
from spack_census.fetch.reach import reach
from spack_census.fetch.registry import Registry
from spack_census.fetch.remote import Server, Status
from spack_census.fetch.session import THEIRS, Carrier, OnFile, Session
from spack_census.fetch.tokens import how_to_log_in
from spack_census.fetch.web import Web
from spack_census.sources import listing, places, specfiles
from spack_census.sources.listing import LISTING
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
    """What the list names and the server does not have."""


class _Wanted(NamedTuple):
    snapshots: Sequence[str]
    latest: int | None
    views: Sequence[str]
    with_sizes: bool
    from_specs: bool


def default_folder(url: str) -> Path:
    """Return where a build cache is mirrored to by default; raises SourceError for no address."""
    if images.is_image(url):
        return CACHE / images.image(url).folder
    if buckets.is_bucket(url):
        return CACHE / addresses.place(addresses.split(url))
    return CACHE / addresses.place(addresses.split(addresses.http_url(url)))


def fetch(  # noqa: PLR0913 - the options of `census fetch`
    url: str,
    folder: Path | None = None,
    *,
    snapshots: Sequence[str] = (),
    latest: int | None = None,
    with_sizes: bool = False,
    views: Sequence[str] = (),
    from_specs: bool = False,
    allow_hosts: Sequence[str] = (),
    patience: Patience = Patience(),  # noqa: B008 - frozen
    on_file: OnFile = lambda _path, _status, _count: None,
) -> Fetched:
    """Mirror the indexes of a build cache into a folder (by default below `output/cache`).

    `url` names a list of snapshots, a mirror, or one of its indexes. Of a list, `snapshots` are
    the names to fetch, or patterns as in a shell, and `latest` is how many of the newest dated
    ones; without either all are fetched. Of a mirror, `views` are the index views to fetch instead
    of its default index. With `from_specs` what describes each spec comes too, as far as that can
    be listed, and there may be no index. `allow_hosts` are those that a list may name besides its
    own. Raises SourceError, UnknownNameError for a snapshot that the list lacks, BusyError where
    another fetch writes to the folder, CensusError where the disk fails.
    """
    wanted = _Wanted(snapshots, latest, views, with_sizes, from_specs)
    chosen = _chosen_way(url, wanted, allow_hosts, patience)
    target = (folder or default_folder(url)).resolve()
    with durable.errors(target, remote.MEND), locking.hold(target, busy=_BUSY):
        parts.clean(target)
        session = Session(chosen.named, target, chosen.carrier, on_file, state.load(target))
        try:
            missing = chosen.fetch(session, wanted)
            # All is here: what waits for its rest waits for nothing.
            parts.clean(target, most_bytes=0)
        finally:
            state.save(target, session.state)
    statuses = list(session.statuses.values())
    num_files = len(statuses) - statuses.count(Status.MISSING)
    num_new = statuses.count(Status.NEW)
    return Fetched(target, num_files, num_new, session.num_bytes, tuple(sorted(missing)))


class _Way(NamedTuple):
    """How a build cache is fetched."""

    named: Named
    carrier: Carrier
    fetch: Callable[[Session, _Wanted], list[str]]
    """Fetches everything; returns the paths of the indexes that are missing."""


def _chosen_way(url: str, wanted: _Wanted, allow_hosts: Sequence[str], patience: Patience) -> _Way:
    """Return how to fetch what an address names; raises SourceError where that cannot be done."""
    if buckets.is_bucket(url):
        named = addresses.split(url)
        bucket = Bucket(named.base, patience)
        return _Way(named, bucket, functools.partial(_fetch_bucket, bucket))
    if not images.is_image(url):
        if wanted.from_specs:
            message = f"{addresses.shown(url)}: no server lists the specs of a mirror"
            raise SourceError(message, "copy the mirror to a folder, and name that")
        address = addresses.http_url(url)
        net = Web(reach(address, allow_hosts), patience)
        return _Way(addresses.split(address), Server(net), _fetch)
    image = images.image(url)
    if wanted.views:
        message = f"{image} is an OCI build cache, which has no index views"
        raise SourceError(message, "leave out --view; another index is another tag, NAME:TAG")
    found = registry.registry(image, patience, allow_hosts)
    way = functools.partial(_fetch_image, found)
    return _Way(addresses.split(image.base), Server(found.net), way)


def _fetch_image(found: Registry, session: Session, wanted: _Wanted) -> list[str]:
    specs = wanted.with_sizes or wanted.from_specs
    try:
        registry.fetch_image(session, found, specs=specs, index=not wanted.from_specs)
    except NotAdmittedError as error:
        message = f"{found.image} is not for everyone, or not with this password"
        steps = how_to_log_in(found.image)
        raise SourceError(f"{message}: {error.message}", *steps) from error
    return []


def _fetch_bucket(bucket: Bucket, session: Session, wanted: _Wanted) -> list[str]:
    if not wanted.from_specs:
        # Who may not list may still read an index whose name is known.
        with suppress(NotAdmittedError):
            return _fetch(session, wanted, bucket.names(places.INDEX_FOLDER))
        return _fetch(session, wanted)
    told = bucket.names(places.SPECS) | bucket.names(specfiles.V2_FOLDER, deep=False)
    mirrors.fetch_specs(session, told)
    return []


def _fetch(session: Session, wanted: _Wanted, told: Iterable[str] = ()) -> list[str]:
    """Fetch a list's indexes, or those of a mirror; `told` are files that the server holds."""
    is_list = session.named.relative in (LISTING, None) and not wanted.views
    if is_list and session.get(THEIRS, session.named.url(LISTING)):
        return _fetch_listed(session, wanted)
    found = mirrors.fetch_alone(session, wanted.views, told)
    if wanted.with_sizes:
        mirrors.fetch_manifests(session, found)
    return []


def _fetch_listed(session: Session, wanted: _Wanted) -> list[str]:
    path = session.folder / THEIRS
    listed = listing.decode(path.read_bytes(), f"{session.named.base}/{LISTING}")
    names = {each.snapshot for each in listed.indexes} | set(listed.empty)
    chosen = _chosen(names, wanted.snapshots, wanted.latest)
    theirs = [each for each in listed.indexes if each.snapshot in chosen]
    empty = [each for each in listed.empty if each in chosen]
    for each in theirs:
        if each.is_elsewhere:
            # All of them before the first: a list that cannot be trusted is not fetched in part.
            session.carrier.listed_url(each.url)
    found = session.get_each(lambda each: mirrors.fetch_index(session, each), theirs)
    if wanted.with_sizes:
        here = [each for each, ok in zip(theirs, found, strict=True) if ok]
        mirrors.fetch_manifests(session, here)
    state.write_list(session.folder, session.state, listing.Listing(theirs, empty))
    lacking = [each.path for each, ok in zip(theirs, found, strict=True) if not ok]
    return [*lacking, *(f"any index of {each}" for each in empty)]


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
