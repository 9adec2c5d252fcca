"""A web server on loopback that serves a folder, and misbehaves as it is told."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

Trick = Callable[["Handler", bytes], None]
"""Answers a request instead of the server; is given the file's bytes."""


@dataclass
class Site:
    """What is served, how, and what was asked for."""

    root: Path
    url: str = ""
    tricks: dict[str, list[Trick]] = field(default_factory=dict)
    """End of a path → what happens to the next requests for it, one after the other."""
    requests: list[tuple[str, int, int]] = field(default_factory=list)
    """(path, status, bytes sent) of each answer."""
    asked: list[str] = field(default_factory=list)
    """Path and query of each request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    """What each request said besides."""

    def trick(self, suffix: str) -> Trick | None:
        for end, waiting in self.tricks.items():
            if suffix.endswith(end) and waiting:
                return waiting.pop(0)
        return None

    @property
    def num_bytes(self) -> int:
        """Bytes sent in bodies so far."""
        return sum(count for _, _, count in self.requests)


class Handler(BaseHTTPRequestHandler):
    """Serves files with ETags and ranges, as a bucket does."""

    site: Site

    def log_message(self, *_: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.site.asked.append(self.path)
        self.site.headers.append(dict(self.headers))
        self.path = self.path.partition("?")[0]
        path = self.site.root / self.path.lstrip("/")
        if not path.is_file():
            self.answer(404, b"no such key")
            return
        data = path.read_bytes()
        trick = self.site.trick(self.path)
        if trick is not None:
            trick(self, data)
            return
        etag = self.etag(data)
        if self.headers.get("If-None-Match") == etag:
            self.answer(304, b"", ETag=etag)
        elif "Range" in self.headers and self.headers.get("If-Range", etag) == etag:
            first, _, last = self.headers["Range"].removeprefix("bytes=").partition("-")
            start = int(first) if first else max(0, len(data) - int(last))
            part = data[start : int(last) + 1 if first and last else len(data)]
            span = f"bytes {start}-{start + len(part) - 1}/{len(data)}"
            self.answer(206, part, ETag=etag, **{"Content-Range": span})
        else:
            self.answer(200, data, ETag=etag)

    def do_HEAD(self) -> None:
        path = self.site.root / self.path.lstrip("/")
        size = path.stat().st_size if path.is_file() else 0
        self.send_response(200 if path.is_file() else 404)
        self.send_header("Content-Length", str(size))
        self.send_header("Accept-Ranges", "bytes")
        self.end_headers()

    @staticmethod
    def etag(data: bytes) -> str:
        return f'"{hashlib.md5(data, usedforsecurity=False).hexdigest()}"'

    def answer(self, status: int, body: bytes, claimed: int | None = None, **headers: str) -> None:
        """Send an answer; `claimed` is the length to announce, by default the true one."""
        self.note(status, len(body))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def note(self, status: int, count: int) -> None:
        """Take note of an answer."""
        self.site.requests.append((self.path, status, count))


@contextmanager
def serve(root: Path) -> Iterator[Site]:
    """Serve a folder for as long as the context lasts."""
    site = Site(root)
    with serve_by(type("BoundHandler", (Handler,), {"site": site})) as site.url:
        yield site


@contextmanager
def serve_by(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Answer requests by a handler for as long as the context lasts; yield the server's URL."""
    # With a shorter queue connections wait for a second where many come at once.
    server = type("Server", (ThreadingHTTPServer,), {"request_queue_size": 128})(
        ("127.0.0.1", 0), handler
    )
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
