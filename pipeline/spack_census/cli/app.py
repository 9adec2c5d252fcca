"""The commands and their groups, as `census --help` shows them."""

from __future__ import annotations

from collections.abc import Callable

import typer

from spack_census.cli import asking, building, environments, fetching, inspecting

app = typer.Typer(
    name="census",
    help="A census of the Spack build cache: what it holds, and what changed.",
    epilog="Errors name the next step; --debug shows where they arose.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

_GROUPS: dict[str, tuple[Callable[..., int | None], ...]] = {
    "Build": (building.build, fetching.fetch),
    "Ask": (
        asking.coverage,
        asking.diff,
        asking.package,
        environments.find,
        environments.why,
        environments.env,
        asking.query,
    ),
    "Inspect": (
        inspecting.snapshots,
        inspecting.queries,
        inspecting.rejects,
        inspecting.check,
        inspecting.verify,
        inspecting.path,
        inspecting.sql,
    ),
}

for group, commands in _GROUPS.items():
    for command in commands:
        app.command(rich_help_panel=group)(command)
