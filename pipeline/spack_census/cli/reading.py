"""The command that reads recipes beside the dataset: recipes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import DEFAULT_DATASET, Dataset
from spack_census.cli.printing import shown
from spack_census.errors import many

if TYPE_CHECKING:
    from spack_census.recipes.repository import Recipes


def recipes(
    repo: Annotated[
        Path,
        Argument(metavar="REPO", help="A package repository: a checkout, or with git."),
    ],
    rev: Annotated[
        str | None,
        Option("--rev", metavar="REV", help="Read this commit, not what lies there."),
    ] = None,
    folder: Annotated[
        str | None,
        Option("--path", metavar="FOLDER", help="Which of several; else builtin."),
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    wait: Annotated[
        float,
        Option("--wait", min=0, metavar="SECONDS", help="Wait for another build to end."),
    ] = 0,
) -> None:
    """Read what recipes declare, to hold the cache against it; nothing of them is run.

    They take the place of those that the dataset had. Any build leaves them as they are.

    Example: census recipes spack-packages --rev HEAD
    """
    import datetime as dt

    from spack_census.building.recipes import publish
    from spack_census.dataset.layout import pin
    from spack_census.disk import apart
    from spack_census.recipes.repository import read_recipes

    pin(dataset)
    apart.demand_outside("the recipes", str(repo.resolve()), "the dataset", dataset)
    with _progress() as observe:
        found = read_recipes(repo, rev=rev, folder=folder, observe=observe)
    done = publish(found, dataset, dt.datetime.now(dt.UTC).date(), wait)
    _print(found, repo, dataset, f"version {int(done.manifest.id[:8])}" if done.is_new else None)
    for warning in done.warnings:
        print(f"note: published, but {warning}", file=sys.stderr)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    if not sys.stderr.isatty():
        yield lambda _number, _total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)
        yield lambda number, total: bar.update(task, total=total, completed=number)


def _print(found: Recipes, repo: Path, dataset: Path, version: str | None) -> None:
    partly = sum(bool(each.num_unread) for each in found.recipes)
    versions = sum(len(each.versions) for each in found.recipes)
    made = f"commit {found.revision[:12]} of {found.revision_date}"
    if found.revision_date is None:
        made = "as its files lie there"
    print(
        f"{shown(repo):<24} package repository {found.namespace}, {made}\n"
        f"{'checked':<24} {many(found.num_seen, 'file')} seen = "
        f"{len(found.recipes) - partly:,} read whole + {partly:,} in part + "
        f"{len(found.rejects):,} rejected\n"
        f"{shown(dataset):<24} {many(len(found.recipes), 'recipe')} · "
        f"{many(versions, 'version')} · {version or 'up to date'}"
    )
    if partly or found.rejects:
        print("note: what could not be read: census query coverage.recipes_unread", file=sys.stderr)
    if found.revision_date is None:
        hint = "to read what is committed, with its date: --rev HEAD"
        print(f"note: no commit is known; {hint}", file=sys.stderr)
    print("\nAsk it something:")
    print("  census query coverage.recipes            how much of all packages is cached")
    print("  census query coverage.recipe_versions    how far the cache lags behind them")
