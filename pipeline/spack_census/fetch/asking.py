"""Small answers that are kept in memory: lists of tags, manifests, tokens, lengths."""

from __future__ import annotations

import hashlib
import http
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from spack_census.errors import SourceError
from spack_census.fetch import addresses, attempts, web
from spack_census.fetch.patience import Meter
from spack_census.fetch.web import Answer, Broken, Web

MOST_BYTES = 16 * 1024 * 1024
"""No manifest is as large: registries take them up to 4 MiB."""
_CHUNK_BYTES = 64 * 1024
_NO_HEADERS: Mapping[str, str] = {}


class Contents(NamedTuple):
    """What came."""

    data: bytes
    headers: Mapping[str, str]
    url: str
    """Where it came from, after redirects."""


def read(url: str, net: Web, headers: Mapping[str, str] = _NO_HEADERS) -> Contents | None:
    """Return what lies at an address, None where nothing does; raises SourceError."""

    def attempt(meter: Meter) -> Contents | None:
        with web.opened(url, headers, net, meter) as answer:
            return _whole(answer) if _is_there(url, answer) else None

    return attempts.patiently(url, net, attempt)


def length(url: str, net: Web) -> int | None:
    """Return the number of bytes that lie at an address, None where nothing does.

    Raises SourceError, also where the server keeps it to itself.
    """

    def attempt(meter: Meter) -> int | None:
        with web.opened(url, _NO_HEADERS, net, meter, "HEAD") as answer:
            if not _is_there(url, answer):
                return None
            if answer.length is None:
                raise SourceError("the server does not tell its length", "copy it, and name that")
            return answer.length

    return attempts.patiently(url, net, attempt)


def sha256(url: str, net: Web) -> str:
    """Return the SHA-256 of what lies at an address; raises SourceError, also for nothing."""

    def attempt(meter: Meter) -> str:
        with web.opened(url, _NO_HEADERS, net, meter) as answer:
            if not _is_there(url, answer):
                raise SourceError("it is gone", "look again")
            digest = hashlib.sha256()
            for chunk in _chunks(answer):
                digest.update(chunk)
            return digest.hexdigest()

    return attempts.patiently(url, net, attempt)


def _is_there(url: str, answer: Answer) -> bool:
    if answer.status == http.HTTPStatus.OK:
        return True
    if answer.status in attempts.GONE:
        return False
    raise attempts.refusal(url, answer)


def _whole(answer: Answer) -> Contents:
    data = bytearray()
    for chunk in _chunks(answer):
        data += chunk
        if len(data) > MOST_BYTES:
            message = f"{addresses.shown(answer.url)} is more than {MOST_BYTES:,} bytes"
            raise SourceError(message, "is the address right?")
    return Contents(bytes(data), answer.headers, answer.url)


def _chunks(answer: Answer) -> Iterator[bytes]:
    size = 0
    while chunk := answer.read(_CHUNK_BYTES):
        size += len(chunk)
        yield chunk
    if answer.length not in (None, size):
        raise Broken(f"{size:,} bytes came of {answer.length:,}")
