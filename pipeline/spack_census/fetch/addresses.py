"""Addresses of build caches: which are remote, what they name, and their folders in the cache.

Whatever an address holds, these functions return or raise SourceError. A password in an address
would be seen in lists of processes, logs and histories, so that none is taken.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from spack_census.errors import SourceError
from spack_census.sources import places
from spack_census.sources.listing import LISTING

PUBLIC = f"https://binaries.spack.io/{LISTING}"
_REMOTE = re.compile(r"(?:https?|s3|gs|oci|oci\+http):", re.IGNORECASE)
_PRINTABLE = re.compile(r"[!-~]+")
_SECRETS = re.compile(r"(?<=//)[^/?#]*@|[^/?#]*:[^/?#]*@")
"""What may be a user's name and password, also where an address is none."""
_PORTS = {"http": 80, "https": 443}
GIVE_SECRETS = (
    "give them in the environment: CENSUS_FETCH_USER, CENSUS_FETCH_PASSWORD, or CENSUS_FETCH_TOKEN",
    "or in ~/.netrc: machine HOST login USER password PASSWORD",
)
"""Where user and password belong."""


class Named(NamedTuple):
    """What an address names: where the build cache lies, and a file there."""

    base: str
    """Without a slash at its end."""
    relative: str | None
    """None where the address names a mirror, or a folder with a list."""
    query: str
    """What stands behind the question mark, for each file of that base; empty where none does."""

    def url(self, relative: str) -> str:
        """Return the address of a file of this build cache."""
        path = quote(relative, safe="/%:@+=~,")
        return f"{self.base}/{path}" + (f"?{self.query}" if self.query else "")


def is_remote(source: str) -> bool:
    """Tell whether a source is to be fetched before it can be read."""
    return _REMOTE.match(source) is not None


def http_url(url: str) -> str:
    """Return the URL under which HTTP knows a build cache; raises SourceError if it has none."""
    parts = checked(url)
    if parts.scheme == "s3":
        if not is_public(url):
            message = f"{shown(url)}: of s3 a list on a web server names s3://spack-binaries alone"
            raise SourceError(message, "report it to those who publish the list")
        return f"https://binaries.spack.io{parts.path}"
    if parts.scheme not in _PORTS or not parts.hostname:
        raise SourceError(f"{shown(url)!r} is no address of a build cache", f"one is {PUBLIC}")
    return url


def is_public(url: str) -> bool:
    """Tell whether an address is one of the public bucket, which is read over HTTP."""
    return checked(url)[:2] == ("s3", "spack-binaries")


def checked(url: str) -> SplitResult:
    """Return the parts of an address; raises SourceError where it is none, or holds a password."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        _ = parts.port
    except ValueError as error:
        message = f"{shown(url)!r} is no address: {error}"
        raise SourceError(message, f"one is {PUBLIC}") from error
    if not _PRINTABLE.fullmatch(url) or "%" in host:
        message = f"{shown(url)!r} is no address: it holds a blank, or what is no ASCII"
        raise SourceError(message, "in the path write such characters as %20 and the like")
    if "@" in parts.netloc:
        message = f"{shown(url)} holds a user's name or password, which others could read there"
        raise SourceError(message, "leave it out", *GIVE_SECRETS)
    return parts


def shown(url: str) -> str:
    """Return an address as it may be printed: without password, and with no query, or signature."""
    bare, mark, _ = without_secrets(url).partition("?")
    return f"{bare}{mark}…" if mark else bare


def without_secrets(text: str) -> str:
    """Return text of which some may be an address, without what may be a password."""
    return _SECRETS.sub("…@", text)


def joined(url: str, location: str) -> str:
    """Return where a redirect from an address leads; raises SourceError where that is nowhere."""
    try:
        # Browsers and servers are lax: what is no ASCII is escaped, as they do.
        place = quote(location, safe="%/:=&?~#+!$,;'@()*[]", encoding="iso-8859-1")
        return urljoin(url, place).partition("#")[0]
    except (ValueError, UnicodeError) as error:
        message = f"{shown(url)} redirects to {shown(location)!r}, which is no address"
        raise SourceError(message, "report it to those who run the server") from error


def host_and_port(parts: SplitResult) -> tuple[str, int]:
    """Return what a connection is made to."""
    return (parts.hostname or "").lower().rstrip("."), parts.port or _PORTS.get(parts.scheme, 0)


def split(url: str) -> Named:
    """Return what a URL names: the base, and the file there, None where it names a mirror."""
    parts = urlsplit(url)
    whole = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    manifest = places.index_manifest(whole)
    if manifest is not None and manifest.view is not None:
        return Named(manifest.mirror.rstrip("/"), places.view(manifest.view), parts.query)
    for name in (LISTING, *places.INDEXES, f"{places.V2_INDEX}.gz"):
        if whole.endswith(f"/{name}"):
            base, relative = whole.removesuffix(f"/{name}"), name.removesuffix(".gz")
            return Named(base, relative, parts.query)
    if whole.endswith((".json", ".json.gz")):
        base, _, name = whole.rpartition("/")
        return Named(base, name, parts.query)
    return Named(whole, None, parts.query)


def with_suffix(url: str, suffix: str) -> str:
    """Return the address of a file that is named as another one, with this added."""
    path, mark, query = url.partition("?")
    return f"{path}{suffix}{mark}{query}"


def place(named: Named) -> Path:
    """Return the folder for a build cache, below that of its host: no two share one."""
    parts = urlsplit(named.base)
    host = quote(parts.netloc, safe="")
    if parts.scheme not in _PORTS:
        host = f"{parts.scheme}+{host}"
    inside = [quote(part, safe="@+=~,") for part in parts.path.split("/") if part.strip(".")]
    if named.query:
        # It may be a signature, which is nobody's business.
        inside.append(f"query-{hashlib.sha256(named.query.encode()).hexdigest()[:12]}")
    return Path(host, *inside)


def local(source: str) -> Path:
    """Return the path that a source names, be it written as a file:// address."""
    if not source.lower().startswith("file:"):
        return Path(source)
    parts = checked(source)
    if parts.netloc not in ("", "localhost"):
        message = f"{shown(source)} names a file of another machine"
        raise SourceError(message, "write file:///, and the path from the root of this machine")
    return Path(unquote(parts.path))
