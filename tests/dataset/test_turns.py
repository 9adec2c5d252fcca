"""Whose turn it is, by the file alone: `test_rivals.py` has whole builds."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spack_census.dataset import turns
from spack_census.dataset.turns import TURN
from spack_census.errors import BusyError


@pytest.fixture
def living() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process
        process.kill()


def signed_by(process: subprocess.Popen[bytes]) -> str:
    host, boot, _, end = turns._signature().split("\n")
    return "\n".join([host, boot, str(process.pid), end])


def test_a_turn_is_signed_and_nobody_elses_to_read(tmp_path: Path) -> None:
    with turns.turn(tmp_path, None, []):
        assert (tmp_path / TURN).read_text().split("\n")[2] == str(os.getpid())
        assert stat.S_IMODE((tmp_path / TURN).stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == []


def test_whoever_waits_in_vain_is_told_where_to_look(
    tmp_path: Path, living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", 0.05)
    path = tmp_path / TURN
    path.write_text(signed_by(living))
    then = time.time() - 60  # long for a turn without a name, short for one that has a living owner
    os.utime(path, (then, then))
    with pytest.raises(BusyError, match=f"; {path} says who"), turns.turn(tmp_path, None, []):
        pytest.fail("it was nobody's turn")
    # To ask whether a process lives does it no harm.
    with pytest.raises(subprocess.TimeoutExpired):
        living.wait(timeout=0.2)


def test_a_turn_of_bytes_that_are_no_text_is_taken_away_in_time(tmp_path: Path) -> None:
    path = tmp_path / TURN
    path.write_bytes(b"\xff\xfe\n\x80")
    then = time.time() - 3600
    os.utime(path, (then, then))
    with turns.turn(tmp_path, None, []):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_turn_taken_meanwhile_is_given_back(
    tmp_path: Path, living: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / TURN
    path.write_text("of one who is dead")

    def meanwhile(_signature: str) -> bool:
        path.write_text(signed_by(living))
        return True

    monkeypatch.setattr(turns, "_is_dead", meanwhile)
    turns._take_away_dead(path)
    assert path.read_text() == signed_by(living)
    assert list(tmp_path.iterdir()) == [path]


def test_the_process_of_another_user_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_process: int, _signal: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", refuse)
    host, boot, _, end = turns._signature().split("\n")
    assert not turns._is_dead("\n".join([host, boot, "1", end]))


def test_a_machine_that_tells_no_start_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "_BOOT", tmp_path / "nothing")
    assert turns._signature().split("\n")[1] == ""
