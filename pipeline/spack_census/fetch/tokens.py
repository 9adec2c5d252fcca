"""How a registry is told who asks: the token authentication of Docker's registries, or Basic.

It answers 401 with `Bearer realm="https://auth.example/token",service="…",scope="…"`; at that
realm a token is had, with user and password where there are some, for nobody in particular where
there are none. Both go to the host that was named and to the realm that it names, no further.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from urllib.parse import SplitResult, urlencode

import msgspec

from spack_census.errors import SourceError
from spack_census.fetch import addresses, asking, credentials, docker
from spack_census.fetch.images import Image
from spack_census.fetch.patience import Meter
from spack_census.fetch.web import Web

_CHALLENGE = re.compile(r"(?:^|,)\s*(bearer|basic)\b", re.IGNORECASE)
_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))')
_TOKEN = re.compile(r"[!-~]{1,100000}")


class _Answer(msgspec.Struct):
    token: str = ""
    access_token: str = ""


class _Challenge(NamedTuple):
    scheme: str
    parameters: dict[str, str]


@dataclass(slots=True)
class RegistryLogin:
    """Identifies itself to the registry of one image, as often as it is asked to."""

    image: Image
    net: Web
    """Without a login: what asks for tokens."""
    _header: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._header = credentials.bearer(self.net.reach.origin)

    def header(self, parts: SplitResult) -> str | None:
        """Return the header Authorization for an address of the registry, for others None."""
        return self._header if self._is_own(parts) else None

    def renew(self, url: str, challenges: list[str], sent: str | None, meter: Meter) -> bool:
        """Answer the challenges of an address; return whether `header` returns another one now."""
        meter.left()
        if not self._is_own(addresses.checked(url)):
            return False
        with self._lock:
            # Several files are asked for at once: the first that is refused answers for all.
            if self._header == sent:
                self._header = self._answer(_challenges(challenges)) or sent
            return self._header != sent

    def _is_own(self, parts: SplitResult) -> bool:
        own = addresses.host_and_port(self.net.reach.origin)
        return addresses.host_and_port(parts) == own

    def _answer(self, challenges: list[_Challenge]) -> str | None:
        host = self.image.host
        found = credentials.pair(self.net.reach.origin.hostname or "") or docker.credentials(
            host, self.image.name
        )
        for each in challenges:
            if each.scheme == "bearer" and "realm" in each.parameters:
                return f"Bearer {self._token(each.parameters, found)}"
        if found is not None and any(each.scheme == "basic" for each in challenges):
            return credentials.basic(self.net.reach.origin, found)
        return None

    def _token(self, asked: dict[str, str], found: tuple[str, str] | None) -> str:
        realm = asked["realm"]
        self.net.reach.demand_step(self.net.reach.origin.geturl(), realm, "asks for a token of")
        query = {"scope": asked.get("scope") or f"repository:{self.image.name}:pull"}
        query |= {"service": asked["service"]} if "service" in asked else {}
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}"
        parts = addresses.checked(url)
        login = _Once(parts, credentials.basic(parts, found))
        answer = asking.read(url, replace(self.net, login=login))
        if answer is None:
            message = f"{parts.hostname} gives no token for {self.image}"
            raise SourceError(message, *how_to_log_in(self.image))
        try:
            told = msgspec.json.decode(answer.data, type=_Answer)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            told = _Answer()
        token = told.token or told.access_token
        if not _TOKEN.fullmatch(token):
            message = f"{addresses.shown(realm)} answers with what holds no token"
            raise SourceError(message, "report it to those who run the registry")
        return token


class _Once(NamedTuple):
    """The header for the host of a realm, and for no other."""

    realm: SplitResult
    authorization: str | None

    def header(self, parts: SplitResult) -> str | None:
        own = addresses.host_and_port(self.realm)
        return self.authorization if addresses.host_and_port(parts) == own else None

    def renew(self, url: str, challenges: list[str], sent: str | None, meter: Meter) -> bool:
        del url, challenges, sent, meter
        return False


def how_to_log_in(image: Image) -> list[str]:
    """Return what to do where a registry does not let one in."""
    steps = [f"log in: docker login {image.host}", *addresses.GIVE_SECRETS]
    helper = docker.helper(image.host)
    if helper is not None:
        steps.append(f"docker-credential-{helper} may keep them: it is not asked")
    return steps


def _challenges(headers: list[str]) -> list[_Challenge]:
    """Return what the headers WWW-Authenticate ask for; parts that are nothing known are left."""
    found = []
    for header in headers:
        marks = [*_CHALLENGE.finditer(header)]
        ends = [*(mark.start() for mark in marks[1:]), len(header)]
        for mark, end in zip(marks, ends, strict=False):
            parameters = {
                name.lower(): re.sub(r"\\(.)", r"\1", quoted) or plain
                for name, quoted, plain in _PARAMETER.findall(header[mark.end() : end])
            }
            found.append(_Challenge(mark[1].lower(), parameters))
    return found
