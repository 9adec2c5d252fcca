"""What does not fit, whatever the layout: what lists, what describes and what holds a spec."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from spack_census.documents import indexes
from spack_census.documents.records import Record
from spack_census.sources import places
from spack_census.sources.audit.files import Stat
from spack_census.sources.audit.model import (
    PRUNE,
    PUSH,
    UPDATE,
    Audit,
    Finding,
    Named,
    Spec,
    ordered,
)

DEFAULT = ""
"""The name of the default index beside those of views."""


def concluded(
    findings: list[Finding],
    listed: Mapping[str, Mapping[str, Record]],
    specs: Mapping[str, Spec],
    named: Collection[Named],
    sizes: Mapping[str, int],
    sha256: Callable[[str], str] | None,
    unnamed: str,
    *,
    are_all: bool = True,
) -> Audit:
    """Return the audit of a layout: what was found so far, and what its blobs say.

    `listed` are the specs of each index, `specs` what describes them, `named` the blobs that are
    named and `sizes` those that are there, `are_all` whether these are all; `unnamed` says of one
    that nothing names it.
    """
    rest = sizes.keys() - {each.place for each in named}
    findings = [
        *findings,
        *_blobs(named, sizes, sha256),
        *(Finding("unnamed blob", None, None, each, sizes[each], unnamed, PRUNE) for each in rest),
    ]
    return Audit(
        ordered(findings),
        len({key for index in listed.values() for key in index}),
        len(specs),
        len(sizes),
        sum(sizes.values()),
        sum(sizes[each] for each in rest) if are_all else None,
        _bytes_of_specs(named, sizes),
    )


def listed(place: str, data: bytes, findings: list[Finding]) -> dict[str, Record]:
    """Return the specs that an index lists, by hash; raises Rejected for no index.

    A finding for each spec that cannot be installed, for what it links or runs is missing.
    """
    index = indexes.decode(data)
    told = indexes.described(index, {}, index.held, ())
    held = {record.hash for record in told.records}
    held |= {record.hash for record in told.externals if record.is_external}
    for record in told.records:
        for link in record.dependencies:
            if link.hash not in held and not {"link", "run"}.isdisjoint(link.deptypes):
                text = f"it needs {link.name}/{link.hash}, which the index does not list"
                findings.append(
                    Finding(
                        "missing dependency", record.package, record.hash, place, None, text, PUSH
                    )
                )
    return {record.hash: record for record in told.records}


def lists(
    found: Mapping[str, Mapping[str, Record]],
    specs: Mapping[str, Spec],
    place_of: Callable[[Record], str],
    unread: Collection[str] = (),
) -> Iterator[Finding]:
    """Yield where indexes and manifests differ, and where the default index and views do.

    `unread` are the names of indexes that cannot be read: what only they may list is not told.
    """
    everything = {key: record for index in found.values() for key, record in index.items()}
    for key, record in everything.items():
        if key not in specs:
            text = "an index lists it, and it has no manifest"
            told = (record.package, key, place_of(record), None, text, UPDATE)
            yield Finding("listed without manifest", *told)
    whole = found.get(DEFAULT, everything)
    for key, spec in specs.items() if found and DEFAULT not in unread else ():
        if key not in whole:
            text = "it has a manifest, and the index does not list it"
            yield Finding("not listed", spec.package, key, spec.path, None, text, UPDATE)
    if DEFAULT in found and len(found) > 1:
        views = {name: found[name] for name in found if name != DEFAULT}
        yield from _views(whole, views, are_all=not unread)


def _views(
    whole: Mapping[str, Record], views: Mapping[str, Mapping[str, Record]], *, are_all: bool
) -> Iterator[Finding]:
    for view, index in views.items():
        for key in sorted(index.keys() - whole.keys()):
            text = "the view lists it, and the default index does not"
            told = (index[key].package, key, places.view(view), None, text, UPDATE)
            yield Finding("not in the default index", *told)
    listed = {key for index in views.values() for key in index}
    for key in sorted(whole.keys() - listed) if are_all else ():
        text = "the default index lists it, and no view does"
        told = (whole[key].package, key, places.V3_INDEX, None, text, UPDATE)
        yield Finding("in no view", *told)


def _blobs(
    named: Iterable[Named],
    sizes: Mapping[str, int],
    sha256: Callable[[str], str] | None,
) -> Iterator[Finding]:
    """Yield a finding for each named blob that is not there, or is not as it is named.

    `sizes` are those of the blobs that are there, by their place; `sha256` reads one.
    """
    checksums: dict[str, str] = {}
    for each in named:
        size = sizes.get(each.place)
        remedy = PUSH if each.hash else UPDATE
        told = (each.package, each.hash, each.place, size)
        if size is None:
            yield Finding("missing blob", *told, f"{each.path} names it", remedy)
        elif each.size not in (None, size):
            yield Finding("wrong size", *told, f"{each.path} says {each.size:,} bytes", remedy)
        elif sha256 is not None and each.sha256 is not None:
            if each.place not in checksums:
                checksums[each.place] = sha256(each.place)
            if checksums[each.place] != each.sha256:
                yield Finding("wrong checksum", *told, "its bytes are not those named", remedy)


def _bytes_of_specs(named: Iterable[Named], sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the bytes of the blobs of each spec: a blob belongs to the first that names it."""
    found: dict[str, int] = {}
    taken: set[str] = set()
    for each in named:
        if each.place in taken:
            continue
        taken.add(each.place)
        if each.hash is not None:
            found[each.hash] = found.get(each.hash, 0) + sizes.get(each.place, 0)
    return found


def stale(place: str, times: Mapping[str, Stat], specs: Mapping[str, Spec]) -> Iterator[Finding]:
    """Yield a finding where manifests are newer than the default index, by their files' times."""
    if place not in times:
        return
    made = times[place].mtime_ns
    newer = sum(times[spec.path].mtime_ns > made for spec in specs.values())
    if newer:
        text = f"{newer:,} manifests are newer than the index"
        yield Finding("stale index", None, None, place, None, text, UPDATE)
