"""The options of `census build` that read what a git repository has committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from spack_census.sources.githistory import Every

if TYPE_CHECKING:
    from spack_census.sources import git

_PANEL = "Git history"

Git = Annotated[
    bool,
    typer.Option(
        "--git",
        help="Read what SOURCE has committed; each option below implies it.",
        rich_help_panel=_PANEL,
    ),
]
Rev = Annotated[
    str | None,
    typer.Option("--rev", metavar="REV", help="Commit to read; else HEAD.", rich_help_panel=_PANEL),
]
Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="DATE",
        help="Leave out the states of develop before this day.",
        rich_help_panel=_PANEL,
    ),
]
Folder = Annotated[
    str | None,
    typer.Option(
        "--path",
        metavar="FOLDER",
        help="Where the documents lie; else _cache if there is one.",
        rich_help_panel=_PANEL,
    ),
]
States = Annotated[
    Every | None,
    typer.Option(
        "--every",
        help="Which states of develop become develop@DATE; else the last of each day.",
        rich_help_panel=_PANEL,
    ),
]


def opened(
    repository: str,
    rename: str | None,
    rev: str | None,
    since: str | None,
    folder: str | None,
    every: Every | None,
) -> git.Git:
    """Return the source that these options name; raises SourceError or ParameterError."""
    from spack_census.sources.git import open_repository

    return open_repository(
        repository,
        rev="HEAD" if rev is None else rev,
        since=since,
        folder=folder,
        every=every or Every.DAY,
        unnamed=rename,
    )
