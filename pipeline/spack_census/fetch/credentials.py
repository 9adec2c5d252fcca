"""What the host that the user named asks for: a token or password, of the environment or netrc.

They go to that host alone, over https or on this machine, and are written down nowhere.
"""

from __future__ import annotations

import base64
import netrc
import os
import re
from pathlib import Path
from urllib.parse import SplitResult

from spack_census.errors import SourceError
from spack_census.fetch import addresses, reach
from spack_census.fetch.reach import Reach

_USER, _PASSWORD, _TOKEN = "CENSUS_FETCH_USER", "CENSUS_FETCH_PASSWORD", "CENSUS_FETCH_TOKEN"
_VISIBLE = re.compile(r"[!-~]+")


def authorization(parts: SplitResult, where: Reach) -> str | None:
    """Return the header Authorization for an address, None where it gets none.

    A token from the environment goes before user and password. Raises SourceError where it would
    travel in the clear, or netrc cannot be read.
    """
    if addresses.host_and_port(parts) != addresses.host_and_port(where.origin):
        return None
    return bearer(parts) or basic(parts, pair(parts.hostname or ""))


def bearer(parts: SplitResult) -> str | None:
    """Return the header that gives an address the token of the environment, if there is one."""
    token = os.environ.get(_TOKEN)
    if not token:
        return None
    if not _VISIBLE.fullmatch(token):
        raise SourceError(f"{_TOKEN} is no token: it holds a blank", "set it to the token alone")
    return _private(parts, f"Bearer {token}")


def basic(parts: SplitResult, found: tuple[str, str] | None) -> str | None:
    """Return the header that gives an address a user and password, None for none."""
    if found is None:
        return None
    return _private(parts, "Basic " + base64.b64encode(":".join(found).encode()).decode("ascii"))


def _private(parts: SplitResult, header: str) -> str:
    if parts.scheme != "https" and not reach.is_here(parts.hostname or ""):
        message = f"a password for {parts.netloc} would travel over http, where others can read it"
        raise SourceError(message, "name its https address")
    return header


def pair(host: str) -> tuple[str, str] | None:
    """Return user and password of a host, from the environment or netrc; raises SourceError."""
    user, password = os.environ.get(_USER), os.environ.get(_PASSWORD)
    if user is not None and password is not None:
        return user, password
    path = Path(os.environ.get("NETRC") or Path.home() / ".netrc")
    if not path.is_file():
        return None
    try:
        # Without `default`: that password would be sent to whatever host is named.
        login, _, secret = netrc.netrc(str(path)).hosts.get(host, (None, None, None))
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError) as error:
        # The error's own text could hold a word of the file.
        raise SourceError(f"{path} cannot be read as netrc", "mend it, or set NETRC") from error
    return None if login is None or secret is None else (login, secret)
