"""HTTP answers to fuzz: taken as the bytes that were sent, or an error with its address.

Nothing is asked but our own server: connections to anywhere else are refused.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import re
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest import mock

from spack_census.errors import CensusError
from spack_census.fetch import reach, remote
from spack_census.fetch.parts import Part
from spack_census.fetch.patience import Patience
from spack_census.fetch.remote import Status, Wanted
from spack_census.fetch.state import Known
from spack_census.fetch.web import Web
from support.raw_web import Raw, serve_raw

_PASSWORD = re.compile(rb"//[^/?#\s@]*:([^/?#\s@]+)@")
"""Of an address; a mutation may leave an address that has none."""
_BODY = b'{"database": {"version": "8", "installs": {}}}'
_CAME = _BODY[:16]
_OLD = b'{"database": "old"}'
_TAG = '"0123456789abcdef"'
_PATIENCE = Patience(attempts=2, pause_seconds=0, longest_pause_seconds=0)
_HEADS = (
    "200 OK\r\nContent-Length: {size}\r\nETag: {tag}\r\nLast-Modified: Sun, 11 Jan 2026",
    "200 OK\r\nContent-Length: \u00b2",
    "200 OK\r\nContent-Encoding: gzip\r\nETag: W/{tag}",
    "206 Partial Content\r\nContent-Range: bytes 16-45/46\r\nContent-Length: {size}\r\nETag: {tag}",
    "206 Partial Content\r\nContent-Range: bytes 0-45/46",
    "304 Not Modified\r\nETag: {tag}",
    "404 Not Found\r\nContent-Length: {size}",
    "416 Range Not Satisfiable\r\nContent-Range: bytes */3",
    "503 Service Unavailable\r\nRetry-After: \u00b2\r\nContent-Length: {size}",
    "429 Too Many Requests\r\nRetry-After: 99999999999999999999",
    "301 Moved\r\nLocation: http://127.0.0.1:{port}/other",
    "302 Found\r\nLocation: http://[::1/other",
    "302 Found\r\nLocation: http://10.0.0.1:80/other",
    "307 Temporary\r\nLocation: https://user:word@example.org/other",
    "308 Permanent\r\nLocation: //127.0.0.1:99999/other",
    "100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: {size}",
    "401 Unauthorized\r\nWWW-Authenticate: Basic realm=x",
    "204 No Content",
)
_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Each file is synced, which takes a disk as long as all the rest."""
_CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nETag: {tag}\r\n\r\n"


@functools.cache
def server() -> Raw:
    """Return the server, which lives as long as this process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(serve_raw())


_connect = socket.create_connection


def _connected(address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
    """Connect to our own server; whatever a mutation names besides is out of reach."""
    if address != ("127.0.0.1", server().port):
        raise ConnectionRefusedError(111, "Connection refused")
    return _connect(address, *rest, **options)


def seeds() -> list[bytes]:
    """Return an answer of each kind."""
    port = server().port
    heads = [head.format(size=len(_BODY), tag=_TAG, port=port) for head in _HEADS]
    whole = [f"HTTP/1.1 {head}\r\n\r\n".encode("latin-1") + _BODY for head in heads]
    half = b"10\r\n" + _CAME + b"\r\n1e\r\n" + _BODY[16:] + b"\r\n0\r\n\r\n"
    return [*whole, _CHUNKED.format(tag=_TAG).encode() + half]


def check(data: bytes) -> str:
    """Download what is answered with these bytes; demand what was sent, or an error of its own."""
    raw = server()
    raw.data = data
    with tempfile.TemporaryDirectory(dir=_MEMORY) as name:
        folder = Path(name)
        wanted = _wanted(raw.address, folder, data)
        before = wanted.path.read_bytes() if wanted.path.exists() else None
        net = Web(reach.reach(raw.address), _PATIENCE)
        try:
            with mock.patch.object(socket, "create_connection", _connected):
                found = remote.download(wanted, net)
        except CensusError as error:
            told = error
        else:
            _demand(found, wanted, data, before)
            return str(found.status)
        assert told.next_steps, told
        assert raw.address in told.message or str(folder) in told.message, told.message
        for secret in _PASSWORD.findall(data):
            assert f"{secret.decode('latin-1')}@" not in str(told), "a redirect's password is told"
        assert (wanted.path.read_bytes() if wanted.path.exists() else None) == before
        return "refused"


def _wanted(address: str, folder: Path, data: bytes) -> Wanted:
    """Return what to download: anew, again, or on from where it broke off, as the dice fall."""
    known = Known()
    which = hashlib.sha256(data).digest()[0] % 3
    if which == 1:
        (folder / "file.json").write_bytes(_OLD)
        known = Known(len(_OLD), hashlib.sha256(_OLD).hexdigest(), _TAG)
    elif which == 2:
        part = Part(folder, "file.json")
        part.begin(0, _TAG)
        part.add(_CAME)
        part.keep()
    return Wanted(address, folder, "file.json", known)


def _demand(found: remote.Download, wanted: Wanted, data: bytes, before: bytes | None) -> None:
    stands = wanted.path.read_bytes() if wanted.path.exists() else None
    if found.status is Status.NEW:
        assert stands is not None
        assert (found.known.size, found.known.sha256) == (
            len(stands),
            hashlib.sha256(stands).hexdigest(),
        )
        # In chunks the bytes lie apart; else they are one piece of what was sent.
        in_chunks = b"chunked" in data.lower()
        assert in_chunks or stands in data or stands.removeprefix(_CAME) in data, stands
    else:
        assert stands == before
        assert found.status is not Status.UNCHANGED or before is not None
