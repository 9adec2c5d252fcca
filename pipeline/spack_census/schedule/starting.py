"""A first configuration for a source, with comments, and the lines that call it on a schedule."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from spack_census import sources
from spack_census.errors import CensusError, SourceError
from spack_census.fetch import addresses
from spack_census.sources.buildcache import BuildCache
from spack_census.sources.listing import LISTING

NAME = "census.yaml"
_NO_NAME = "site"


def configuration(source: str, rename: str | None = None) -> str:
    """Return the text of a configuration for a source: an address, or a path that is made absolute.

    `rename` is the name of its only snapshot; a mirror gets one where none is given. Raises
    SourceError where nothing can be read there, or an address is none.
    """
    is_list = source.split("?", maxsplit=1)[0].endswith(LISTING)
    if addresses.is_remote(source):
        addresses.checked(source)
        place, needs_name = source, not is_list
    else:
        path = addresses.local(source).resolve()
        if not path.exists():
            raise SourceError(f"there is no {path}", f"Spack's own cache: {addresses.PUBLIC}")
        found = sources.recognise(path, rename or _NO_NAME)
        # Documents and lists name their snapshots themselves.
        needs_name = isinstance(found, BuildCache) and not is_list and not (path / LISTING).exists()
        place = str(path)
    name = rename or (_NO_NAME if needs_name else None)
    lines = [*_HEAD, f"  - source: {json.dumps(place)}"]
    if is_list and addresses.is_remote(source):
        lines += _OF_A_LIST
    if name is not None:
        lines += [f"    as: {json.dumps(name)}{_ABOUT_NAME}"]
    return "\n".join([*lines, *_TAIL])


_HEAD = (
    "# What `census run` does; docs/schedule.md describes every key.",
    "# Relative paths start at the folder of this file.",
    "",
    "dataset: output/dataset     # the Parquet dataset; kept, added to",
    "reports: output/reports     # what changed, snapshot by snapshot; index.html, feed.xml",
    "site: output/site           # the explorer; leave out what is not wanted",
    "export: output/data         # the dataset as plain files, to be published",
    "",
    "sources:",
)
_OF_A_LIST = (
    "    latest: 4               # the newest dated snapshots; what was built stays",
    "    to: output/cache        # what is fetched; only new files come",
)
_ABOUT_NAME = "   # what to call its one snapshot; each state takes the place of the last"
_TAIL = (
    "",
    "# keep_reports: 104         # two years of weeks; all stay where this is left out",
    "# url: https://example.org/spack/reports    # where reports are served: makes links whole",
    "# on_change: ./tell-the-team     # gets report.json on stdin, for each new report",
    "wait_seconds: 600           # for another run to end",
    "run_seconds: 9000           # a run that takes longer is ended, and says what took so long",
    "",
)


def write(path: Path, text: str) -> None:
    """Write a new configuration; raises CensusError where there is a file, or none can be."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        message = f"{path} is there already, and is left as it is"
        raise CensusError(message, "name another: census init SOURCE --output FILE") from error
    except OSError as error:
        message = f"cannot write {path}: {error.strerror or error}"
        raise CensusError(message, "name a place that can be written: --output FILE") from error


def schedules(path: Path, command: str) -> str:
    """Return the lines that run a configuration each day; `command` is where census lies."""
    place = path.resolve()
    call = f"{shlex.quote(command)} run {shlex.quote(str(place))}"
    # In a crontab a percent sign ends the line.
    cron = call.replace("%", "\\%")
    log = shlex.quote(str(place.with_suffix(".log"))).replace("%", "\\%")
    return f"""\
cron (crontab -e); mail comes only with a new report, or trouble:
  17 5 * * * {cron} >{log} 2>&1 || cat {log}

systemd, until the next boot (deploy/systemd has units that stay):
  systemd-run --user --unit=spack-census --on-calendar='*-*-* 05:17' \\
    --property=SuccessExitStatus=1 {call}

GitHub Actions (.github/workflows/snapshot-report.yml is a whole one):
  - run: census run {shlex.quote(path.name)} --github || test $? -eq 1
"""
