"""A server on loopback that answers each request with the same bytes, whatever they are."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Raw:
    """What is answered; `address` names a file there."""

    port: int
    data: bytes = b""
    answer: Callable[[socket.socket], None] | None = None
    """Takes the place of `data`."""
    requests: list[bytes] = field(default_factory=list)

    @property
    def address(self) -> str:
        """The URL of a file."""
        return f"http://127.0.0.1:{self.port}/folder/file.json"


@contextmanager
def serve_raw() -> Iterator[Raw]:
    """Serve for as long as the context lasts, a connection at a time."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as server:
        raw = Raw(server.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(server, raw), daemon=True)
        thread.start()
        try:
            yield raw
        finally:
            # Shut, or accept would go on waiting.
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _serve(server: socket.socket, raw: Raw) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            request = b""
            while b"\r\n\r\n" not in request and (chunk := connection.recv(65536)):
                request += chunk
            raw.requests.append(request)
            if raw.answer is not None:
                raw.answer(connection)
                continue
            connection.sendall(raw.data)
            # Closed with bytes unread, the answer would be lost with a reset.
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
