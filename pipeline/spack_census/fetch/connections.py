"""Connections over http and https that look whom they reach, and read by the clock."""

from __future__ import annotations

import functools
import http.client
import io
import ssl
import urllib.request
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from spack_census.fetch.patience import Meter
from spack_census.fetch.reach import Reach


def opener(reach: Reach, meter: Meter) -> urllib.request.OpenerDirector:
    """Return what opens http and https addresses, and no others; it follows no redirect."""
    # `build_opener` would add handlers for ftp, file and data, and one for redirects that reads
    # whatever comes with them.
    opener = urllib.request.OpenerDirector()
    for handler in (urllib.request.ProxyHandler(), _Http(reach, meter), _Https(reach, meter)):
        opener.add_handler(handler)
    return opener


class _Guarded:
    """What both kinds of connection do: look whom they reach, and read by the clock."""

    sock: Any
    response_class: Any

    def __init__(self, host: str, *, demand: Callable[[str], None], meter: Meter, **rest: Any):
        super().__init__(host, **rest)  # type: ignore[call-arg] # the connection is the other parent
        self._demand = demand
        self.response_class = functools.partial(_Response, meter)

    def connect(self) -> None:
        super().connect()  # type: ignore[misc] # see above
        # What a name leads to is known for certain only now.
        self._demand(str(self.sock.getpeername()[0]))


class _HttpConnection(_Guarded, http.client.HTTPConnection):
    pass


class _HttpsConnection(_Guarded, http.client.HTTPSConnection):
    pass


class _Http(urllib.request.HTTPHandler):
    def __init__(self, reach: Reach, meter: Meter) -> None:
        super().__init__()
        self._reach, self._meter = reach, meter

    def http_open(self, req: urllib.request.Request) -> Any:
        demand = _demand(self._reach, req)
        return self.do_open(
            functools.partial(_HttpConnection, demand=demand, meter=self._meter),
            req,
        )


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, reach: Reach, meter: Meter) -> None:
        super().__init__()
        self._reach, self._meter = reach, meter

    def https_open(self, req: urllib.request.Request) -> Any:
        demand = _demand(self._reach, req)
        return self.do_open(
            functools.partial(_HttpsConnection, demand=demand, meter=self._meter),
            req,
            context=_tls(),
        )


@functools.cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _demand(reach: Reach, request: urllib.request.Request) -> Callable[[str], None]:
    parts = urlsplit(request.full_url)
    if request.has_proxy() or getattr(request, "_tunnel_host", None):
        # A proxy is asked, which the user chose, and which decides by itself where it leads.
        return lambda _peer: None
    return functools.partial(reach.demand_peer, parts)


class _Response(http.client.HTTPResponse):
    """An answer whose every byte, headers and all, is read by the clock."""

    def __init__(self, meter: Meter, sock: Any, *arguments: Any, **options: Any) -> None:
        super().__init__(sock, *arguments, **options)
        self.fp: Any = io.BufferedReader(_Metered(self.fp.detach(), sock, meter))


class _Metered(io.RawIOBase):
    def __init__(self, raw: Any, sock: Any, meter: Meter) -> None:
        self._raw, self._sock, self._meter = raw, sock, meter

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(self._meter.silence())
        count: int | None = self._raw.readinto(buffer)
        self._meter.count(count or 0)
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()
