"""Addresses of OCI images that hold a build cache: oci://HOST/NAME, with a :TAG or without.

They are read as Spack and Docker read them: without a host it is one of Docker Hub, and names are
in small letters. `oci://` is https, but http on this machine; `oci+http://` is http.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from spack_census.errors import SourceError
from spack_census.fetch import addresses
from spack_census.sources import oci

DOCKER_HUB = "index.docker.io"
_SCHEME = re.compile(r"oci(?:\+http)?:", re.IGNORECASE)
_PART = "[a-zA-Z0-9]+(?:(?:[._]|__|-+)[a-zA-Z0-9]+)*"
_REFERENCE = re.compile(
    rf"oci(?P<plain>\+http)?://(?:(?P<host>[^/@]+)/)?(?P<name>{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>\w[\w.-]{0,127}))?/?",
    re.IGNORECASE | re.ASCII,
)
_IS_HOST = re.compile(r"localhost|.*[.:].*|.*[A-Z].*")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]+){3}|\[::1\])(?::[0-9]+)?")


class Image(NamedTuple):
    """An image of a registry."""

    scheme: str
    """Of its API: http or https."""
    host: str
    """With the port, where it has one."""
    name: str
    tag: str
    """Of the index."""

    @property
    def base(self) -> str:
        """The address of what the registry's API has of it, without a slash at its end."""
        return f"{self.scheme}://{self.host}/v2/{self.name}"

    @property
    def folder(self) -> Path:
        """Where it is kept in the cache; the folders of mirrors have other names."""
        return Path(f"oci+{quote(self.host, safe='')}", *self.name.split("/"))

    def __str__(self) -> str:
        return f"oci://{self.host}/{self.name}"


def is_image(url: str) -> bool:
    """Tell whether an address is one of an OCI image."""
    return _SCHEME.match(url) is not None


def image(url: str) -> Image:
    """Return the image that an address names; raises SourceError for none."""
    addresses.checked(url)
    found = _REFERENCE.fullmatch(url)
    if found is None:
        message = f"{addresses.shown(url)} is no address of an image"
        raise SourceError(message, "one is oci://ghcr.io/NAME/CACHE", "a digest cannot be named")
    host, name = found["host"], found["name"]
    if host is not None and not _IS_HOST.fullmatch(host):
        # Docker's rule: what has neither dot nor port is a name on its own registry.
        host, name = None, f"{host}/{name}"
    elif host is None:
        name = f"library/{name}"
    host = (host or DOCKER_HUB).lower()
    is_plain = found["plain"] is not None or _LOOPBACK.fullmatch(host) is not None
    scheme = "http" if is_plain else "https"
    addresses.checked(f"{scheme}://{host}/")
    if not urlsplit(f"{scheme}://{host}").hostname:
        raise SourceError(f"{addresses.shown(url)} names no host", "write oci://HOST/NAME")
    return Image(scheme, host, name.lower(), found["tag"] or oci.INDEX_TAG)
