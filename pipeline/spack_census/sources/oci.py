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
from collections.abc import Container, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from spack_census.documents.records import Reason, Rejected
from spack_census.errors import SourceError
from spack_census.sources import listing, mirror, specfiles
from spack_census.sources.listing import Listed
from spack_census.sources.mirror import Read

LAYOUT = "oci-layout"
_SPECS = f"{LAYOUT}/specs"
"""How the specs one by one are named in place of an index."""
INDEX_TAG = "index.spack"
WAYS_OUT = (
    "make one: spack buildcache update-index MIRROR, and copy or fetch it again",
    "or read its specs one by one: census build MIRROR --from-specs",
)
"""What to do where a build cache has no index."""
_SUFFIX = ".spack"
_MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
_TAG = "org.opencontainers.image.ref.name"
_DIGEST = re.compile("sha256:([0-9a-f]{64})")
_Shape = TypeVar("_Shape")
_REMEDY = "copy the image anew, or push it again"


class Descriptor(msgspec.Struct):
    """A blob as an image or a layout names it."""

    digest: str
    size: int = 0
    mediaType: str = ""  # noqa: N815 - the descriptor's own name
    annotations: dict[str, str] = {}


class _Index(msgspec.Struct):
    manifests: list[Descriptor]


class Manifest(msgspec.Struct):
    """What makes up an image."""

    config: Descriptor
    layers: list[Descriptor]


class _Checksum(msgspec.Struct):
    hash: str


class _Node(msgspec.Struct):
    name: str


class _Nodes(msgspec.Struct):
    nodes: list[_Node] = []


class _Config(msgspec.Struct):
    spec: _Nodes
    binary_cache_checksum: _Checksum | None = None


class Described(NamedTuple):
    """What the config of a spec's image tells."""

    package: str | None
    binary: str | None
    """The digest of the layer that is the spec's own binary."""


def is_layout(root: Path) -> bool:
    """Tell whether a folder is an OCI image layout."""
    return (root / LAYOUT).is_file() and (root / "index.json").is_file()


def listed(root: Path, unnamed: str | None, *, from_specs: bool) -> Listed:
    """Return what stands for the build cache's only index; raises SourceError without one."""
    named = tags(root)
    specs = [tag for tag in named if is_spec(tag)]
    if not specs and INDEX_TAG not in named:
        message = f"{root} holds images, and none is a build cache's"
        raise SourceError(message, f"looked for the tags {INDEX_TAG} and *-HASH{_SUFFIX}")
    if not from_specs and INDEX_TAG not in named:
        raise SourceError(f"{root} is a build cache without an index", *WAYS_OUT)
    if from_specs and not specs:
        message = f"{root} holds an index, and nothing of the specs themselves"
        raise SourceError(message, "fetch them too: census fetch oci://HOST/NAME --from-specs")
    return listing.alone(root, _SPECS if from_specs else LAYOUT, unnamed)


def is_place(relative: str) -> bool:
    """Tell whether an index is that of an OCI image layout."""
    return relative in (LAYOUT, _SPECS)


def read(root: Path, place: str) -> Read:
    """Return the index, or the one that the specs make; raises Rejected, OSError."""
    named = tags(root)
    if place == _SPECS:
        return specfiles.combined(
            (tag, hash_of(tag), functools.partial(_config, root, digest))
            for tag, digest in sorted(named.items())
            if is_spec(tag)
        )
    return _blob(root, index_layer(_blob(root, named[INDEX_TAG]).data))


def sizes(root: Path, hashes: Container[str]) -> tuple[dict[str, int], int]:
    """Return the size of each binary in bytes, and how many specs do not tell theirs."""
    found: dict[str, int] = {}
    broken = 0
    for tag, digest in tags(root).items():
        if not is_spec(tag) or hash_of(tag) not in hashes:
            continue
        try:
            size = _binary_size(root, digest)
        except (Rejected, OSError):
            size = None
        if size is None:
            broken += 1
        else:
            found[hash_of(tag)] = size
    return found, broken


def _binary_size(root: Path, digest: str) -> int | None:
    """Return the size of a spec's binary in bytes; raises Rejected, OSError."""
    image = manifest(root, digest)
    binary = described(root, image).binary
    return next((layer.size for layer in image.layers if layer.digest == binary), None)


def described(root: Path, image: Manifest) -> Described:
    """Return what the config of a spec's image tells; raises Rejected, OSError."""
    config = _decoded(_blob(root, image.config.digest).data, _Config, "config")
    nodes, checksum = config.spec.nodes, config.binary_cache_checksum
    return Described(
        nodes[0].name if nodes else None, None if checksum is None else f"sha256:{checksum.hash}"
    )


def blob(digest: str) -> str:
    """Return where a layout keeps a blob; raises Rejected for no SHA-256."""
    named = _DIGEST.fullmatch(digest)
    if named is None:
        message = f"{digest!r} is no SHA-256"
        raise Rejected(Reason.MISSING_INDEX, "blob", message, _REMEDY)
    return f"blobs/sha256/{named[1]}"


def index_layer(manifest: bytes) -> str:
    """Return the digest of the index that a manifest names; raises Rejected."""
    layers = _decoded(manifest, Manifest, "manifest").layers
    if len(layers) != 1:
        message = f"{len(layers):,} layers where one is the index"
        raise Rejected(Reason.MISSING_INDEX, INDEX_TAG, message, _REMEDY)
    return layers[0].digest


def config_digest(manifest: bytes) -> str:
    """Return the digest of what describes the spec of a manifest; raises Rejected."""
    return _decoded(manifest, Manifest, "manifest").config.digest


def digests(root: Path) -> dict[str, str]:
    """Return the digest of each tag's manifest, none where the folder is no layout."""
    try:
        return tags(root) if is_layout(root) else {}
    except SourceError:
        return {}


def index_json(found: Mapping[str, tuple[str, int]]) -> bytes:
    """Return the index.json of a layout with these tags: digest and size of each manifest."""
    manifests = [
        Descriptor(digest, size, _MANIFEST_TYPE, {_TAG: tag})
        for tag, (digest, size) in sorted(found.items())
    ]
    return msgspec.json.encode({"schemaVersion": 2, "manifests": manifests}) + b"\n"


def tags(root: Path) -> dict[str, str]:
    """Return the digest of each tag's manifest; raises SourceError for a layout that is none."""
    try:
        index = _decoded((root / "index.json").read_bytes(), _Index, "index.json")
    except (Rejected, OSError) as error:
        message = f"{root / 'index.json'} is no index of an OCI image layout: {error}"
        raise SourceError(message, _REMEDY) from error
    tagged = ((each.annotations.get(_TAG, ""), each.digest) for each in index.manifests)
    # A name may be that of the whole image: registry/name:tag.
    return {name.rpartition(":")[2]: digest for name, digest in tagged if name}


def is_spec(tag: str) -> bool:
    """Tell whether a tag is that of a spec."""
    return tag.endswith(_SUFFIX) and tag != INDEX_TAG


def hash_of(tag: str) -> str:
    """Return the hash in the tag of a spec."""
    return tag.removesuffix(_SUFFIX)[-32:]


def _config(root: Path, digest: str) -> Read:
    return _blob(root, manifest(root, digest).config.digest)


def manifest(root: Path, digest: str) -> Manifest:
    """Return the manifest of an image; raises Rejected, OSError."""
    return _decoded(_blob(root, digest).data, Manifest, "manifest")


def _blob(root: Path, digest: str) -> Read:
    """Return a blob, unpacked and seen to be what its digest says; raises Rejected, OSError."""
    path = mirror.find(root, blob(digest))
    if path is None:
        message = f"the blob {digest} is not there"
        raise Rejected(Reason.MISSING_INDEX, "blob", message, _REMEDY)
    return mirror.read(root, path)


def _decoded(data: bytes, shape: type[_Shape], place: str) -> _Shape:
    try:
        return msgspec.json.decode(data, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        message = f"no {place} of an image: {error}"
        raise Rejected(Reason.BAD_JSON, place, message, _REMEDY) from error
