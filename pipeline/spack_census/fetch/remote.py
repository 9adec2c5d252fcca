"""Download one file over HTTP: again where it pays, on from where it broke off, and never half.

A file appears under its name when all of it is there and on the disk.
"""

from __future__ import annotations

import http
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from spack_census.disk import durable
from spack_census.documents.limits import LIMITS
from spack_census.errors import SourceError
from spack_census.fetch import addresses, attempts, web
from spack_census.fetch.parts import Part
from spack_census.fetch.patience import Meter
from spack_census.fetch.state import Known
from spack_census.fetch.web import Answer, Broken, Web

_CHUNK_BYTES = 256 * 1024

MEND = "mend that, or fetch elsewhere: --to DIR; what was fetched is kept"
"""What to do where the disk fails."""

OnBytes = Callable[[int], None]


class Status(StrEnum):
    """What became of a download."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MISSING = "missing"


class Download(NamedTuple):
    """The result of a download."""

    status: Status
    known: Known


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file: from where, to where, and what is known of it."""

    url: str
    folder: Path
    relative: str
    known: Known
    """What stands there; nothing is known of a file that is not there, or is not as it was."""
    sha256: str | None = None
    """Nothing with another checksum passes for the file."""

    @property
    def path(self) -> Path:
        """Where the file belongs."""
        return self.folder / self.relative


@dataclass(slots=True)
class Server:
    """Brings files of a web server here, which does not tell what it holds."""

    net: Web
    hints: tuple[str, ...] = ()

    @property
    def halted(self) -> threading.Event:
        """Set where the rest of the fetch is not wanted any more."""
        return self.net.halted

    def bring(self, wanted: Wanted, on_bytes: OnBytes) -> Download:
        """Bring a file up to date with its URL."""
        return download(wanted, self.net, on_bytes)

    def listed_url(self, url: str) -> str:
        """Return the URL of what a list names; raises SourceError where it may not name that."""
        return self.net.reach.demand_listed(url)


def download(wanted: Wanted, net: Web, on_bytes: OnBytes = lambda _count: None) -> Download:
    """Bring a file up to date with its URL.

    A download that breaks off leaves what came, and goes on from there. Raises SourceError where
    the server refuses, gives up, is too slow or sends too much, CensusError where the disk fails.
    """
    part = Part(wanted.folder, wanted.relative)

    def attempt(meter: Meter) -> Download:
        with durable.errors(wanted.path, MEND):
            return _attempt(wanted, part, net, meter, on_bytes)

    return attempts.patiently(wanted.url, net, attempt)


def _attempt(wanted: Wanted, part: Part, net: Web, meter: Meter, on_bytes: OnBytes) -> Download:
    etag = part.resume()
    with web.opened(wanted.url, _headers(wanted, part, etag), net, meter) as answer:
        return _received(answer, wanted, part, etag, on_bytes)


def _headers(wanted: Wanted, part: Part, etag: str | None) -> dict[str, str]:
    if etag is not None:
        return {"Range": f"bytes={part.size}-", "If-Range": etag}
    headers = {}
    if wanted.known.etag:
        headers["If-None-Match"] = wanted.known.etag
    if wanted.known.modified:
        headers["If-Modified-Since"] = wanted.known.modified
    return headers


def _received(
    answer: Answer, wanted: Wanted, part: Part, resumed: str | None, on_bytes: OnBytes
) -> Download:
    """Return what an answer amounts to; raises Broken, SourceError, OSError."""
    if answer.status == http.HTTPStatus.OK:
        return _taken(answer, wanted, part, 0, on_bytes)
    if answer.status == http.HTTPStatus.PARTIAL_CONTENT:
        if resumed is None:
            raise Broken("the server sent a part where it was asked for the whole")
        if not answer.headers.get("Content-Range", "").startswith(f"bytes {part.size}-"):
            part.remove()
            raise Broken("the server sent another part than it was asked for")
        return _taken(answer, wanted, part, part.size, on_bytes)
    if answer.status == http.HTTPStatus.NOT_MODIFIED:
        if resumed is not None or not (wanted.known.etag or wanted.known.modified):
            part.remove()
            raise Broken("the server says that it has not changed, which it was not asked")
        return Download(Status.UNCHANGED, wanted.known)
    if answer.status in attempts.GONE:
        return Download(Status.MISSING, Known())
    if answer.status == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and resumed is not None:
        part.remove()
        raise Broken("the file became shorter")
    raise attempts.refusal(wanted.url, answer)


def _taken(answer: Answer, wanted: Wanted, part: Part, start: int, on_bytes: OnBytes) -> Download:
    """Take in the bytes from `start` on, and put the file in its place when it is whole."""
    etag = answer.clean("ETag")
    # A weak one does not name these very bytes, which going on would need.
    part.begin(start, etag if etag and etag.startswith('"') else None)
    try:
        _copy(answer, part, start, on_bytes)
    except BaseException:
        part.keep()
        raise
    known = Known(part.size, part.sha256, etag, answer.clean("Last-Modified"))
    if wanted.sha256 is not None and known.sha256 != wanted.sha256:
        part.remove()
        raise Broken(f"it has the SHA-256 {known.sha256}, not the one in its name")
    part.put(wanted.path)
    return Download(Status.NEW, known)


def _copy(answer: Answer, part: Part, start: int, on_bytes: OnBytes) -> None:
    expected = answer.length
    while chunk := answer.read(_CHUNK_BYTES):
        part.add(chunk)
        on_bytes(len(chunk))
        if part.size > LIMITS.index_bytes:
            part.remove()
            message = f"{addresses.shown(answer.url)} is more than {LIMITS.index_bytes:,} bytes"
            raise SourceError(message, "no index is as large: is it one?")
    if expected is not None and part.size - start != expected:
        raise Broken(f"{part.size - start:,} bytes came of {expected:,}")
