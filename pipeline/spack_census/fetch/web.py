"""The one place where an address is opened: over http and https, and never for longer than allowed.

Whatever a server says or keeps to itself ends as an answer, as `Broken`, which another attempt may
mend, or as a SourceError, which none does.
"""

from __future__ import annotations

import functools
import http
import http.client
import re
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol
from urllib.parse import SplitResult

from spack_census.errors import SourceError
from spack_census.fetch import addresses, connections, credentials
from spack_census.fetch.patience import Meter, Patience
from spack_census.fetch.reach import Reach

_AGENT = "spack-census"
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 10
_LENGTH = re.compile("[0-9]{1,15}")
_CLEAN = re.compile("[!-~ ]{1,500}")


class Broken(Exception):  # noqa: N818 - caught in this room, and tried again
    """The transfer broke off, and another attempt may bring the rest."""

    def __init__(self, message: str, wait_seconds: float = 0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


class Login(Protocol):
    """How to identify oneself to the host that the user named."""

    def header(self, parts: SplitResult) -> str | None:
        """Return the header Authorization for an address, None where it gets none."""

    def renew(self, url: str, challenges: list[str], sent: str | None, meter: Meter) -> bool:
        """Answer the challenges of an address; return whether `header` returns another one now.

        `sent` is the header that was not enough.
        """


@dataclass(frozen=True, slots=True)
class Web:
    """What all downloads of a fetch share."""

    reach: Reach
    patience: Patience
    halted: threading.Event = field(default_factory=threading.Event)
    """Set where the rest of the fetch is not wanted any more."""
    login: Login | None = None
    """By default the token or password of the environment or netrc is sent, and that is all."""

    def meter(self) -> Meter:
        """Return the time that a download has."""
        return Meter(self.patience, self.halted)


class Answer(NamedTuple):
    """What a server answered, its contents still to be read."""

    url: str
    status: int
    reason: str
    headers: Mapping[str, str]
    read: Callable[[int], bytes]
    """Returns up to so many bytes, none at the end; raises Broken."""

    @property
    def length(self) -> int | None:
        """The number of bytes that follow, None where the server keeps it to itself."""
        said = self.headers.get("Content-Length")
        if said is None:
            return None
        if not _LENGTH.fullmatch(said):
            raise Broken(f"the server announces a length of {said[:40]!r}")
        return int(said)

    def clean(self, name: str) -> str | None:
        """Return a header that can be sent back as it is, None where it cannot or is not there."""
        said = self.headers.get(name)
        return said if said is not None and _CLEAN.fullmatch(said) else None


@contextmanager
def opened(
    url: str, headers: Mapping[str, str], web: Web, meter: Meter, method: str = "GET"
) -> Iterator[Answer]:
    """Ask for an address, following where it redirects to, and yield what is answered.

    Raises Broken, and SourceError for an address that is not to be opened.
    """
    may_renew = web.login is not None
    for _ in range(_MOST_REDIRECTS + 1):
        secret = _authorization(url, web)
        request = _request(url, method, headers, secret)
        with closing(_ask(request, web, meter)) as response:
            if may_renew and _is_renewed(url, response, secret, web, meter):
                may_renew = False
                continue
            location = response.headers.get("Location")
            if response.status not in _REDIRECTS or location is None:
                reason = "".join(filter(_CLEAN.fullmatch, response.reason or ""))
                yield Answer(
                    url,
                    response.status,
                    addresses.without_secrets(reason)[:60],
                    response.headers,
                    functools.partial(_read, response),
                )
                return
        target = addresses.joined(url, location)
        web.reach.demand_step(url, target)
        url = target
    message = f"{addresses.shown(url)}: more than {_MOST_REDIRECTS} redirects"
    raise SourceError(message, "see whether the address is right")


def _is_renewed(url: str, response: Any, sent: str | None, web: Web, meter: Meter) -> bool:
    """Answer the challenge of a response that has one; return whether to ask again."""
    if response.status != http.HTTPStatus.UNAUTHORIZED or web.login is None:
        return False
    challenges = response.headers.get_all("WWW-Authenticate") or []
    return web.login.renew(url, challenges, sent, meter)


def _read(response: Any, size: int) -> bytes:
    with _broken():
        # read1 gives what has come: a broken transfer keeps all of it.
        data = response.read1(size)
        assert isinstance(data, bytes)
        return data


def _authorization(url: str, web: Web) -> str | None:
    parts = addresses.checked(url)
    if web.login is not None:
        return web.login.header(parts)
    return credentials.authorization(parts, web.reach)


def _request(
    url: str, method: str, headers: Mapping[str, str], secret: str | None
) -> urllib.request.Request:
    always = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    always |= {"Authorization": secret} if secret else {}
    return urllib.request.Request(url, headers={**headers, **always}, method=method)  # noqa: S310 - the opener knows http and https only


def _ask(request: urllib.request.Request, web: Web, meter: Meter) -> Any:
    with _broken():
        return connections.opener(web.reach, meter).open(request, timeout=meter.silence())


@contextmanager
def _broken() -> Iterator[None]:
    """Turn whatever the network, TLS and `http.client` raise into Broken."""
    try:
        yield
    except urllib.error.URLError as error:
        raise _named(error.reason) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise _named(error) from error


def _named(error: object) -> Broken | SourceError:
    if isinstance(error, ssl.SSLCertVerificationError):
        message = f"its certificate is not to be trusted: {error.verify_message}"
        return SourceError(message, "for an authority of your own: SSL_CERT_FILE=FILE census …")
    text = getattr(error, "strerror", None) or str(error)
    kind = "" if isinstance(error, str | ssl.SSLError) else f"{type(error).__name__}: "
    return Broken(addresses.without_secrets(f"{kind}{text}")[:200])
