"""Whatever a server says is an answer or an error with its address; whatever crawls is ended."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from spack_census.errors import SourceError
from spack_census.fetch.fetching import fetch
from spack_census.fetch.patience import Patience
from spack_census.fetch.reach import reach
from spack_census.fetch.remote import Download, Status, Wanted, download
from spack_census.fetch.state import Known
from spack_census.fetch.web import Web
from support.raw_web import Raw, serve_raw
from torture import answers, fuzz

ONCE = Patience(attempts=1)
BODY = b'{"a": 1}'


@pytest.fixture
def raw() -> Iterator[Raw]:
    with serve_raw() as served:
        yield served


def get(raw: Raw, folder: Path, patience: Patience = ONCE) -> Download:
    return download(Wanted(raw.address, folder, "file", Known()), Web(reach(raw.address), patience))


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 " + lines[0], *lines[1:], "", ""]).encode("latin-1")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (head("200 OK", "Content-Length: \u00b2") + BODY, "announces a length of '\u00b2'"),
        (head("200 OK", "Content-Length: -8") + BODY, "announces a length"),
        (head("200 OK", "Content-Length: " + "9" * 5000) + BODY, "announces a length"),
        (head("200 OK", "Content-Length: 9") + BODY, "8 bytes|IncompleteRead"),
        (head("206 Partial Content", "Content-Range: bytes 0-7/8") + BODY, "asked for the whole"),
        (head("304 Not Modified"), "which it was not asked"),
        (head("302 Found", "Location: http://[::1"), "no address"),
        (head("302 Found", "Location: https://me:secret@host/"), "name or password"),
        (head("302 Found", "Location: file:///etc/passwd"), "never back to http"),
        (head("302 Found", "Location: /folder/file.json"), "more than 10 redirects"),
        (head("503 Busy", "Retry-After: \u00b2"), "answers 503 Busy"),
        (head("204 No Content"), "answers 204"),
        (head("200 OK", "Transfer-Encoding: chunked") + b"zz\r\n", "IncompleteRead|invalid"),
        (head("200 OK", "Transfer-Encoding: chunked") + b"5\r\nab", "IncompleteRead"),
        (b"HTTP/1.1 9999 Over\r\n\r\n", "BadStatusLine"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "BadStatusLine"),
        (b"\x16\x03\x01\x02\x00\x01\x00\xff\x00\x80", "BadStatusLine"),
        (b"", "RemoteDisconnected"),
        (head("200 OK", *[f"X-{n}: 1" for n in range(300)]) + BODY, "more than 100 headers"),
        (head("200 OK", "X: " + "y" * 100_000) + BODY, "LineTooLong"),
    ],
)
def test_whatever_a_server_says_is_an_error_with_its_address(
    raw: Raw, tmp_path: Path, data: bytes, told: str
) -> None:
    raw.data = data
    with pytest.raises(SourceError, match=told) as caught:
        get(raw, tmp_path)
    assert raw.address in caught.value.message
    assert caught.value.next_steps
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "file").exists()


NO_TLS = (b"", b"no TLS at all\r\n\r\n", b"\x16\x03\x03\x00\x7a\x02" * 40)


@pytest.mark.parametrize("damage", NO_TLS)
def test_damaged_tls_is_an_error_with_its_address(tmp_path: Path, damage: bytes) -> None:
    def answer() -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(damage)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=answer)
        thread.start()
        address = f"https://127.0.0.1:{server.getsockname()[1]}/file"
        with pytest.raises(SourceError, match=address):
            download(Wanted(address, tmp_path, "file", Known()), Web(reach(address), ONCE))
        thread.join()


def test_a_header_that_cannot_be_sent_back_is_not_kept(raw: Raw, tmp_path: Path) -> None:
    raw.data = head("200 OK", 'ETag: "\x7f\u00e9"', "Last-Modified: " + "x" * 1000) + BODY
    known = get(raw, tmp_path).known
    assert (known.etag, known.modified) == (None, None)


def dribble(head: bytes, stop: threading.Event) -> Callable[[socket.socket], None]:
    """Answer a byte at a time, for ever."""

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        while not stop.wait(0.001):
            connection.sendall(b"x")

    return answer


@pytest.fixture
def stop() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


DRIBBLES = {
    "contents": head("200 OK", "Content-Length: 1000000"),
    "a header": b"HTTP/1.1 200 OK\r\nX: ",
    "the status": b"HTTP/1.1 200 ",
}


@pytest.mark.parametrize("where", DRIBBLES)
def test_a_byte_every_two_seconds_ends_a_download(
    raw: Raw, tmp_path: Path, stop: threading.Event, where: str
) -> None:
    raw.answer = dribble(DRIBBLES[where], stop)
    # The clock goes on by a second each time that it is looked at.
    ticks = itertools.count()
    slow = Patience(attempts=1, clock=lambda: float(next(ticks)))
    with pytest.raises(SourceError, match=r"no more than \d+ bytes in 3\d s") as caught:
        get(raw, tmp_path, slow)
    assert raw.address in caught.value.message


@pytest.mark.parametrize("where", DRIBBLES)
def test_a_download_as_a_whole_has_a_limit(
    raw: Raw, tmp_path: Path, stop: threading.Event, where: str
) -> None:
    raw.answer = dribble(DRIBBLES[where], stop)
    ticks = itertools.count()
    slow = Patience(
        attempts=9, slowest_bytes=0, download_seconds=500, clock=lambda: float(next(ticks))
    )
    with pytest.raises(SourceError, match="took more than 500 s") as caught:
        get(raw, tmp_path, slow)
    assert raw.address in caught.value.message
    assert len(raw.requests) == 1


def test_an_error_of_one_file_does_not_wait_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from spack_census.fetch import fetching
    from support.web import serve

    corpus = Path(__file__).parents[1] / "corpus" / "buildcache" / "v2"
    halted = []
    monkeypatch.setattr(fetching, "Web", lambda *given: halted.append(Web(*given)) or halted[-1])
    with serve(corpus) as site:
        bad = "e4s-neoverse-v2/build_cache/index.json.gz"
        site.tricks = {bad: [lambda handler, _data: handler.answer(400, b"")]}
        with pytest.raises(SourceError, match="answers 400"):
            fetch(site.url, tmp_path / "folder", patience=ONCE)
    assert halted[0].halted.is_set()


def test_mutated_answers_are_taken_as_sent_or_refused_with_their_address() -> None:
    tally = fuzz.fuzz(fuzz.FORMATS["answers"], 300, seed=7)
    assert tally.wrong == 0, tally.samples[:3]
    assert tally.verdicts.keys() >= {Status.NEW, Status.UNCHANGED, Status.MISSING, "refused"}


def test_the_fuzzer_of_answers_sees_what_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    from spack_census.fetch.parts import Part

    add = Part.add
    monkeypatch.setattr(Part, "add", lambda part, data: add(part, data.upper()))
    with pytest.raises(AssertionError):
        answers.check(answers.seeds()[0])
