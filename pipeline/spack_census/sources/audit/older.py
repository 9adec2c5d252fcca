"""An audit of a mirror of the v2 layout.

build_cache/index.json            the index
build_cache/*.spec.json[.sig]     describe a spec each, and tell the checksum of its binary
build_cache/**/*-<hash>.spack     the binaries
build_cache/_pgp/*.pub            keys
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from spack_census.documents import nodes
from spack_census.documents.records import Record, Rejected
from spack_census.sources import manifests, mirror, places, specfiles
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

_BINARY = ".spack"
_SIGNED = ".sig"
_KEYS = f"{specfiles.V2_FOLDER}/_pgp/"


class _Checksum(msgspec.Struct):
    hash: str


class _Node(msgspec.Struct):
    name: str


class _Nodes(msgspec.Struct):
    nodes: list[_Node]


class _SpecFile(msgspec.Struct):
    spec: _Nodes
    binary_cache_checksum: _Checksum | None = None


def look(files: Files, there: Mapping[str, Stat], *, deep: bool) -> Audit:
    """Return what an audit of a v2 mirror with these files finds; only they tell their sizes."""
    sizes = {name: each.size for name, each in there.items() if name.endswith(_BINARY)}
    binaries = {name.removesuffix(_BINARY)[-32:]: name for name in sorted(sizes)}
    findings: list[Finding] = []
    specs: dict[str, Spec] = {}
    named = list(_named(files, there, binaries, specs, findings))
    listed = _index(files, there, findings)
    findings += comparing.lists(listed, specs, _spec_file_of)
    findings += comparing.stale(places.V2_INDEX, there, specs)
    if any(name.endswith(_SIGNED) for name in there) and not any(
        name.startswith(_KEYS) and name.endswith(".pub") for name in there
    ):
        text = "specs are signed, and the mirror has no key"
        remedy = "publish it: spack gpg publish, or push unsigned"
        findings.append(Finding("no key", None, None, _KEYS.rstrip("/"), None, text, remedy))
    sha256 = files.sha256 if deep else None
    return comparing.concluded(
        findings, listed, specs, named, sizes, sha256, "no spec file is that of its hash"
    )


def _spec_file_of(record: Record) -> str:
    return f"{specfiles.V2_FOLDER}/*-{record.hash}.spec.json"


def _named(
    files: Files,
    there: Mapping[str, Stat],
    binaries: Mapping[str, str],
    specs: dict[str, Spec],
    findings: list[Finding],
) -> Iterator[Named]:
    """Yield the binary of each spec file, and note the spec; of one that is none, a finding."""
    for name, data in files.read_each(sorted(filter(specfiles.is_file, there))):
        spec_hash = specfiles.hash_of(name)
        try:
            package, checksum = _described(data)
        except Rejected as rejected:
            told = (None, spec_hash, name, None, rejected.problem.message, PUSH)
            findings.append(Finding("bad manifest", *told))
            continue
        # The signed one comes last, and takes the place of the other.
        specs[spec_hash] = Spec(name, package)
        place = binaries.get(spec_hash, f"{specfiles.V2_FOLDER}/**/*-{spec_hash}{_BINARY}")
        yield Named(name, package, spec_hash, place, None, checksum)


def _described(data: bytes) -> tuple[str | None, str | None]:
    """Return the package that a spec file describes, and its binary's SHA-256; raises Rejected."""
    try:
        found = msgspec.json.decode(manifests.signed_text(data), type=_SpecFile)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise nodes.rejected(error) from error
    checksum, described = found.binary_cache_checksum, found.spec.nodes
    return described[0].name if described else None, checksum.hash if checksum else None


def _index(
    files: Files, there: Mapping[str, Stat], findings: list[Finding]
) -> dict[str, dict[str, Record]]:
    place = next(
        (name for name in (places.V2_INDEX, f"{places.V2_INDEX}.gz") if name in there), None
    )
    if place is None:
        text = "the mirror has no index"
        findings.append(Finding("no index", None, None, places.V2_INDEX, None, text, UPDATE))
        return {}
    try:
        data = mirror.checked(files.read(place), place).data
        return {comparing.DEFAULT: comparing.listed(place, data, findings)}
    except Rejected as rejected:
        told = (None, None, place, None, rejected.problem.message, UPDATE)
        findings.append(Finding("bad index", *told))
        return {}
