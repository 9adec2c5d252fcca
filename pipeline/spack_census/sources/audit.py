"""Whether the parts of a v3 mirror fit each other: indexes, manifests, blobs and keys.

Each blob is named by a manifest or by nothing, so that their bytes add up to all that is there.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from spack_census.documents import indexes
from spack_census.documents.records import Record, Rejected
from spack_census.errors import SourceError
from spack_census.sources import manifests, mirror, places
from spack_census.sources.manifests import Content

_MANIFESTS = "v3/manifests"
_LAYOUT = "v3/layout.json"
_UPDATE = "make the index again: spack buildcache update-index MIRROR"
_PUSH = "push the spec again: spack buildcache push"
_PRUNE = "remove it: spack buildcache prune MIRROR"


class Finding(NamedTuple):
    """One thing that does not fit."""

    problem: str
    """Its kind; stable, so that people can count by it."""
    package: str | None
    hash: str | None
    path: str
    """The file it is about, below the mirror."""
    size_bytes: int | None
    """Of the file, where it is there."""
    message: str
    remedy: str


class Audit(NamedTuple):
    """What was looked at, and what does not fit."""

    findings: list[Finding]
    """By problem, package, hash and path."""
    num_specs: int
    """Specs that an index lists."""
    num_manifests: int
    """Manifests of specs."""
    num_blobs: int
    num_bytes: int
    """Of all blobs."""
    num_bytes_unnamed: int
    """Of the blobs that nothing names."""


class _Named(NamedTuple):
    path: str
    hash: str | None
    content: Content


class _Layout(msgspec.Struct):
    signing: str = ""


def audit(root: Path, *, deep: bool = False) -> Audit:
    """Look at a mirror in a folder; `deep` reads every blob and compares its checksum.

    Raises SourceError where there is no mirror of the v3 layout.
    """
    root = root.resolve()
    if not (root / _MANIFESTS).is_dir():
        message = f"{root} is no mirror of the v3 layout"
        raise SourceError(message, f"looked for {_MANIFESTS}", "of v2: spack buildcache migrate")
    findings: list[Finding] = []
    named = list(_named(root, findings))
    specs = {manifests.hash_of(path): path for path in manifests.of_specs(root, "")}
    listed = _indexes(root, findings)
    findings += _lists(root, listed, specs)
    findings += _keys(root)
    findings += _stale(root, specs.values())
    blobs = {path.name: path for path in sorted(root.glob("blobs/sha256/*/*")) if path.is_file()}
    findings += _blobs(root, named, blobs, deep=deep)
    sizes = {name: path.stat().st_size for name, path in blobs.items()}
    unnamed = blobs.keys() - {each.content.checksum for each in named}
    for name in unnamed:
        path = blobs[name].relative_to(root).as_posix()
        text = "no manifest names it"
        findings.append(Finding("unnamed blob", None, None, path, sizes[name], text, _PRUNE))
    return Audit(
        sorted(findings, key=lambda each: tuple(str(part or "") for part in each)),
        len({key for index in listed.values() for key in index}),
        len(specs),
        len(blobs),
        sum(sizes.values()),
        sum(sizes[name] for name in unnamed),
    )


def _named(root: Path, findings: list[Finding]) -> Iterator[_Named]:
    """Yield each blob that a manifest names; of one that cannot be read, a finding."""
    for path in sorted((root / _MANIFESTS).rglob("*.manifest.json")):
        name = path.relative_to(root).as_posix()
        spec_hash = manifests.hash_of(path) if name.startswith(places.SPECS) else None
        try:
            found = manifests.contents(path.read_bytes())
        except Rejected as rejected:
            remedy = _PUSH if spec_hash else _UPDATE
            text = rejected.problem.message
            findings.append(
                Finding(
                    "bad manifest", _package(path, spec_hash), spec_hash, name, None, text, remedy
                )
            )
            continue
        for content in found:
            yield _Named(name, spec_hash, content)


def _package(path: Path, spec_hash: str | None) -> str | None:
    return path.parent.name if spec_hash else None


def _indexes(root: Path, findings: list[Finding]) -> dict[str, dict[str, Record]]:
    """Return the specs that each index lists by hash, the default index under an empty name."""
    found: dict[str, dict[str, Record]] = {}
    views = [each.relative_to(root).as_posix() for each in sorted(root.glob(places.VIEWS))]
    for place in [places.V3_INDEX, *views]:
        if place == places.V3_INDEX and not (root / place).is_file():
            if not views:
                text = "the mirror has no index"
                findings.append(Finding("no index", None, None, place, None, text, _UPDATE))
            continue
        manifest = places.index_manifest(place)
        assert manifest is not None
        try:
            index = indexes.decode(mirror.read(root, mirror.locate(root, place)[-1]).data)
        except Rejected as rejected:
            text = rejected.problem.message
            findings.append(Finding("bad index", None, None, place, None, text, _UPDATE))
            continue
        told = indexes.described(index, {}, index.held, ())
        found[manifest.view or ""] = {record.hash: record for record in told.records}
        findings += _dependencies(place, told)
    return found


def _dependencies(place: str, told: indexes.Described) -> Iterator[Finding]:
    """Yield a finding for each spec that cannot be installed: what it links or runs is missing."""
    held = {record.hash for record in told.records}
    held |= {record.hash for record in told.externals if record.is_external}
    for record in told.records:
        for link in record.dependencies:
            if link.hash not in held and not {"link", "run"}.isdisjoint(link.deptypes):
                text = f"it needs {link.name}/{link.hash}, which the index does not list"
                yield Finding(
                    "missing dependency", record.package, record.hash, place, None, text, _PUSH
                )


def _lists(
    root: Path, listed: dict[str, dict[str, Record]], specs: dict[str, Path]
) -> Iterator[Finding]:
    """Yield where indexes and manifests differ, and what a view lists beyond the default index."""
    everything = {key: record for index in listed.values() for key, record in index.items()}
    for key, record in everything.items():
        if key not in specs:
            place = places.spec_manifest("", record.package, record.version, key)
            text = "an index lists it, and it has no manifest"
            yield Finding(
                "listed without manifest", record.package, key, place, None, text, _UPDATE
            )
    whole = listed.get("", everything)
    for key, path in specs.items() if listed else ():
        if key not in whole:
            name = path.relative_to(root).as_posix()
            text = "it has a manifest, and the index does not list it"
            yield Finding("not listed", path.parent.name, key, name, None, text, _UPDATE)
    for view, index in listed.items():
        for key in sorted(index.keys() - whole.keys()):
            text = "the view lists it, and the default index does not"
            place = places.view(view)
            yield Finding(
                "not in the default index", index[key].package, key, place, None, text, _UPDATE
            )


def _keys(root: Path) -> Iterator[Finding]:
    try:
        signing = msgspec.json.decode((root / _LAYOUT).read_bytes(), type=_Layout).signing
    except (OSError, msgspec.MsgspecError):
        text = "it cannot be read, and says whether the mirror is signed"
        yield Finding("bad layout", None, None, _LAYOUT, None, text, _PUSH)
        return
    if signing == "gpg" and not next((root / _MANIFESTS / "key").glob("*.key.manifest.json"), None):
        text = "the mirror is said to be signed, and has no key"
        remedy = "publish it: spack gpg publish, or push unsigned"
        yield Finding("no key", None, None, _LAYOUT, None, text, remedy)


def _stale(root: Path, specs: Iterable[Path]) -> Iterator[Finding]:
    """Yield a finding where manifests are newer than the default index, by their files' times."""
    path = root / places.V3_INDEX
    if not path.is_file():
        return
    made = path.stat().st_mtime_ns
    newer = sum(each.stat().st_mtime_ns > made for each in specs)
    if newer:
        text = f"{newer:,} manifests are newer than the index"
        yield Finding("stale index", None, None, places.V3_INDEX, None, text, _UPDATE)


def _blobs(
    root: Path, named: list[_Named], blobs: dict[str, Path], *, deep: bool
) -> Iterator[Finding]:
    """Yield a finding for each named blob that is not there, or is not as it is named."""
    by_blob: dict[str, list[_Named]] = defaultdict(list)
    for each in named:
        by_blob[each.content.checksum].append(each)
    for checksum, several in sorted(by_blob.items()):
        path = blobs.get(checksum)
        place = places.blob("", checksum)
        size = None if path is None else path.stat().st_size
        changed = path is not None and deep and _sha256(path) != checksum
        for each in several:
            package = _package(root / each.path, each.hash)
            told = (package, each.hash, place, size)
            remedy = _PUSH if each.hash else _UPDATE
            if size is None:
                yield Finding("missing blob", *told, f"{each.path} names it", remedy)
            elif size != each.content.contentLength:
                text = f"{each.path} says {each.content.contentLength:,} bytes"
                yield Finding("wrong size", *told, text, remedy)
            elif changed:
                yield Finding("wrong checksum", *told, "its bytes are not those named", remedy)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
