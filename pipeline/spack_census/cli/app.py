"""The commands and their groups, as `census --help` shows them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

import spack_census
from spack_census.cli import (
    asking,
    auditing,
    building,
    comparing,
    environments,
    fetching,
    inspecting,
    publishing,
    running,
    versions,
)
from spack_census.errors import ParameterError


class _Command(TyperCommand):
    """A command that takes each option once: the parser alone would let the last one win."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(args=list(args))
        for parameter, count in Counter(order).items():
            once = not getattr(parameter, "multiple", True)
            if count > 1 and once and not getattr(parameter, "is_flag", False):
                message = f"{parameter.opts[0]} is given {count} times"
                raise ParameterError(message, "give it once")
        return super().parse_args(ctx, args)


class _Group(TyperGroup):
    """The commands, and what can be asked of all of them."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _without_types(super().get_params(ctx))


def _without_types(params: list[Any]) -> list[Any]:
    """Let help name no type beside a flag, for that takes no value."""
    for each in params:
        if getattr(each, "is_bool_flag", False):
            each.metavar = ""
    return params


app = typer.Typer(
    cls=_Group,
    name="census",
    help="A census of the Spack build cache: what it holds, and what changed.",
    epilog="census help COMMAND is census COMMAND --help.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(asked: bool) -> None:
    if asked:
        print(f"census {spack_census.__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Print the version."),
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error arose, with any command.")
    ] = False,
) -> None:
    pass


_GROUPS: dict[str, tuple[Callable[..., int | None], ...]] = {
    "Build": (building.build, fetching.fetch, running.run),
    "Ask": (
        asking.coverage,
        comparing.diff,
        asking.package,
        environments.find,
        environments.why,
        environments.env,
        asking.query,
    ),
    "Report": (publishing.report, publishing.site),
    "Inspect": (
        inspecting.snapshots,
        inspecting.queries,
        inspecting.rejects,
        inspecting.check,
        inspecting.verify,
        auditing.audit,
        versions.migrate,
        versions.path,
        inspecting.sql,
    ),
}


for group, commands in _GROUPS.items():
    for command in commands:
        app.command(cls=_Command, rich_help_panel=group)(command)
