"""User and password of the host that the user named: from the environment, or from netrc.

They go to that host alone, over https or on this machine, and are written down nowhere.
"""

from __future__ import annotations

import base64
import netrc
import os
from pathlib import Path
from urllib.parse import SplitResult

from spack_census.errors import SourceError
from spack_census.fetch import addresses, reach
from spack_census.fetch.reach import Reach

_USER, _PASSWORD = "CENSUS_FETCH_USER", "CENSUS_FETCH_PASSWORD"


def authorization(parts: SplitResult, where: Reach) -> str | None:
    """Return the header Authorization for an address, None where it gets none.

    Raises SourceError where a password would travel in the clear, or netrc cannot be read.
    """
    if addresses.host_and_port(parts) != addresses.host_and_port(where.origin):
        return None
    found = _found(parts.hostname or "")
    if found is None:
        return None
    if parts.scheme != "https" and not _is_here(parts.hostname or ""):
        message = f"a password for {parts.netloc} would travel over http, where others can read it"
        raise SourceError(message, "name its https address")
    return "Basic " + base64.b64encode(":".join(found).encode()).decode("ascii")


def _is_here(host: str) -> bool:
    return host == "localhost" or (host[:1].isdigit() and reach.is_inside(host))


def _found(host: str) -> tuple[str, str] | None:
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
