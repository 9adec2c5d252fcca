"""Where a mirror keeps what: by names alone, no file is opened.

v2   build_cache/index.json
v3   v3/manifests/index/index.manifest.json          the default index
     v3/manifests/index/<view>/index.manifest.json   an index view, a named subset (Spack ≥ 1.2);
                                                     a view's name may have parts, as a/b
     v3/manifests/spec/<name>/<name>-<version>-<hash>.spec.manifest.json
     blobs/sha256/<first two>/<checksum>             what a manifest names
OCI  blobs/sha256/<checksum>                         see `oci`

A mirror is given as a prefix that is empty or ends in `/`.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from spack_census.errors import SourceError

V2_INDEX = "build_cache/index.json"
V3_INDEX = "v3/manifests/index/index.manifest.json"
INDEXES = (V3_INDEX, V2_INDEX)
"""Where a mirror's default index may lie, the newer layout first."""
VIEWS = "v3/manifests/index/**/*/index.manifest.json"
"""A pattern for the indexes of its views, whose names may have several parts."""
V3_FOLDER = "v3"
MANIFESTS = "v3/manifests"
BLOBS = "blobs/sha256"
INDEX_FOLDER = "v3/manifests/index"
SPECS = "v3/manifests/spec"
SPEC_SUFFIX = ".spec.manifest.json"

_BLOB = re.compile(r"(?:.*/)?blobs/sha256/(?:[0-9a-f]{2}/)?(?P<sha256>[0-9a-f]{64})", re.DOTALL)
_INDEX_MANIFEST = re.compile(
    r"(?P<mirror>(?:.*/)?)v3/manifests/index/(?:(?P<view>[^/]+(?:/[^/]+)*)/)?index\.manifest\.json",
    re.DOTALL,
)


class IndexManifest(NamedTuple):
    """What the place of an index's manifest tells."""

    mirror: str
    view: str | None
    """None for the default index."""


def index_manifest(relative: str) -> IndexManifest | None:
    """Return what a place tells if it is that of an index's manifest, of a view too."""
    found = _INDEX_MANIFEST.fullmatch(relative)
    return None if found is None else IndexManifest(found["mirror"], found["view"])


def view(name: str) -> str:
    """Return where a mirror keeps the index of a view; raises SourceError for no view's name.

    A name may have several parts, as `gpu/rocm`: each is a folder.
    """
    if "\0" in name or not all(part.strip(".") for part in name.split("/")):
        message = f"{name!r} is no name of an index view"
        raise SourceError(message, f"it is that of its folder in {V3_INDEX.rpartition('/')[0]}")
    return f"{INDEX_FOLDER}/{name}/index.manifest.json"


def mirror_of(relative: str) -> str:
    """Return the mirror that an index belongs to."""
    manifest = index_manifest(relative)
    if manifest is not None:
        return manifest.mirror
    for mark in (V2_INDEX, SPECS, "blobs/sha256/"):
        before, found, _ = relative.rpartition(mark)
        if found:
            return before
    return ""


def blob(mirror: str, sha256: str) -> str:
    """Return where a mirror keeps a blob."""
    return f"{mirror}blobs/sha256/{sha256[:2]}/{sha256}"


def blob_sha256(relative: str) -> str | None:
    """Return the checksum in a blob's name, None for what is no blob."""
    named = _BLOB.fullmatch(relative)
    return None if named is None else named["sha256"]


def is_blob(relative: str) -> bool:
    """Tell whether a file's name is its checksum, so that its bytes never change."""
    return blob_sha256(relative) is not None


def spec_manifest(mirror: str, name: str, version: str, spec_hash: str) -> str:
    """Return where a v3 mirror keeps the manifest of a spec."""
    return f"{mirror}{SPECS}/{name}/{name}-{version}-{spec_hash}{SPEC_SUFFIX}"
