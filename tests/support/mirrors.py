"""Mirrors made of the corpus: a v3 mirror whose views are the stacks of a snapshot."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache" / "v3-2026" / "develop-2026-06-28"
STACKS = ("spliced", "tools-darwin-m4")


def database(stack: str | None = None) -> bytes:
    """Return the index of a stack that Spack 1.3 wrote, or of all of them."""
    folder = CORPUS if stack is None else CORPUS / stack
    return gzip.decompress((folder / "build_cache" / "index.json.gz").read_bytes())


def content(
    mirror: Path, data: bytes, media_type: str, compression: str = "none"
) -> dict[str, Any]:
    """Put a blob into a mirror; return the record that a manifest has of it."""
    sha256 = hashlib.sha256(data).hexdigest()
    path = mirror / "blobs" / "sha256" / sha256[:2] / sha256
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {
        "contentLength": len(data),
        "mediaType": media_type,
        "compression": compression,
        "checksumAlgorithm": "sha256",
        "checksum": sha256,
    }


def manifest(path: Path, *records: dict[str, Any]) -> Path:
    """Write a manifest of these records."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"version": 3, "data": records}, indent=0))
    return path


def put_index(mirror: Path, data: bytes, view: str = "") -> Path:
    """Give a mirror an index, of a view or by default; return the blob."""
    record = content(mirror, data, "application/vnd.spack.db.v8+json")
    manifest(mirror / "v3" / "manifests" / "index" / view / "index.manifest.json", record)
    sha256 = record["checksum"]
    return mirror / "blobs" / "sha256" / sha256[:2] / sha256


def with_views(mirror: Path, *, default: bool = True) -> Path:
    """Return a mirror whose views are the stacks of the corpus, with a default index or without."""
    if default:
        put_index(mirror, database())
    for stack in STACKS:
        put_index(mirror, database(stack), stack)
    (mirror / "v3" / "layout.json").write_text('{"signing": "gpg"}')
    return mirror
