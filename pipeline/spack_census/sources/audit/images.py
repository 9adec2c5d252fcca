"""An audit of a build cache of OCI images: their manifests in a folder, binaries there or not.

An image has the binaries of what its spec needs as layers too. A layer belongs to the spec whose
checksum it has; one that is nobody's, of a base image, to none.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from spack_census.documents.records import Reason, Record, Rejected
from spack_census.sources import oci
from spack_census.sources.audit import comparing
from spack_census.sources.audit.files import Folder
from spack_census.sources.audit.model import (
    PUSH,
    UPDATE,
    Audit,
    Finding,
    Named,
    Spec,
)


class Holder(Protocol):
    """What holds the blobs of images."""

    def sizes(self, places: Iterable[str]) -> Mapping[str, int]:
        """Return the size of each of these blobs that is there; raises SourceError."""

    def everything(self) -> Mapping[str, int] | None:
        """Return the size of each blob, None where nobody tells."""

    def sha256(self, place: str) -> str:
        """Return the SHA-256 of a blob; raises SourceError."""


@dataclass(frozen=True, slots=True)
class Blobs:
    """The blobs of an image layout in a folder."""

    root: Path

    def sizes(self, places: Iterable[str]) -> Mapping[str, int]:
        """Return the size of each of these blobs that is there."""
        there = self.everything()
        return {place: there[place] for place in places if place in there}

    def everything(self) -> dict[str, int]:
        """Return the size of each blob."""
        found = Folder(self.root).names("blobs/sha256")
        return {name: each.size for name, each in found.items()}

    def sha256(self, place: str) -> str:
        """Return the SHA-256 of a blob."""
        return Folder(self.root).sha256(place)


class _Image(NamedTuple):
    tag: str
    package: str | None
    parts: list[Named]
    """Manifest, config, and the layers that are the spec's own or an index."""
    others: list[Named]


def look(root: Path, holder: Holder, *, deep: bool) -> Audit:
    """Return what an audit of images finds, of which a folder has manifests and configs.

    Raises SourceError for a layout that is none.
    """
    findings: list[Finding] = []
    tags = oci.tags(root)
    images = [_image(root, tag, digest, findings) for tag, digest in sorted(tags.items())]
    specs = {
        oci.hash_of(image.tag): Spec(image.tag, image.package)
        for image in images
        if oci.is_spec(image.tag)
    }
    own = [part for image in images for part in image.parts]
    others = {part.place: part for image in reversed(images) for part in image.others}
    mine = {part.place for part in own}
    named = [*own, *(part for place, part in sorted(others.items()) if place not in mine)]
    everything = holder.everything()
    sizes = holder.sizes({each.place for each in named}) if everything is None else everything
    listed = _index(root, tags, findings)
    findings += comparing.lists(listed, specs, _tag_of)
    sha256 = holder.sha256 if deep else None
    return comparing.concluded(
        findings,
        listed,
        specs,
        named,
        sizes,
        sha256,
        "no image names it",
        are_all=everything is not None,
    )


def _tag_of(record: Record) -> str:
    return f"{record.package}-{record.version}-{record.hash}.spack"


def _image(root: Path, tag: str, digest: str, findings: list[Finding]) -> _Image:
    """Return what the image of a tag names; of one that cannot be read, a finding."""
    spec_hash = oci.hash_of(tag) if oci.is_spec(tag) else None
    found = _Image(tag, None, [], [])
    try:
        place = oci.blob(digest)
        found.parts.append(Named(tag, None, spec_hash, place, None, _sha256(digest)))
        manifest = oci.manifest(root, digest)
        binary: str | None = None
        found.parts.append(_part(found, spec_hash, manifest.config))
        if spec_hash is not None:
            told = oci.described(root, manifest)
            binary, found = told.binary, found._replace(package=told.package)
        for layer in manifest.layers:
            is_own = spec_hash is None or layer.digest == binary
            part = _part(found, spec_hash if is_own else None, layer)
            (found.parts if is_own else found.others).append(part)
    except Rejected as rejected:
        # That a blob is not there is told where all blobs are looked at.
        if rejected.problem.reason is not Reason.MISSING_INDEX:
            remedy = PUSH if spec_hash else UPDATE
            problem = (None, spec_hash, tag, None, rejected.problem.message, remedy)
            findings.append(Finding("bad manifest", *problem))
    return found


def _part(image: _Image, spec_hash: str | None, named: oci.Descriptor) -> Named:
    place = oci.blob(named.digest)
    return Named(image.tag, image.package, spec_hash, place, named.size, _sha256(named.digest))


def _sha256(digest: str) -> str:
    return digest.partition(":")[2]


def _index(
    root: Path, tags: Mapping[str, str], findings: list[Finding]
) -> dict[str, dict[str, Record]]:
    place = oci.INDEX_TAG
    if place not in tags:
        text = "the build cache has no index"
        findings.append(Finding("no index", None, None, place, None, text, UPDATE))
        return {}
    try:
        data = oci.read(root, oci.LAYOUT).data
        return {comparing.DEFAULT: comparing.listed(place, data, findings)}
    except Rejected as rejected:
        text = rejected.problem.message
        findings.append(Finding("bad index", None, None, place, None, text, UPDATE))
        return {}
