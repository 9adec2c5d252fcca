"""Audits of what is elsewhere: a bucket as it is, a registry by what was fetched of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from spack_census.errors import SourceError
from spack_census.fetch import addresses, asking, buckets, images
from spack_census.fetch.buckets import Bucket
from spack_census.fetch.patience import Patience
from spack_census.fetch.registry import Registry, registry
from spack_census.sources import audit as audits
from spack_census.sources.audit import Audit
from spack_census.sources.audit import images as audits_of_images

_CONNECTIONS = 8


@dataclass(frozen=True, slots=True)
class _Blobs:
    """The blobs of an image: those that were fetched, and the others in its registry."""

    root: Path
    registry: Registry

    def sizes(self, places: Iterable[str]) -> Mapping[str, int]:
        """Return the size of each of these blobs that is there."""
        wanted = sorted(places)
        with ThreadPoolExecutor(_CONNECTIONS) as pool:
            found = dict(zip(wanted, pool.map(self._size, wanted), strict=True))
        return {place: size for place, size in found.items() if size is not None}

    def everything(self) -> None:
        """Return None: no registry tells which blobs it holds."""

    def sha256(self, place: str) -> str:
        """Return the SHA-256 of a blob; what was fetched was held against it as it came."""
        if (self.root / place).is_file():
            return audits_of_images.Blobs(self.root).sha256(place)
        return asking.sha256(self._url(place), self.registry.net)

    def _size(self, place: str) -> int | None:
        path = self.root / place
        if path.is_file():
            return path.stat().st_size
        return asking.length(self._url(place), self.registry.net)

    def _url(self, place: str) -> str:
        return self.registry.blob(f"sha256:{place.rpartition('/')[2]}")


def audit(
    place: str,
    *,
    deep: bool,
    fetch: Callable[[str], Path],
    patience: Patience = Patience(),  # noqa: B008 - frozen
) -> Audit:
    """Look at the build cache that a path or an address names, as `sources.audit` does.

    `fetch` brings the manifests and configs of an image into the folder that it returns. Raises
    SourceError where it cannot be listed.
    """
    if images.is_image(place):
        root = fetch(place)
        blobs = _Blobs(root, registry(images.image(place), patience))
        return audits_of_images.look(root, blobs, deep=deep)
    if buckets.is_bucket(place):
        return audits.audit_files(Bucket(addresses.split(place).base, patience), deep=deep)
    if addresses.is_remote(place):
        message = f"{addresses.shown(place)}: no server lists all files of a mirror"
        raise SourceError(message, "copy the mirror to a folder, and name that")
    return audits.audit(addresses.local(place), deep=deep)
