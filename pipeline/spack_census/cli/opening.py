"""The options that say what a source is and how to read it, as `build` and `--repair` take them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli import fetching
from spack_census.cli.declaring import Option
from spack_census.sources.githistory import Every

if TYPE_CHECKING:
    from spack_census.sources.model import Reading, Source

_PANEL = "Git history"

Git = Annotated[
    bool,
    Option(
        "--git",
        help="Read what SOURCE has committed; each option below implies it.",
        panel=_PANEL,
    ),
]
Rev = Annotated[
    str | None,
    Option("--rev", metavar="REV", help="Commit to read; else HEAD.", panel=_PANEL),
]
Since = Annotated[
    str | None,
    Option(
        "--since",
        metavar="DATE",
        help="Leave out the states of develop before this day.",
        panel=_PANEL,
    ),
]
Folder = Annotated[
    str | None,
    Option(
        "--path",
        metavar="FOLDER",
        help="Where the documents lie; else _cache if there is one.",
        panel=_PANEL,
    ),
]
States = Annotated[
    Every | None,
    Option(
        "--every",
        help="Which states of develop become develop@DATE; else the last of each day.",
        panel=_PANEL,
    ),
]


Rename = Annotated[
    str | None,
    Option("--as", metavar="SNAPSHOT", help="Name for the source's only snapshot."),
]
AllowPartial = Annotated[
    bool, Option("--allow-partial", help="Allow missing indexes, scant new snapshots.")
]
WithSizes = Annotated[
    bool, Option("--with-sizes", help="Read sizes where a build cache tells them.")
]
View = Annotated[
    str | None,
    Option("--view", metavar="NAME", help="Only this index view of a mirror."),
]
FromSpecs = Annotated[
    bool, Option("--from-specs", help="A mirror's specs one by one instead of its index.")
]


def demand_apart(source: str, dataset: Path) -> None:
    """Raise ParameterError where what is fetched would lie with the dataset."""
    from spack_census.disk import apart
    from spack_census.fetch import addresses

    if addresses.is_remote(source):
        from spack_census.fetch.fetching import default_folder

        apart.demand({"the dataset": dataset, "what is fetched": default_folder(source)})


def opened(
    source: str,
    rename: str | None,
    rev: str | None,
    since: str | None,
    folder: str | None,
    every: Every | None,
    *,
    reading: Reading,
    git: bool,
) -> Source:
    """Return the source that these options name; raises SourceError or ParameterError."""
    from spack_census.fetch import addresses
    from spack_census.fetch.opening import open_source

    if not git and all(option is None for option in (rev, since, folder, every)):

        def fetch(url: str) -> Path:
            views = [] if reading.view is None else [reading.view]
            return fetching.bring(
                url, with_sizes=reading.with_sizes, views=views, from_specs=reading.from_specs
            ).folder

        return open_source(source, rename, reading=reading, fetch=fetch)
    from spack_census.sources.git import open_repository

    return open_repository(
        addresses.local(source),
        rev="HEAD" if rev is None else rev,
        since=since,
        folder=folder,
        every=every or Every.DAY,
        unnamed=rename,
    )
