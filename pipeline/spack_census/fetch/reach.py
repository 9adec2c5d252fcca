"""Where a fetch may lead: what a list or a redirect names is not what the user named.

A list may name the host that it came from, and those the user allows. Nothing that came from a
public address leads to one of this machine or its network, where other services trust whoever
asks. Nothing that came over https goes on over http.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import SplitResult

from spack_census.errors import SourceError
from spack_census.fetch import addresses


@dataclass(frozen=True, slots=True)
class Reach:
    """The address that the user named, and what may be opened besides."""

    origin: SplitResult
    allowed: frozenset[str] = frozenset()
    """Hosts, as the user wrote them: `example.org` or `example.org:8080`."""
    from_inside: bool = False
    """Whether the origin itself is on this machine or its network."""

    def demand_listed(self, url: str) -> str:
        """Return the URL of what a list names; raises SourceError where it may not name that."""
        address = addresses.http_url(url)
        parts = addresses.checked(address)
        if not self._is_named(parts):
            host = parts.netloc
            message = f"the list names another host than its own, {host}"
            raise SourceError(message, f"if you trust it: census fetch … --allow-host {host}")
        self.demand_step(self.origin.geturl(), address, "names")
        return address

    def demand_step(self, before: str, url: str, verb: str = "redirects to") -> None:
        """Raise SourceError where one may not go from an address to this one."""
        after = addresses.checked(url)
        schemes = (addresses.checked(before).scheme, after.scheme)
        if after.scheme != "https" and schemes != ("http", "http"):
            message = f"{addresses.shown(before)} {verb} {addresses.shown(url)}"
            raise SourceError(message, "only http and https are followed, and never back to http")

    def demand_peer(self, parts: SplitResult, peer: str) -> None:
        """Raise SourceError where the machine that answers for a host is not to be asked."""
        if not self.from_inside and not self._is_named(parts) and is_inside(peer):
            host = parts.netloc
            message = f"{host} is {peer}, an address of this machine or its network"
            raise SourceError(message, f"if you trust it: census fetch … --allow-host {host}")

    def _is_named(self, parts: SplitResult) -> bool:
        host, port = addresses.host_and_port(parts)
        own = addresses.host_and_port(self.origin)
        # From http the same host leads to its https.
        is_own = host == own[0] and port in (own[1], 443 if own[1] == 80 else own[1])
        return is_own or bool(self.allowed & {host, f"{host}:{port}", parts.netloc.lower()})


def reach(url: str, allowed: Iterable[str] = ()) -> Reach:
    """Return where a fetch of this address may lead."""
    origin = addresses.checked(url)
    host, port = addresses.host_and_port(origin)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        # Behind a proxy no name can be resolved here; what cannot be reached will be told later.
        found = []
    from_inside = any(is_inside(str(address[0])) for *_, address in found)
    return Reach(origin, frozenset(each.lower() for each in allowed), from_inside)


def is_here(host: str) -> bool:
    """Tell whether a host, as an address names it, is this machine or on its network."""
    return host == "localhost" or (host[:1].isdigit() and is_inside(host))


def is_inside(peer: str) -> bool:
    """Tell whether an IP address is of this machine or its network, and of no use elsewhere."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return not address.is_global or address.is_multicast
