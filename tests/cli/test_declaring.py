"""How a function becomes a command: what it takes, what it is given, what its help says."""

from __future__ import annotations

import re
import subprocess
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import click
import pytest

from spack_census.cli import completion
from spack_census.cli.app import app
from spack_census.cli.declaring import Argument, Option, command
from spack_census.errors import ParameterError

PIPELINE = Path(__file__).parents[2] / "pipeline"
ENGINES = {"archspec", "duckdb", "jinja2", "msgspec", "polars", "pyarrow", "rich", "yaml"}


class Colour(StrEnum):
    """Whose names are not their values."""

    RED = "red"
    BLUE = "dark-blue"


def paint(
    what: Annotated[list[str], Argument(metavar="WHAT", help="What to paint.")],
    colour: Annotated[Colour, Option("--colour", help="In this colour.")] = Colour.RED,
    coats: Annotated[int | None, Option("-n", "--coats", min=1, max=9, help="So often.")] = None,
    wait: Annotated[float, Option("--wait", min=0, help="As long.")] = 0,
    brush: Annotated[list[Path] | None, Option("--brush", help="With these.")] = None,
    dry: Annotated[bool, Option("--dry", help="Only say so.", panel="Care")] = False,  # noqa: FBT002
) -> int:
    """Paint it.

    Example: paint a very long line of words that is wider than any terminal that is in use today
    """
    given.update(locals())
    return 3


given: dict[str, Any] = {}
PAINT = command("paint", paint)


def painted(*words: str) -> dict[str, Any]:
    given.clear()
    assert PAINT(args=list(words), prog_name="paint", standalone_mode=False) == 3
    return dict(given)


def test_a_parameter_gets_what_its_type_says() -> None:
    assert painted("door") == {
        "what": ["door"],
        "colour": Colour.RED,
        "coats": None,
        "wait": 0,
        "brush": None,
        "dry": False,
    }
    found = painted("a", "b", "--colour=dark-blue", "-n9", "--wait=.5", "--brush=x", "--brush=y/z")
    assert found == {
        "what": ["a", "b"],
        "colour": Colour.BLUE,
        "coats": 9,
        "wait": 0.5,
        "brush": [Path("x"), Path("y/z")],
        "dry": False,
    }
    assert painted("a", "--dry", "--dry")["dry"] is True


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "Missing argument 'WHAT...'"),
        (["a", "--colour=BLUE"], "'BLUE' is not one of 'red', 'dark-blue'"),
        (["a", "--coats=0"], "1<=x<=9"),
        (["a", "--coats=two"], "not a valid integer"),
        (["a", "--wait=-1"], "x>=0"),
        (["a", "--brush=a\0b"], "no path holds a NUL"),
    ],
)
def test_what_a_type_does_not_take_is_told(words: list[str], told: str) -> None:
    with pytest.raises(click.ClickException) as found:
        painted(*words)
    assert told in found.value.format_message()


def test_an_option_with_one_value_is_given_once() -> None:
    with pytest.raises(ParameterError, match="--colour is given 2 times"):
        painted("a", "--colour=red", "--colour=red")


def test_help_keeps_examples_whole_and_has_a_heading_for_each_panel() -> None:
    told = PAINT.get_help(click.Context(PAINT, terminal_width=60))
    assert "\n  Example: paint a very long line of words" in told
    assert told.count("in use today") == 1
    assert re.findall(r"^(\w.*):$", told, re.MULTILINE) == [
        "Positional arguments",
        "Options",
        "Care",
    ]
    assert "[default: red]" in " ".join(told.split())


@pytest.mark.parametrize("line", ["--help", "--version", "help", "diff --help"])
def test_help_and_version_import_no_engine(line: str) -> None:
    script = f"import sys; from spack_census.cli import main; main({line.split()!r})"
    script = f"{script}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(PIPELINE)},
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}
    assert not loaded & ENGINES


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_installed_once(
    tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHELL", f"/bin/{shell}")
    monkeypatch.setenv("HOME", str(tmp_path))
    for _ in range(2):
        assert app(args=["--install-completion"], standalone_mode=False) == 0
    (path,) = (each for each in tmp_path.rglob("*") if each.is_file())
    assert str(path) in capsys.readouterr().err
    assert path.read_text(encoding="utf-8").count(completion.VARIABLE) == 1


def test_completion_of_an_unknown_shell_names_the_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/bin/ksh")
    with pytest.raises(ParameterError, match="no completion for the shell 'ksh'"):
        app(args=["--show-completion"], standalone_mode=False)
