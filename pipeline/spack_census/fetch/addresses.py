"""Addresses of build caches: which are remote, what they name, and their folders in the cache."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from spack_census.errors import SourceError
from spack_census.sources import mirror
from spack_census.sources.listing import LISTING

PUBLIC = f"https://binaries.spack.io/{LISTING}"


def is_remote(source: str) -> bool:
    """Tell whether a source is to be fetched before it can be read."""
    return urlsplit(source).scheme in ("http", "https", "s3")


def http_url(url: str) -> str:
    """Return the URL under which HTTP knows a build cache; raises SourceError if it has none."""
    parts = urlsplit(url)
    if parts.scheme == "s3":
        if parts.netloc != "spack-binaries":
            message = f"{url}: of s3 only the public bucket s3://spack-binaries is read"
            raise SourceError(message, "name its https address, or copy it to a folder")
        return f"https://binaries.spack.io{parts.path}"
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise SourceError(f"{url!r} is no address of a build cache", f"one is {PUBLIC}")
    return url


def split(url: str) -> tuple[str, str | None]:
    """Return the base of a URL and the file it names there, None where it names a mirror."""
    parts = urlsplit(url)
    whole = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    for name in (LISTING, *mirror.INDEXES, f"{mirror.V2_INDEX}.gz"):
        if whole.endswith(f"/{name}"):
            return whole.removesuffix(f"/{name}"), name.removesuffix(".gz")
    if whole.endswith((".json", ".json.gz")):
        base, _, name = whole.rpartition("/")
        return base, name
    return whole, None


def place(base: str) -> Path:
    """Return the folder for a build cache, below that of its host: no two share one."""
    parts = urlsplit(base)
    inside = [quote(part, safe="@+=~,") for part in parts.path.split("/") if part.strip(".")]
    return Path(quote(parts.netloc, safe=""), *inside)


def local(source: str) -> Path:
    """Return the path that a source names, be it written as a file:// address."""
    parts = urlsplit(source)
    return Path(unquote(parts.path) if parts.scheme == "file" else source)
