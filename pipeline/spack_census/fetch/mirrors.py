"""Bring what a build needs of one mirror: its index or views, each with its blob, and manifests."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from spack_census.documents import indexes
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError
from spack_census.fetch import addresses
from spack_census.fetch.remote import Status
from spack_census.fetch.session import Session
from spack_census.sources import manifests, mirror, places, specfiles
from spack_census.sources.listing import LISTING, ROOT, Listed

_REPORT = "report it to those who publish it"


def fetch_alone(session: Session, views: Sequence[str], told: Iterable[str] = ()) -> list[Listed]:
    """Fetch the indexes of a mirror that no list names: its default index, or these views.

    What the folder holds of it since an earlier fetch is fetched too: an old view beside a new
    index would pass for the state of today. `told` are files that the server says it holds. Raises
    SourceError where a view, its blob, or every index is missing.
    """
    relative = session.named.relative
    wanted = [places.view(name) for name in views]
    if relative in (None, *places.INDEXES):
        known = {*session.state.files, *(() if views else told)}
        wanted += sorted(place for place in known if _is_of_mirror(place))
    found = {place: _fetched(session, place) for place in dict.fromkeys(wanted)}
    for place in [] if views else places.INDEXES if relative is None else (relative,):
        if place not in found:
            found[place] = _fetched(session, place)
        if found[place]:
            break
    missing = [name for name in views if not found[places.view(name)]]
    if missing or not any(found.values()):
        _raise_missing(session, missing)
    return [Listed("", ROOT, place) for place, is_here in found.items() if is_here]


def _is_of_mirror(place: str) -> bool:
    manifest = places.index_manifest(place)
    return manifest is not None and not manifest.mirror


def _fetched(session: Session, place: str) -> bool:
    """Fetch an index; return whether it is there; raises SourceError where its blob is not."""
    if fetch_index(session, Listed("", ROOT, place)):
        return True
    if session.statuses[place] is Status.MISSING:
        return False
    url = session.named.url(place)
    raise SourceError(f"{addresses.shown(url)} names a blob that the server does not have", _REPORT)


def _raise_missing(session: Session, views: list[str]) -> None:
    base, relative = session.named.base, session.named.relative
    if views:
        message = f"{base} has no index view {', '.join(map(repr, views))}"
        raise SourceError(message, f"looked for {', '.join(map(places.view, views))}")
    looked_for = ", ".join((LISTING, *places.INDEXES) if relative is None else (relative,))
    steps = [f"looked for {looked_for}", "is the address right?"]
    if relative is None:
        steps.append("has it index views only? no server lists them: name one, --view NAME")
    raise SourceError(f"there is no build cache at {base}", *steps, *session.carrier.hints)


def fetch_index(session: Session, each: Listed) -> bool:
    """Fetch an index, and the blob that its manifest names; return whether the server has both."""
    url = session.carrier.listed_url(each.url) if each.is_elsewhere else None
    manifest = places.index_manifest(each.relative)
    if manifest is None:
        if session.get(each.relative, url):
            return True
        return session.get(f"{each.relative}.gz", url and addresses.with_suffix(url, ".gz"))
    if not session.get(each.relative, url):
        return False
    try:
        data = (session.folder / each.relative).read_bytes()
        content = manifests.demanded(data, manifests.INDEX)
    except Rejected as rejected:
        place = addresses.shown(url or session.named.url(each.relative))
        raise SourceError(f"{place}: {rejected.problem.message}", _REPORT) from rejected
    # The blob lies beside its manifest, on whatever host that is.
    blob = places.blob("", content.checksum)
    beside = None if url is None else addresses.split(url).url(blob)
    return session.get(f"{manifest.mirror}{blob}", beside)


def fetch_manifests(session: Session, listed: Sequence[Listed]) -> None:
    """Fetch the manifests of all specs: from the mirror of all stacks, where there is one."""
    whole = {each.snapshot for each in listed if each.label == ROOT}
    chosen = [each for each in listed if each.label == ROOT or each.snapshot not in whole]
    found = dict.fromkeys(place for each in chosen for place in _manifests(session, each))
    session.get_each(session.get, found)


def fetch_specs(session: Session, told: Collection[str]) -> None:
    """Fetch what describes each spec, of the files that the server says it holds.

    What the server no longer has is removed: it would pass for a spec of today. Raises SourceError
    where nothing describes a spec.
    """
    wanted = sorted(filter(specfiles.is_file, told))
    if not wanted:
        message = f"{session.named.base} is no mirror with specs"
        looked_for = f"looked for {places.SPECS}, and {specfiles.V2_FOLDER}/*.spec.json"
        raise SourceError(message, looked_for, *session.carrier.hints)
    for place in {*filter(specfiles.is_file, session.state.files)} - {*wanted}:
        session.forget(place)
    session.get_each(lambda place: _fetch_spec(session, place), wanted)


def _fetch_spec(session: Session, place: str) -> bool:
    """Fetch a file that describes a spec, and the blob it names; the build tells what lacks."""
    if not session.get(place):
        return False
    if not place.endswith(places.SPEC_SUFFIX):
        return True
    try:
        data = (session.folder / place).read_bytes()
        content = manifests.demanded(data, manifests.SPEC)
    except Rejected:
        return False
    return session.get(places.blob("", content.checksum))


def _manifests(session: Session, each: Listed) -> Iterator[str]:
    if each.relative.endswith(places.V2_INDEX):
        return
    try:
        read = mirror.read(session.folder, mirror.locate(session.folder, each.relative)[-1])
        specs = indexes.specs_of(indexes.decode(read.data))
    except Rejected:
        return
    prefix = places.mirror_of(each.relative)
    for name, version, key in specs:
        yield places.spec_manifest(prefix, name, version, key)
