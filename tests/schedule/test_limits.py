"""Whatever takes too long is ended, by name, and everything else is done all the same."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
import yaml

from spack_census.cli import main
from spack_census.errors import CensusError
from spack_census.fetch.patience import Meter
from spack_census.schedule import cycle, hooks, limits, steps
from spack_census.schedule.config import read
from support.documents_made import Spec, hash_of, write_document
from support.raw_web import serve_raw

WEEKS = ("develop-2024-01-07", "develop-2024-01-14")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Return a configuration of a source with two snapshots."""
    for number, week in enumerate(WEEKS):
        for package in range(number + 1):
            spec = Spec(hash=hash_of((package, week)))
            write_document(tmp_path / "docs", f"p{package}", week, [spec])
    return configure(tmp_path)


def configure(folder: Path, **changes: object) -> Path:
    content = {"sources": ["docs"], "dataset": "ds", "reports": "reports"}
    path = folder / "census.yaml"
    path.write_text(yaml.safe_dump({**content, **changes}))
    return path


def test_a_source_that_takes_for_ever_is_ended_and_the_others_are_read(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stop = threading.Event()

    def dribble(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        while not stop.wait(0.01):
            connection.sendall(b"x")

    # The first step has next to no time; the others have all that they may need.
    shares = iter((0.3, 600, 600))
    monkeypatch.setattr(cycle, "share", lambda _left, _steps: next(shares))
    with serve_raw() as raw:
        raw.answer = dribble
        slow = {"source": raw.address, "to": "mirror"}
        configure(config.parent, sources=[slow, "docs"])
        code = main(["run", str(config)])
        stop.set()
    out, err = capsys.readouterr()
    assert code == 2
    assert f"{raw.address}: it took more than its 0 s of the run" in err
    assert "run_seconds" in err
    assert out.strip().endswith(f"{WEEKS[0]}..{WEEKS[1]}")


def test_what_one_step_leaves_over_goes_to_the_others() -> None:
    left, given = 900.0, []
    for number, took in enumerate((10.0, 445.0, 0.0)):
        given.append(steps.share(left, 3 - number))
        left -= took
    assert given == [300, 445, 445]


ANSWERS = (
    b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n[]",
    b"HTTP/1.1 302 Found\r\nLocation: http://[::1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n\xff\xfe\x00{",
    b'HTTP/1.1 200 OK\r\n\r\n{"develop-2024-01-07": [{"label": "a", "url": "http://[::1"}]}',
    b"HTTP/1.1 206 Partial Content\r\n\r\n{}",
    b"SSH-2.0-OpenSSH_9.6\r\n",
)


def test_bad_sources_never_stop_the_others(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Meter, "wait", lambda _meter, _seconds: None)
    with ExitStack() as stack:
        servers = [stack.enter_context(serve_raw()) for _ in ANSWERS]
        bad: list[object] = []
        for number, (raw, answer) in enumerate(zip(servers, ANSWERS, strict=True)):
            raw.data = answer
            bad.append({"source": raw.address, "to": f"mirror{number}"})
        configure(config.parent, sources=["nosuch", *bad, "http://[::1", "docs"])
        code = main(["run", str(config)])
    out, err = capsys.readouterr()
    assert code == 2
    assert out.strip().endswith(f"{WEEKS[0]}..{WEEKS[1]}")
    troubles = [line for line in err.splitlines() if line.startswith("trouble")]
    places = ["nosuch", *(f"127.0.0.1:{raw.port}" for raw in servers), "http://[::1"]
    for place, trouble in zip(places, troubles, strict=True):
        assert place in trouble
    assert "fault of census" not in err


def test_a_slow_hook_ends_with_all_that_it_started(config: Path, tmp_path: Path) -> None:
    data = tmp_path / "a..b" / "report.json"
    data.parent.mkdir()
    data.write_text("{}")
    command = "sleep 600 & echo $! > child; wait"
    with pytest.raises(CensusError, match=r"on_change took more than .* for a\.\.b"):
        # Longer than it takes the shell to say which process it started.
        hooks.run(read(config), command, data, 5)
    child = int((tmp_path / "child").read_text())
    for _ in range(1000):
        if _is_gone(child):
            return
        time.sleep(0.01)
    raise AssertionError("the hook's child lives on")


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    status = Path(f"/proc/{process}/stat").read_text()
    return status.rpartition(")")[2].split()[0] == "Z"


def test_a_run_without_time_left_owes_its_hooks(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(config.parent, on_change="echo told >> told", run_seconds=1e-6)
    monkeypatch.setattr(cycle, "share", lambda _left, _steps: 600)
    assert main(["run", str(config)]) == 2
    assert "no time was left to run on_change" in capsys.readouterr().err
    configure(config.parent, on_change="echo told >> told")
    assert main(["run", str(config)]) == 0
    assert (config.parent / "told").read_text() == "told\n"


def test_a_block_that_ends_in_time_is_left_alone() -> None:
    with limits.within(600):
        pass
    with pytest.raises(limits.TimeIsUp), limits.within(0.01):
        time.sleep(600)
    with pytest.raises(KeyboardInterrupt), limits.within(600):
        raise KeyboardInterrupt


def test_in_another_thread_nothing_is_interrupted() -> None:
    done = []

    def work() -> None:
        with limits.within(0.001):
            time.sleep(0.05)
            done.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert done
