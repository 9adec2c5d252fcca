"""The command that a schedule calls: run."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from spack_census.cli import publishing, scaling
from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import ExitCode
from spack_census.cli.printing import shown


def run(
    config: Annotated[
        Path,
        Argument(metavar="CONFIG.yaml", help="What to read, where to write, whom to tell."),
    ],
    url: Annotated[
        str | None, Option("--url", metavar="URL", help="In place of url in the file.")
    ] = None,
    github: Annotated[
        bool, Option("--github", help="Tell a GitHub Actions job what changed.")
    ] = False,
    history: Annotated[
        str | None,
        Option(
            "--history", metavar="REPOSITORY", help="Keep dataset and reports on a branch there."
        ),
    ] = None,
    allow_poorer: Annotated[
        bool, Option("--allow-poorer", help="Keep a dataset that has lost snapshots.")
    ] = False,
    check: Annotated[
        bool, Option("--check", help="Only read the file, and say what a run would do.")
    ] = False,
) -> int:
    """Fetch, build and report as a file says; for cron, a systemd timer, or a CI job.

    Exits with 0 if nothing is new, 1 if a report was made, 2 if anything
    failed. Run it twice at once, or again after a crash: no harm is done.

    Example: census run deploy/census.yaml
    """
    from spack_census.schedule import cycle, ready
    from spack_census.schedule import github as actions
    from spack_census.schedule.config import read
    from spack_census.schedule.history import History

    settings = read(config)
    if check:
        for step in ready.planned(settings):
            print(shown(step))
        return ExitCode.OK
    past = history and History(
        history,
        settings.path(settings.dataset),
        settings.path(settings.reports),
        allow_poorer=allow_poorer,
    )
    if github:
        actions.demand_job()
    with scaling.no_collections():
        done = cycle.run(settings, _log, publishing.tell, url, past or None)
    if github:
        address = settings.url if url is None else url
        actions.tell_job(done.published, address, done.kept, due=done.is_due)
    for trouble in done.troubles:
        _log("trouble", str(trouble))
    if done.troubles:
        return ExitCode.TROUBLE
    return ExitCode.DIFFERENT if done.made else ExitCode.OK


def _log(step: str, said: str) -> None:
    from spack_census.ask.escaping import visible

    lines = "\n".join(map(visible, said.split("\n")))
    print(f"{step:<8} {lines}", file=sys.stderr, flush=True)
