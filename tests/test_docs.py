"""The docs are tests: their code runs on the shipped documents, and shows what they say it shows.

Blocks of ```console (census commands alone), ```python and ```sql are run, all in this process.
A ```text block right after one of python or sql is what it prints; what follows `$ command` in
a console block is what a terminal of 80 columns shows. There, and in ```text, a line of `…`
stands for any number of lines.
"""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import duckdb
import nbformat
import pytest
from nbclient import NotebookClient

from spack_census import cli
from spack_census.export.publish import publish
from support.query_cases import OF_RECIPES
from support.web import serve

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "output" / "README.md", *sorted(DOCS.rglob("*.md"))]
GENERATED = {DOCS / "queries.md"}
"""What they show is compared by the generator, which shows it wider."""
NOTEBOOK = ROOT / "docs" / "notebooks" / "explore.ipynb"
ADDRESS = "https://example.org/spack/data"
"""Stands in the docs for the place where a dataset is published."""
_BLOCK = re.compile(
    r"^```(?P<language>\w+)\n(?P<code>.*?)^```\n(?:\n```text\n(?P<shown>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
_COMMAND = re.compile(r"^(?P<asked>\$ )?(?:\.venv/bin/)?census (?P<rest>.*)$")
_LINK = re.compile(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)")
WRITES = ("audit", "build", "fetch", "run", "report")
"""Commands that would change what the other blocks read, or need another machine."""
NO_DEPENDENCIES = ("coverage.frontier", "coverage.dependents")
"""Queries that the shipped documents cannot answer, and say so."""
WIDTH = "80"


@dataclass(frozen=True)
class Block:
    """A piece of a page that is run, and what the page shows of it, None where it shows nothing."""

    place: str
    code: str
    shown: str | None

    def __str__(self) -> str:
        return self.place


def blocks(language: str) -> list[Block]:
    """Return each block of a language on a page for people."""
    return [
        Block(
            f"{page.relative_to(ROOT)}:{page.read_text()[: match.start()].count(chr(10)) + 1}",
            match["code"],
            match["shown"],
        )
        for page in PAGES
        for match in _BLOCK.finditer(page.read_text())
        if match["language"] == language
    ]


def commands() -> dict[str, list[Block]]:
    """Return each census command that pages tell to type, without its comment, and where."""
    found: dict[str, list[Block]] = {}
    for block in blocks("console"):
        is_generated = ROOT / block.place.partition(":")[0] in GENERATED
        for command, shown in _commands(block.code):
            if command.split()[0] not in WRITES:
                told = Block(block.place, command, None if is_generated else shown or None)
                found.setdefault(command, []).append(told)
    return found


def _commands(code: str) -> Iterator[tuple[str, str]]:
    lines = code.splitlines()
    starts = [n for n, line in enumerate(lines) if _COMMAND.match(line) or line.startswith("$ ")]
    for number, start in enumerate(starts):
        match = _COMMAND.match(lines[start])
        end = starts[number + 1] if number + 1 < len(starts) else len(lines)
        if match:
            command = match["rest"].partition("  #")[0].partition(" > ")[0].partition(" >")[0]
            shown = lines[start + 1 : end] if match["asked"] else []
            yield command.strip(), "\n".join(shown).strip("\n")


def agrees(shown: str, found: str) -> bool:
    """Tell whether this is what a page shows, but for white space at the ends of lines."""
    parts = [
        re.escape(part) for part in re.split(r"^ *…\n", f"{_trimmed(shown)}\n", flags=re.MULTILINE)
    ]
    return re.fullmatch(r"(?:.*\n)*".join(parts), f"{_trimmed(found)}\n") is not None


def _trimmed(text: str) -> str:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "\n".join(line.rstrip() for line in plain.strip("\n").splitlines())


@pytest.fixture(scope="module")
def published(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the shipped dataset as `census export` writes it."""
    folder = tmp_path_factory.mktemp("published")
    publish(shipped, folder)
    return folder


@pytest.fixture
def at_root(shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder that looks like the repository's root after `make dataset`."""
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "dataset").symlink_to(shipped)
    for folder in ("queries", "tests", "deploy", "documents"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_of_the_docs_runs(
    published: Path, block: Block, capsys: pytest.CaptureFixture[str]
) -> None:
    with serve(published) as site:
        exec(block.code.replace(ADDRESS, site.url), {"__name__": "__main__"})  # noqa: S102
    if block.shown is not None:
        found = capsys.readouterr().out
        assert agrees(block.shown, found), f"{block.place} shows other than\n{found}"


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("block", blocks("sql"), ids=str)
def test_sql_of_the_docs_runs(published: Path, block: Block) -> None:
    con = duckdb.connect()
    # DuckDB reads addresses by an extension that may not be here: files stand for them.
    script = (published / "census.sql").read_text()
    con.execute(script.replace("read_parquet('", f"read_parquet('{published}/"))
    found = con.sql(block.code.replace(ADDRESS, str(published)))
    assert len(found), block.place
    if block.shown is not None:
        assert agrees(block.shown, str(found)), f"{block.place} shows other than\n{found}"


class _Terminal(StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.usefixtures("at_root")
@pytest.mark.parametrize("command", commands())
def test_commands_of_the_docs_run(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = _Terminal()
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", WIDTH)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setattr(sys, "stderr", screen)
    code = cli.main(shlex.split(command))
    found = screen.getvalue()
    if any(name in command for name in NO_DEPENDENCIES):
        assert "no dependencies" in found
    elif any(name in command for name in OF_RECIPES):
        assert "no recipes" in found
    else:
        assert code == 0, found
    for block in commands()[command]:
        if block.shown is not None:
            assert agrees(block.shown, found), f"{block.place} shows other than\n{found}"


def test_a_page_that_shows_something_else_would_be_found() -> None:
    shown = "one\n  …\nfour"
    assert agrees(shown, "one\ntwo\nthree\nfour\n")
    assert agrees(shown, "one\nfour")
    for found in ("", "one", "one\ntwo", "zero\none\nfour", "one\nfour\nfive", "one four"):
        assert not agrees(shown, found)
    told = [block for each in commands().values() for block in each if block.shown]
    assert len(told) >= 8


def test_lint_compares_the_generated_pages_which_takes_too_long_here() -> None:
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "python docs/generate.py --check\n" in lint
    assert "make lint" in (ROOT / ".ci" / "run").read_text()


def shown(notebook: nbformat.NotebookNode) -> list[list[str]]:
    """Return what each cell of code shows, as text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [[output.data["text/plain"] for output in cell.outputs] for cell in cells]


def test_the_notebook_is_stored_with_outputs_that_need_no_network() -> None:
    stored = shown(nbformat.read(NOTEBOOK, as_version=4))
    assert len(stored) >= 5
    assert all(stored)
    text = NOTEBOOK.read_text()
    assert "http" not in text
    assert "<script" not in text


@pytest.mark.filterwarnings("ignore")  # what Jupyter's own parts warn of is not ours
def test_the_notebook_runs(shipped: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENSUS_DATASET", str(shipped))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    # No limits of time: starting a kernel takes a busy machine minutes.
    client = NotebookClient(notebook, timeout=None, startup_timeout=3600, kernel_name="python3")
    client.execute()
    stored = nbformat.read(NOTEBOOK, as_version=4)
    assert shown(notebook) == shown(stored), "run it anew and store it with its outputs"


def _prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", _prose(page), re.MULTILINE)
    words = (re.sub(r"[^\w\- ]", "", title.lower()) for title in titles)
    return {each.replace(" ", "-") for each in words}


@pytest.mark.parametrize("page", [*PAGES, *sorted(ROOT.glob("*.md"))], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in re.findall(
        r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)", _prose(page)
    ):
        place = (page.parent / target).resolve() if target else page
        assert place.exists(), f"{page.name} links {target}, which is not there"
        if anchor and place.suffix == ".md":
            assert anchor in _anchors(place), f"{page.name} links {target}#{anchor}: no such title"


def test_the_docs_are_a_site_whose_links_hold(tmp_path: Path) -> None:
    pytest.importorskip("mkdocs", reason="make docs-site installs it")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Two commands" in (tmp_path / "index.html").read_text()
