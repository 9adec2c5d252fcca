"""The docs are tests: their code runs on the shipped documents, the notebook too."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from spack_census import cli

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "output" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOK = ROOT / "docs" / "notebooks" / "explore.ipynb"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMAND = re.compile(r"^(?:\$ )?(?:\.venv/bin/)?census (.*)$", re.MULTILINE)
WRITES = ("audit", "build", "fetch", "run", "report")
"""Commands that would change what the other blocks read, or need another machine."""


def blocks(language: str) -> list[tuple[str, str]]:
    """Return (place, code) of each block of a language on a page for people."""
    return [
        (
            f"{page.relative_to(ROOT)}:{page.read_text()[: match.start()].count(chr(10)) + 1}",
            match[2],
        )
        for page in PAGES
        for match in _BLOCK.finditer(page.read_text())
        if match[1] == language
    ]


def commands() -> list[str]:
    """Return each census command that a page tells to type, once, without its comment."""
    found = [
        line.partition("  #")[0].partition(" > ")[0].strip()
        for _, block in blocks("console")
        for line in _COMMAND.findall(block)
    ]
    return [line for line in dict.fromkeys(found) if line.split()[0] not in WRITES]


@pytest.fixture
def at_root(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder that looks like the repository's root after `make dataset`."""
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "dataset").symlink_to(shipped)
    for folder in ("queries", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("place", "code"), blocks("python"), ids=lambda value: value[:24])
def test_python_of_the_docs_runs(at_root: Path, place: str, code: str) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "pipeline")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=at_root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{place}\n{done.stderr}"


@pytest.mark.parametrize(("place", "code"), blocks("sql"), ids=lambda value: value[:24])
@pytest.mark.usefixtures("at_root")
def test_sql_of_the_docs_runs(place: str, code: str) -> None:
    assert duckdb.connect().execute(code).fetchall(), place


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("command", commands())
def test_commands_of_the_docs_run(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = cli.main(shlex.split(command))
    if "coverage.frontier" in command or "coverage.dependents" in command:
        assert "no dependencies" in capsys.readouterr().err
    else:
        assert code == 0, capsys.readouterr().err


def test_the_page_of_queries_is_up_to_date() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "pipeline")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_notebook_is_stored_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    assert len(code) >= 5
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


@pytest.mark.filterwarnings("ignore")  # what Jupyter's own parts warn of is not ours
def test_the_notebook_runs(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENSUS_DATASET", str(shipped))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # No limits of time: starting a kernel takes a busy machine minutes.
    client = NotebookClient(notebook, timeout=None, startup_timeout=3600, kernel_name="python3")
    client.execute()
    shown = [cell.outputs for cell in notebook.cells if cell.cell_type == "code"]
    assert all(shown)
    assert "x86_64_v3" in str(shown)
