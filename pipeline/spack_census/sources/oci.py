"""A build cache as Spack pushes it to an OCI registry, in the folder of an OCI image layout.

oci-layout, index.json            the layout; index.json names the manifest of each tag
index.spack                       the tag of the index: its manifest's only layer is index.json
<name>-<version>-<hash>.spack     the tag of a spec: the config of its manifest describes it, and
                                  of the layers the one in `binary_cache_checksum` is its binary
blobs/sha256/<checksum>           manifests, configs and layers
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from spack_census.documents.records import Reason, Rejected
from spack_census.errors import SourceError
from spack_census.sources import listing, mirror, specfiles
from spack_census.sources.listing import Listed
from spack_census.sources.mirror import Read

LAYOUT = "oci-layout"
_SPECS = f"{LAYOUT}/specs"
"""How the specs one by one are named in place of an index."""
_INDEX_TAG = "index.spack"
_SUFFIX = ".spack"
_TAG = "org.opencontainers.image.ref.name"
_DIGEST = re.compile("sha256:([0-9a-f]{64})")
_Shape = TypeVar("_Shape")
_REMEDY = "copy the image anew, or push it again"


class _Descriptor(msgspec.Struct):
    digest: str
    size: int = 0
    annotations: dict[str, str] = {}


class _Index(msgspec.Struct):
    manifests: list[_Descriptor]


class _Manifest(msgspec.Struct):
    config: _Descriptor
    layers: list[_Descriptor]


class _Checksum(msgspec.Struct):
    hash: str


class _Config(msgspec.Struct):
    binary_cache_checksum: _Checksum | None = None


def is_layout(root: Path) -> bool:
    """Tell whether a folder is an OCI image layout."""
    return (root / LAYOUT).is_file() and (root / "index.json").is_file()


def listed(root: Path, unnamed: str | None, *, from_specs: bool) -> Listed:
    """Return what stands for the build cache's only index; raises SourceError without one."""
    tags = _tags(root)
    specs = [tag for tag in tags if _is_spec(tag)]
    if not specs and _INDEX_TAG not in tags:
        message = f"{root} holds images, and none is a build cache's"
        raise SourceError(message, f"looked for the tags {_INDEX_TAG} and *-HASH{_SUFFIX}")
    if not from_specs and _INDEX_TAG not in tags:
        raise SourceError(
            f"{root} is a build cache without an index",
            "make one: spack buildcache update-index MIRROR, and copy it again",
            "or read its specs one by one: census build MIRROR --from-specs",
        )
    return listing.alone(root, _SPECS if from_specs else LAYOUT, unnamed)


def is_place(relative: str) -> bool:
    """Tell whether an index is that of an OCI image layout."""
    return relative in (LAYOUT, _SPECS)


def read(root: Path, place: str) -> Read:
    """Return the index, or the one that the specs make; raises Rejected, OSError."""
    tags = _tags(root)
    if place == _SPECS:
        return specfiles.combined(
            (tag, _hash_of(tag), functools.partial(_config, root, digest))
            for tag, digest in sorted(tags.items())
            if _is_spec(tag)
        )
    layers = _manifest(root, tags[_INDEX_TAG]).layers
    if len(layers) != 1:
        message = f"{len(layers):,} layers where one is the index"
        raise Rejected(Reason.MISSING_INDEX, _INDEX_TAG, message, _REMEDY)
    return _blob(root, layers[0].digest)


def sizes(root: Path, hashes: Container[str]) -> tuple[dict[str, int], int]:
    """Return the size of each binary in bytes, and how many specs do not tell theirs."""
    found: dict[str, int] = {}
    broken = 0
    for tag, digest in _tags(root).items():
        if not _is_spec(tag) or _hash_of(tag) not in hashes:
            continue
        try:
            found[_hash_of(tag)] = next(_binary_sizes(root, digest))
        except (Rejected, OSError, StopIteration):
            broken += 1
    return found, broken


def _binary_sizes(root: Path, digest: str) -> Iterator[int]:
    manifest = _manifest(root, digest)
    config = _decoded(_blob(root, manifest.config.digest).data, _Config, "config")
    checksum = config.binary_cache_checksum
    for layer in manifest.layers:
        if checksum is not None and layer.digest == f"sha256:{checksum.hash}":
            yield layer.size


def _tags(root: Path) -> dict[str, str]:
    """Return the digest of each tag's manifest; raises SourceError for a layout that is none."""
    try:
        index = _decoded((root / "index.json").read_bytes(), _Index, "index.json")
    except (Rejected, OSError) as error:
        message = f"{root / 'index.json'} is no index of an OCI image layout: {error}"
        raise SourceError(message, _REMEDY) from error
    tagged = ((each.annotations.get(_TAG, ""), each.digest) for each in index.manifests)
    # A name may be that of the whole image: registry/name:tag.
    return {name.rpartition(":")[2]: digest for name, digest in tagged if name}


def _is_spec(tag: str) -> bool:
    return tag.endswith(_SUFFIX) and tag != _INDEX_TAG


def _hash_of(tag: str) -> str:
    return tag.removesuffix(_SUFFIX)[-32:]


def _config(root: Path, digest: str) -> Read:
    return _blob(root, _manifest(root, digest).config.digest)


def _manifest(root: Path, digest: str) -> _Manifest:
    return _decoded(_blob(root, digest).data, _Manifest, "manifest")


def _blob(root: Path, digest: str) -> Read:
    """Return a blob, unpacked and seen to be what its digest says; raises Rejected, OSError."""
    named = _DIGEST.fullmatch(digest)
    path = mirror.find(root, f"blobs/sha256/{named[1]}") if named else None
    if named is None or path is None:
        message = f"the blob {digest} is not there"
        raise Rejected(Reason.MISSING_INDEX, "blob", message, _REMEDY)
    found = mirror.read(root, path)
    if found.sha256 != named[1]:
        message = f"the blob {digest} has the SHA-256 {found.sha256}: it was cut short or changed"
        raise Rejected(Reason.BAD_CHECKSUM, "blob", message, _REMEDY)
    return found


def _decoded(data: bytes, shape: type[_Shape], place: str) -> _Shape:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        message = f"no {place} of an image: {error}"
        raise Rejected(Reason.BAD_JSON, place, message, _REMEDY) from error
