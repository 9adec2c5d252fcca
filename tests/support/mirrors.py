"""Mirrors made of the corpus: a v3 mirror whose views are the stacks of a snapshot."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache" / "v3-2026" / "develop-2026-06-28"
_TARBALL = "application/vnd.spack.install.v2.tar+gzip"
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


def _below(installs: dict[str, Any], key: str) -> list[str]:
    found = [key]
    for each in found:
        edges = installs[each]["spec"].get("dependencies", [])
        found += [edge["hash"] for edge in edges if edge["hash"] not in found]
    return found


def spec_files(data: bytes) -> dict[str, dict[str, Any]]:
    """Return what Spack writes of each spec in the build cache that an index holds, by hash."""
    installs = json.loads(data)["database"]["installs"]
    return {
        key: {
            "spec": {
                "_meta": {"version": 5},
                "nodes": [installs[each]["spec"] for each in _below(installs, key)],
            },
            "buildcache_layout_version": 2,
        }
        for key, record in installs.items()
        if record["in_buildcache"]
    }


def signed(text: bytes) -> bytes:
    """Return a text in the form of one that is clear-signed; its signature is none."""
    dashed = b"\n".join(b"- " + line if line[:1] == b"-" else line for line in text.split(b"\n"))
    head = b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n"
    end = b"\n-----BEGIN PGP SIGNATURE-----\n\niQIz\n-----END PGP SIGNATURE-----\n"
    return head + dashed + end


def with_specs(mirror: Path, data: bytes, *, sign: bool = False) -> dict[str, Path]:
    """Give a mirror a binary and a manifest for each spec of an index; return the manifests."""
    found = {}
    for key, file in spec_files(data).items():
        node = file["spec"]["nodes"][0]
        # Its size differs from spec to spec, and is known to whoever reads the hash.
        binary = content(mirror, key.encode() * (1 + ord(key[0]) % 7), _TARBALL, "gzip")
        packed = gzip.compress(json.dumps(file).encode(), mtime=0)
        spec = content(mirror, packed, "application/vnd.spack.spec.v5+json", "gzip")
        name = f"{node['name']}-{node['version']}-{key}.spec.manifest.json"
        path = manifest(mirror / "v3" / "manifests" / "spec" / node["name"] / name, binary, spec)
        if sign:
            path.write_bytes(signed(path.read_bytes()))
        found[key] = path
    return found


def size_of(key: str) -> int:
    """Return the size of the binary that `with_specs` makes of a spec."""
    return 32 * (1 + ord(key[0]) % 7)


def v2_mirror(mirror: Path, data: bytes, *, sign: bool = True) -> Path:
    """Return a mirror of the v2 layout: an index, and of each spec a file, a binary and a key."""
    folder = mirror / "build_cache"
    (folder / "_pgp").mkdir(parents=True)
    (folder / "_pgp" / "75BC.pub").write_bytes(b"a key")
    for key, file in spec_files(data).items():
        binary = folder / "linux" / f"linux-{key}.spack"
        binary.parent.mkdir(exist_ok=True)
        binary.write_bytes(key.encode() * (1 + ord(key[0]) % 7))
        sha256 = hashlib.sha256(binary.read_bytes()).hexdigest()
        checksum = {"hash_algorithm": "sha256", "hash": sha256}
        text = json.dumps({**file, "binary_cache_checksum": checksum}).encode()
        name = f"linux-{key}.spec.json"
        (folder / (f"{name}.sig" if sign else name)).write_bytes(signed(text) if sign else text)
    (folder / "index.json").write_bytes(data)
    return mirror


def oci_layout(folder: Path, data: bytes, *, index: bool = True) -> Path:
    """Return an OCI image layout that holds the specs of an index, as Spack pushes them."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    manifests = []

    def put(blob: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(blob).hexdigest()
        (blobs / sha256).write_bytes(blob)
        return {"digest": f"sha256:{sha256}", "size": len(blob)}

    def push(tag: str, config: dict[str, Any], *layers: bytes) -> None:
        image = {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "schemaVersion": 2,
            "config": put(json.dumps(config).encode()),
            "layers": [put(layer) for layer in layers],
        }
        named = {"annotations": {"org.opencontainers.image.ref.name": tag}}
        manifests.append(put(json.dumps(image).encode()) | named)

    for key, file in spec_files(data).items():
        binary = key.encode() * (1 + ord(key[0]) % 7)
        checksum = {"hash_algorithm": "sha256", "hash": hashlib.sha256(binary).hexdigest()}
        node = file["spec"]["nodes"][0]
        # The layers of what it needs come first.
        tag = f"{node['name']}-{node['version']}-{key}.spack"
        config = {"architecture": "amd64", **file, "binary_cache_checksum": checksum}
        push(tag, config, b"a dependency", binary)
    if index:
        push("index.spack", {}, data)
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    return folder
