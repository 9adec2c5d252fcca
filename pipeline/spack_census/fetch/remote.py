"""Download one file over HTTP: again where it pays, on from where it broke off, and never half.

A file appears under its name when all of it is there. Redirects lead to http and https only, and
from https to nothing weaker.
"""

from __future__ import annotations

import hashlib
import http.client
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from spack_census.documents.limits import LIMITS
from spack_census.errors import SourceError

_CHUNK_BYTES = 256 * 1024
_AGENT = "spack-census"
_GONE = (403, 404, 410)
"""A bucket that may not be listed answers 403 for what it lacks."""
_AGAIN = (408, 425, 429, 500, 502, 503, 504)
_RETRY = "try again later: what was fetched is kept"

OnBytes = Callable[[int], None]


class Status(StrEnum):
    """What became of a download."""

    NEW = "new"
    UNCHANGED = "unchanged"
    MISSING = "missing"


class Validators(NamedTuple):
    """What the server said of a file when it was fetched, to ask whether it has changed."""

    etag: str | None = None
    modified: str | None = None

    @property
    def strong(self) -> str | None:
        """What names these very bytes, so that a download can go on where it broke off."""
        return self.etag if self.etag and not self.etag.startswith("W/") else None


class Download(NamedTuple):
    """The result of a download."""

    status: Status
    validators: Validators


class _Broken(Exception):  # noqa: N818 - caught here, tried again
    """The transfer broke off, and another attempt may bring the rest."""

    def __init__(self, message: str, wait_seconds: float = 0) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait and how often to try."""

    timeout_seconds: float = 30
    attempts: int = 4
    pause_seconds: float = 1
    """Before the second attempt; twice as long before each further one, and up to half more."""
    longest_pause_seconds: float = 60


class _Redirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        before, after = urlsplit(req.full_url).scheme, urlsplit(newurl).scheme
        if after != "https" and (before, after) != ("http", "http"):
            message = f"{req.full_url} redirects to {newurl}"
            raise SourceError(message, "only http and https are followed, and never back to http")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _opener() -> urllib.request.OpenerDirector:
    # `build_opener` would add handlers for ftp, file and data, which a redirect could reach.
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPErrorProcessor,
        _Redirects,
    ):
        opener.add_handler(handler())
    return opener


def download(
    url: str,
    path: Path,
    known: Validators,
    patience: Patience,
    on_bytes: OnBytes = lambda _count: None,
    sha256: str | None = None,
) -> Download:
    """Bring a file up to date with a URL; `known` is what the server last said of it.

    With `sha256` nothing else passes for the file. A download that breaks off leaves
    `<name>.part`, and goes on from there. Raises SourceError where the server refuses, gives up
    or sends too much, OSError where the disk does.
    """
    for attempt in range(1, patience.attempts + 1):
        try:
            return _attempt(url, path, known, patience.timeout_seconds, on_bytes, sha256)
        except _Broken as broken:
            if attempt == patience.attempts:
                message = f"{url}: {broken} (tried {attempt} times)"
                raise SourceError(message, _RETRY) from broken
            pause = patience.pause_seconds * 2 ** (attempt - 1) * random.uniform(1, 1.5)  # noqa: S311 - no secret
            time.sleep(min(max(pause, broken.wait_seconds), patience.longest_pause_seconds))
    raise AssertionError("at least one attempt")


def _attempt(
    url: str,
    path: Path,
    known: Validators,
    timeout_seconds: float,
    on_bytes: OnBytes,
    sha256: str | None,
) -> Download:
    request = urllib.request.Request(url, headers=_headers(path, known))  # noqa: S310 - the opener knows http and https only
    try:
        with _opener().open(request, timeout=timeout_seconds) as response:
            return _receive(response, path, on_bytes, sha256)
    except urllib.error.HTTPError as error:
        return _refused(error, url, path, known)
    except urllib.error.URLError as error:
        raise _Broken(str(error.reason)) from error
    except (http.client.HTTPException, TimeoutError, ConnectionError) as error:
        raise _Broken(f"{type(error).__name__}: {error}") from error


def _headers(path: Path, known: Validators) -> dict[str, str]:
    headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity"}
    part = part_of(path)
    if part.exists():
        mark = part.with_suffix(".etag")
        if mark.exists() and part.stat().st_size:
            headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": mark.read_text()}
    elif path.exists():
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.modified:
            headers["If-Modified-Since"] = known.modified
    return headers


def part_of(path: Path) -> Path:
    """Return where the first bytes of a file wait for the rest."""
    return path.with_name(f"{path.name}.part")


def _receive(response: Any, path: Path, on_bytes: OnBytes, sha256: str | None) -> Download:
    validators = Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))
    part = part_of(path)
    mark = part.with_suffix(".etag")
    path.parent.mkdir(parents=True, exist_ok=True)
    goes_on = response.status == http.HTTPStatus.PARTIAL_CONTENT
    start = part.stat().st_size if goes_on else 0
    if goes_on and not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
        part.unlink()
        raise _Broken("the server sent another part than it was asked for")
    if validators.strong:
        mark.write_text(validators.strong)
    else:
        mark.unlink(missing_ok=True)
    size = _copy(response, part, start, on_bytes)
    expected = response.headers.get("Content-Length")
    if expected is not None and size - start != int(expected):
        raise _Broken(f"{size - start:,} bytes came of {int(expected):,}")
    if sha256 is not None:
        _check(part, sha256)
    part.replace(path)
    mark.unlink(missing_ok=True)
    return Download(Status.NEW, validators)


def _check(part: Path, sha256: str) -> None:
    with part.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != sha256:
        part.unlink()
        raise _Broken(f"it has the SHA-256 {found}, not the one in its name")


def _copy(response: Any, part: Path, start: int, on_bytes: OnBytes) -> int:
    """Append what the server sends from `start` on; return how long the file is then."""
    with part.open("r+b" if start else "wb") as file:
        size = file.seek(start)
        # read1 gives what has come: a broken transfer keeps all of it.
        while chunk := response.read1(_CHUNK_BYTES):
            file.write(chunk)
            size += len(chunk)
            on_bytes(len(chunk))
            if size > LIMITS.index_bytes:
                message = f"{response.url} is more than {LIMITS.index_bytes:,} bytes"
                raise SourceError(message, "no index is as large: is it one?")
    return size


def _refused(error: urllib.error.HTTPError, url: str, path: Path, known: Validators) -> Download:
    with error:
        if error.code == http.HTTPStatus.NOT_MODIFIED:
            return Download(Status.UNCHANGED, known)
        if error.code in _GONE:
            return Download(Status.MISSING, Validators())
        if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            part_of(path).unlink(missing_ok=True)
            raise _Broken("the file became shorter") from error
        if error.code in _AGAIN:
            wait = error.headers.get("Retry-After", "")
            seconds = float(wait) if wait.isdigit() else 0
            raise _Broken(f"the server answers {error.code} {error.reason}", seconds) from error
        message = f"{url}: the server answers {error.code} {error.reason}"
        raise SourceError(message, "see whether the address is right") from error
