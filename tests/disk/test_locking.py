"""One build at a time: who waits, who is told what, and what a dead holder leaves behind."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.disk import locking
from spack_census.disk.locking import LOCK, hold, holder, still
from spack_census.errors import BusyError, DatasetError
from support.command_line import Census
from support.documents_made import Spec, write_document

HOLD = """
import signal, sys
from pathlib import Path
from spack_census.disk.locking import hold
# Where the tests run in the background, children inherit that some signals are ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGTERM):
    signal.signal(number, signal.SIG_DFL)
with hold(Path(sys.argv[1])):
    print("held", flush=True)
    signal.pause()
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_document(tmp_path / "source", "zlib", "develop", [Spec()])
    return tmp_path / "source"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@contextmanager
def held_elsewhere(dataset: Path) -> Iterator[subprocess.Popen[str]]:
    """Let another process hold the lock."""
    command = [sys.executable, "-c", HOLD, str(dataset)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            yield process
        finally:
            process.kill()


def test_the_second_is_told_who_builds_where_and_since_when(dataset: Path, source: Path) -> None:
    with held_elsewhere(dataset) as process:
        with pytest.raises(BusyError) as caught:
            sc.build(source, dataset)
        text = str(caught.value)
        assert f"{dataset} is being built (process {process.pid} on {socket.gethostname()}" in text
        assert re.search(r"since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00\)", text)
        assert "--wait SECONDS" in text
        assert holder(dataset) is not None
    assert not (dataset / "current").exists()


def test_a_killed_holder_leaves_no_lock_behind(dataset: Path, source: Path) -> None:
    with held_elsewhere(dataset) as process:
        process.kill()
        process.wait()
    assert f"process {process.pid}" in (dataset / LOCK).read_text(), "it had no time to clean up"
    assert holder(dataset) is None
    assert sc.build(source, dataset).published


def test_whoever_waits_long_enough_builds(dataset: Path, source: Path) -> None:
    with held_elsewhere(dataset) as process:
        timer = threading.Timer(0.3, process.kill)
        timer.start()
        assert sc.build(source, dataset, wait_seconds=3600).published
        timer.join()


def test_who_has_not_signed_is_given_a_moment(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset.mkdir()
    unsigned = os.open(dataset / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(unsigned, fcntl.LOCK_EX)
    assert holder(dataset) == "another process"
    with pytest.raises(BusyError, match="another process"), hold(dataset):
        pass
    monkeypatch.setattr(locking.time, "sleep", lambda _: os.close(unsigned))
    with hold(dataset):
        assert f"process {os.getpid()}" in (dataset / LOCK).read_text()


def test_the_lock_is_free_after_an_error(dataset: Path, tmp_path: Path, source: Path) -> None:
    with pytest.raises(Exception, match="nowhere"):
        sc.build(tmp_path / "nowhere", dataset)
    with pytest.raises(ZeroDivisionError), hold(dataset):
        raise ZeroDivisionError
    assert holder(dataset) is None
    assert sc.build(source, dataset).published


def test_the_lock_file_is_never_replaced(dataset: Path, source: Path) -> None:
    sc.build(source, dataset)
    before = (dataset / LOCK).stat().st_ino
    sc.build(source, dataset)
    assert (dataset / LOCK).stat().st_ino == before


def test_a_lock_that_is_a_link_is_not_followed(dataset: Path, source: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    dataset.mkdir()
    (dataset / LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(DatasetError, match="LOCK"):
        sc.build(source, dataset)
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_file_system_without_locks_is_named(
    dataset: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(DatasetError, match="cannot be locked") as caught:
        sc.build(source, dataset)
    assert "file system that has flock" in str(caught.value)


def test_looking_keeps_builds_from_starting_and_writes_nothing(dataset: Path, source: Path) -> None:
    sc.build(source, dataset)
    before = (dataset / LOCK).stat().st_mtime_ns
    with still(dataset) as builder:
        assert builder is None
        with pytest.raises(BusyError):
            sc.build(source, dataset)
    assert holder(dataset) is None
    assert (dataset / LOCK).stat().st_mtime_ns == before


def test_looking_where_nothing_was_ever_built(dataset: Path) -> None:
    assert holder(dataset) is None
    assert not dataset.exists()


def test_the_command_says_for_whom_it_waits(
    dataset: Path, source: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    census = Census(dataset, capsys)
    with held_elsewhere(dataset) as process:
        ran = census("build --wait 0.1", str(source))
        assert (ran.code, ran.out) == (2, "")
        assert f"waiting up to 0.1 s for a build: process {process.pid} on " in ran.err
        assert "is being built" in ran.err
        assert census("build", str(source)).code == 2
    ran = census("build --wait 0.1", str(source))
    assert (ran.code, "waiting" in ran.err) == (0, False)


@pytest.mark.parametrize("seconds", ["-1", "soon"])
def test_a_patience_that_is_none_is_refused(
    dataset: Path, source: Path, seconds: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Census(dataset, capsys)("build", str(source), f"--wait={seconds}")
    assert ran.code == 2
    assert "--wait" in ran.err
    assert not dataset.exists()


def test_a_reader_needs_no_lock(dataset: Path, source: Path) -> None:
    sc.build(source, dataset)
    with hold(dataset), sc.connect(dataset) as connection:
        assert connection.sql("select count(*) from specs").fetchall() == [(1,)]


def test_signals_that_end_a_build_free_the_lock(dataset: Path) -> None:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        with held_elsewhere(dataset) as process:
            process.send_signal(number)
            process.wait()
        assert holder(dataset) is None
