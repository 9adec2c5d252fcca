"""Completion in a shell: the script that it needs, printed or put where the shell reads it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from spack_census.errors import CensusError, ParameterError

VARIABLE = "_CENSUS_COMPLETE"
_FILES = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/completions/census.fish"}
"""What a shell reads as it starts, below the home."""
_LINE = 'command -v census > /dev/null && eval "$(_CENSUS_COMPLETE={}_source census)"\n'
_FISH = "_CENSUS_COMPLETE=fish_source census | source\n"


def _shell() -> str:
    name = Path(os.environ.get("SHELL", "")).name
    if name not in _FILES:
        message = f"no completion for the shell {name!r}"
        raise ParameterError(message, f"SHELL names one of: {', '.join(_FILES)}")
    return name


def _show(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    from click.shell_completion import get_completion_class

    found = get_completion_class(_shell())
    assert found is not None
    print(found(ctx.command, {}, "census", VARIABLE).source())
    ctx.exit()


def _install(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if not asked:
        return
    shell = _shell()
    path = Path.home() / _FILES[shell]
    line = (
        "_CENSUS_COMPLETE=fish_source census | source\n" if shell == "fish" else _LINE.format(shell)
    )
    try:
        known = path.read_text(encoding="utf-8") if path.exists() else ""
        if line not in known:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("a", encoding="utf-8") as file:
                file.write(line if not known or known.endswith("\n") else f"\n{line}")
    except (OSError, UnicodeDecodeError) as error:
        message = f"cannot write {path}: {error}"
        raise CensusError(message, "put this there yourself: census --show-completion") from error
    print(f"{path}: {shell} completes census from its next start on", file=sys.stderr)
    ctx.exit()


OPTIONS = tuple(
    click.Option([name], is_flag=True, is_eager=True, expose_value=False, callback=act, help=told)
    for name, act, told in (
        ("--install-completion", _install, "Have your shell complete census; it names the file."),
        ("--show-completion", _show, "Print the script that completes census in your shell."),
    )
)
