"""What a user meets every day around the answers: version, help, completion, pipes, Ctrl-C."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import spack_census
from spack_census import cli
from support.command_line import Census

PIPELINE = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "pipeline")}


@pytest.mark.parametrize("reader", ["true", "head -1"])
@pytest.mark.parametrize(
    "command",
    ["diff", "query diff.specs --format csv", "snapshots", "sql", "--help"],
)
def test_a_reader_that_has_seen_enough_is_no_difference_and_no_trouble(
    shipped: Path, command: str, reader: str
) -> None:
    piped = f"{sys.executable} -m spack_census.cli {command} | {reader}; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", piped],
        env={**PIPELINE, "CENSUS_DATASET": str(shipped)},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"census {version('spack-census')}\n"
    assert spack_census.__version__ == version("spack-census")


def test_help_is_a_command_and_names_what_all_commands_take(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(["help"]) == 0
    everything = capsys.readouterr().out
    for option in ("--version", "--debug", "--install-completion", "census help COMMAND"):
        assert option in everything
    assert "<bool>" not in everything
    assert cli.main(["help", "diff"]) == 0
    assert "Usage: census diff" in capsys.readouterr().out


def test_a_shell_completes_commands() -> None:
    asked = {"_CENSUS_COMPLETE": "bash_complete", "COMP_WORDS": "census sn", "COMP_CWORD": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "spack_census.cli"],
        env={**PIPELINE, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "plain,snapshots\n", done.stderr


def test_an_interruption_says_that_nothing_was_published(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "app", interrupted)
    assert cli.main(["build"]) == 2
    assert "nothing more was published" in capsys.readouterr().err


def test_without_a_dataset_the_error_names_where_to_get_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["snapshots", "--dataset", str(tmp_path / "none")]) == 2
    told = capsys.readouterr().err
    assert "https://binaries.spack.io/cache_spack_io_index.json" in told
    assert "documents (the sample)" in told


def test_an_empty_answer_says_so_and_what_to_try(
    shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    census = Census(shipped, capsys)
    ran = census("query", "diff.packages", "-p", "before=latest", "-p", "after=latest")
    assert "diff.packages has no row for before=latest, after=latest" in ran.err
    assert "census snapshots" in ran.err
    ran = census("query", "checks.hash_form")
    assert "checks.hash_form has no row: nothing fails it" in ran.err
