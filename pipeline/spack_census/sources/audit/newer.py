"""An audit of a mirror of the v3 layout."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import PurePosixPath

import msgspec

from spack_census.documents.records import Reason, Record, Rejected
from spack_census.sources import manifests, mirror, places
from spack_census.sources.audit import comparing
from spack_census.sources.audit.files import Files, Stat
from spack_census.sources.audit.model import (
    PUSH,
    UPDATE,
    Audit,
    Finding,
    Named,
    Spec,
)

_LAYOUT = "v3/layout.json"
_KEYS = f"{places.MANIFESTS}/key/"


class _Layout(msgspec.Struct):
    signing: str = ""


def look(files: Files, there: Mapping[str, Stat], *, deep: bool) -> Audit:
    """Return what an audit of a v3 mirror with these files, besides its blobs, finds."""
    held = files.names(places.BLOBS)
    sizes = {name: each.size for name, each in held.items() if places.is_blob(name)}
    specs = {
        name.removesuffix(places.SPEC_SUFFIX)[-32:]: Spec(name, PurePosixPath(name).parent.name)
        for name in there
        if name.startswith(f"{places.SPECS}/") and name.endswith(places.SPEC_SUFFIX)
    }
    findings: list[Finding] = []
    # Specs first: what an index names too, and it never does, would be theirs.
    named = sorted(_named(files, there, findings), key=lambda each: (each.hash is None, each.path))
    views = {name: each.view or comparing.DEFAULT for name, each in _index_manifests(there)}
    listed = _indexes(files, views, sizes, findings)
    unread = set(views.values()) - listed.keys()
    findings += comparing.lists(listed, specs, _manifest_of, unread)
    findings += _keys(files, there)
    findings += comparing.stale(places.V3_INDEX, there, specs)
    sha256 = files.sha256 if deep else None
    return comparing.concluded(
        findings, listed, specs, named, sizes, sha256, "no manifest names it"
    )


def _manifest_of(record: Record) -> str:
    return places.spec_manifest("", record.package, record.version, record.hash)


def _named(files: Files, there: Mapping[str, Stat], findings: list[Finding]) -> Iterator[Named]:
    """Yield each blob that a manifest names; of one that cannot be read, a finding."""
    wanted = sorted(name for name in there if name.endswith(".manifest.json"))
    for name, data in files.read_each(wanted):
        package, spec_hash = None, None
        if name.startswith(f"{places.SPECS}/"):
            package = PurePosixPath(name).parent.name
            spec_hash = name.removesuffix(places.SPEC_SUFFIX)[-32:]
        try:
            found = manifests.contents(data)
        except Rejected as rejected:
            remedy = PUSH if spec_hash else UPDATE
            told = (package, spec_hash, name, None, rejected.problem.message, remedy)
            findings.append(Finding("bad manifest", *told))
            continue
        for each in found:
            place = places.blob("", each.checksum)
            yield Named(name, package, spec_hash, place, each.contentLength, each.checksum)


def _index_manifests(there: Iterable[str]) -> Iterator[tuple[str, places.IndexManifest]]:
    for name in sorted(there):
        told = places.index_manifest(name)
        if told is not None:
            yield name, told


def _indexes(
    files: Files,
    views: Mapping[str, str],
    blobs: Collection[str],
    findings: list[Finding],
) -> dict[str, dict[str, Record]]:
    """Return the specs that each index lists by hash, by the name of its view."""
    found: dict[str, dict[str, Record]] = {}
    if not views:
        text = "the mirror has no index"
        findings.append(Finding("no index", None, None, places.V3_INDEX, None, text, UPDATE))
    for place, view in views.items():
        try:
            content = manifests.demanded(files.read(place), manifests.INDEX)
            blob = places.blob("", content.checksum)
            if blob not in blobs:
                raise Rejected(Reason.MISSING_INDEX, "file", f"{blob} is not there", UPDATE)
            data = mirror.checked(files.read(blob), blob).data
            found[view] = comparing.listed(place, data, findings)
        except Rejected as rejected:
            text = rejected.problem.message
            findings.append(Finding("bad index", None, None, place, None, text, UPDATE))
    return found


def _keys(files: Files, there: Collection[str]) -> Iterator[Finding]:
    try:
        data = files.read(_LAYOUT) if _LAYOUT in there else b""
        signing = msgspec.json.decode(data, type=_Layout).signing
    except (msgspec.MsgspecError, UnicodeDecodeError):
        text = "it cannot be read, and says whether the mirror is signed"
        yield Finding("bad layout", None, None, _LAYOUT, None, text, PUSH)
        return
    has_key = any(name.startswith(_KEYS) and name.endswith(".key.manifest.json") for name in there)
    if signing == "gpg" and not has_key:
        text = "the mirror is said to be signed, and has no key"
        remedy = "publish it: spack gpg publish, or push unsigned"
        yield Finding("no key", None, None, _LAYOUT, None, text, remedy)
