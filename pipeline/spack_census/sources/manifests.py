"""The manifests of a v3 mirror: which blobs make up an index, or a spec and its binary.

{"version": 3, "data": [{"contentLength": 2736, "mediaType": "application/vnd.spack.spec.v5+json",
 "compression": "gzip", "checksumAlgorithm": "sha256", "checksum": "307f…"}]}

One that is clear-signed is read for what it says; nobody looks whether its signature holds.
"""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

import msgspec

from spack_census.documents.records import Reason, Rejected
from spack_census.sources import places

INDEX = "application/vnd.spack.db"
SPEC = "application/vnd.spack.spec"
TARBALL = "application/vnd.spack.install"
"""How the media types of the blobs begin; what follows is a version."""

FETCH = "fetch it again: census fetch URL --to FOLDER"
_SHA256 = re.compile("[0-9a-f]{64}")
_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----\n"
_SIGNATURE = b"\n-----BEGIN PGP SIGNATURE-----"


class Content(msgspec.Struct):
    """One record of a v3 manifest."""

    contentLength: int  # noqa: N815 - the manifest's own name
    mediaType: str  # noqa: N815 - the manifest's own name
    compression: str
    checksumAlgorithm: str  # noqa: N815 - the manifest's own name
    checksum: str


class _Manifest(msgspec.Struct):
    version: int
    data: list[Content]


_MANIFEST = msgspec.json.Decoder(_Manifest)


def signed_text(data: bytes) -> bytes:
    """Return what a clear-signed text says, any other as it is; raises Rejected if it is cut short.

    The form is that of RFC 9580, section 7: headers, an empty line, the text with `- ` before each
    line that begins with a dash, the signature.
    """
    plain = data.replace(b"\r\n", b"\n")
    if not plain.startswith(_SIGNED):
        return data
    _, blank, rest = plain.partition(b"\n\n")
    text, mark, _ = rest.partition(_SIGNATURE)
    if not blank or not mark:
        message = "a signed text that is cut short"
        raise Rejected(Reason.BAD_JSON, "manifest", message, FETCH)
    return re.sub(rb"^- ", b"", text, flags=re.MULTILINE)


def contents(manifest: bytes) -> list[Content]:
    """Return the records of a v3 manifest, signed or not; raises Rejected."""
    try:
        return _MANIFEST.decode(signed_text(manifest)).data
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        message = f"no manifest: {error}"
        raise Rejected(Reason.BAD_JSON, "manifest", message, FETCH) from error


def content_of(manifest: bytes, media_type: str) -> Content | None:
    """Return the first record of a v3 manifest whose media type begins so; raises Rejected."""
    return next(
        (each for each in contents(manifest) if each.mediaType.startswith(media_type)), None
    )


def demanded(manifest: bytes, media_type: str) -> Content:
    """Return the record of this media type; raises Rejected where there is none to be followed."""
    content = content_of(manifest, media_type)
    if content is None or not _SHA256.fullmatch(content.checksum):
        message = f"no record of {media_type}… with a SHA-256"
        raise Rejected(Reason.MISSING_KEY, "manifest.data", message, FETCH)
    return content


def hash_of(path: Path) -> str:
    """Return the DAG hash in the name of a spec's manifest."""
    return path.name.removesuffix(places.SPEC_SUFFIX)[-32:]


def of_specs(root: Path, mirror: str) -> list[Path]:
    """Return the manifests of a mirror's specs, sorted."""
    return sorted((root / mirror / places.SPECS).glob(f"*/*{places.SPEC_SUFFIX}"))


def sizes(root: Path, mirror: str, hashes: Container[str]) -> tuple[dict[str, int], int]:
    """Return the size of each binary that a mirror tells, in bytes.

    By a v3 mirror's spec manifests, by the files themselves of a v2 mirror. And the number of
    manifests of these hashes that cannot be read.
    """
    binaries = (root / mirror / "build_cache").glob("**/*.spack")
    found = {path.stem[-32:]: path.stat().st_size for path in binaries if path.is_file()}
    found = {key: size for key, size in found.items() if key in hashes}
    broken = 0
    for path in of_specs(root, mirror):
        spec_hash = hash_of(path)
        if spec_hash not in hashes:
            continue
        try:
            content = content_of(path.read_bytes(), TARBALL)
        except (Rejected, OSError):
            broken += 1
        else:
            if content is not None:
                found[spec_hash] = content.contentLength
    return found, broken
