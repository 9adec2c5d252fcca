"""What a user meets every day around the answers: version, help, completion, pipes, Ctrl-C."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import spack_census
from spack_census import cli
from spack_census.cli.options import Format
from support.command_line import Census

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "documents"
PIPELINE = {**os.environ, "PYTHONPATH": str(ROOT / "pipeline")}


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


ANSWERS = (
    *("coverage", "coverage --host zen4", "diff", "diff --only upgraded", "package hdf5"),
    *("find hdf5", "why hdf5", "query diff.specs", "snapshots", "queries", "rejects", "verify"),
    f"env {ROOT / 'tests' / 'environments' / 'workbench'}",
)
WITHOUT_FORMAT = ("check", "path", "sql", "init documents --output NEW")


@pytest.mark.parametrize(
    "command",
    [
        *ANSWERS,
        *(f"{each} --format {form}" for each in ("diff", "query diff.specs") for form in Format),
        *WITHOUT_FORMAT,
    ],
)
def test_a_reader_that_is_gone_is_no_trouble_to_any_command_in_any_format(
    shipped: Path,
    tmp_path: Path,
    command: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    monkeypatch.setattr(sys, "stdout", os.fdopen(writer, "w"))
    words = command.replace("NEW", str(tmp_path / "new")).split()
    of_dataset = [] if words[0] in {"init", "queries"} else ["--dataset", str(shipped)]
    code = cli.main([*words, *of_dataset])
    sys.stdout.close()
    assert code in {0, 1, 3} if command.startswith(("env", "verify")) else code == 0
    assert "census: " not in capsys.readouterr().err


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


@pytest.mark.parametrize(
    ("words", "completed"), [("sn", "snapshots"), ("query coverage.by_t", "coverage.by_target")]
)
def test_a_shell_completes_commands_and_queries(words: str, completed: str) -> None:
    asked = {"_CENSUS_COMPLETE": "bash_complete", "COMP_WORDS": f"census {words}"}
    asked["COMP_CWORD"] = str(len(words.split()))
    done = subprocess.run(
        [sys.executable, "-m", "spack_census.cli"],
        env={**PIPELINE, **asked},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == f"plain,{completed}\n", done.stderr


INTERRUPTED = """
import sys
from spack_census.cli import main

def interrupt(event, arguments, folder=sys.argv[1]):
    if event == "socket.connect" or (event == "open" and str(arguments[0]).startswith(folder)):
        raise KeyboardInterrupt

sys.addaudithook(interrupt)
sys.exit(main(sys.argv[2:]))
"""
"""Ctrl-C at the first file of a folder that is opened, or at the first connection."""


@pytest.mark.parametrize(
    "command",
    [
        f"build {SAMPLE} --dataset NEW",
        "report --output NEW",
        "site --output NEW",
        "export --output NEW",
        "fetch http://127.0.0.1:9/mirror --to NEW",
        "audit HERE/v3/develop-2026-01-11",
        "recipes HERE --dataset HERE/dataset",
    ],
)
def test_ctrl_c_says_once_that_nothing_was_published_and_nothing_is(
    shipped: Path, tmp_path: Path, command: str
) -> None:
    if command.startswith("audit"):
        shutil.copytree(ROOT / "tests" / "corpus" / "buildcache" / "v3", tmp_path / "v3")
    if command.startswith("recipes"):
        shutil.copytree(shipped, tmp_path / "dataset", symlinks=True)
        (tmp_path / "packages" / "zlib").mkdir(parents=True)
        (tmp_path / "packages" / "zlib" / "package.py").write_text(
            "class Zlib(Package):\n    pass\n"
        )
        (tmp_path / "repo.yaml").write_text("repo:\n  namespace: builtin\n")
    words = command.replace("NEW", f"{tmp_path}/new").replace("HERE", f"{tmp_path}").split()
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, str(tmp_path), *words],
        env={**PIPELINE, "CENSUS_DATASET": str(shipped)},
        capture_output=True,
        text=True,
        check=False,
    )
    told = "census: interrupted: nothing more was published; what was there before is as it was"
    assert (done.returncode, done.stderr.strip()) == (130, told)
    assert not (tmp_path / "new" / "current").exists()
    assert not [each for each in (tmp_path / "new").glob("*") if each.suffix in {".html", ".json"}]


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
