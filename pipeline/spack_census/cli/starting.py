"""The command that writes a first configuration: init."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.printing import shown


def init(
    source: Annotated[
        str,
        Argument(metavar="SOURCE", help="A mirror, a folder of documents, or an address."),
    ],
    rename: Annotated[
        str | None,
        Option("--as", metavar="SNAPSHOT", help="Name for the source's only snapshot."),
    ] = None,
    output: Annotated[
        Path, Option("-o", "--output", metavar="FILE", help="Where to write it.")
    ] = Path("census.yaml"),
) -> None:
    """Write a census.yaml with comments, and print the lines of cron, systemd, a workflow.

    It asks nothing, fetches nothing, starts nothing, and writes over no
    file. census run FILE --check reads it back.

    Example: census init /srv/mirror --as site
    """
    from spack_census.schedule import starting

    starting.write(output, starting.configuration(source, rename))
    print(f"wrote {shown(output)}; try it: census run {shown(output)} --check", file=sys.stderr)
    command = shutil.which(sys.argv[0]) or "census"
    print(starting.schedules(output, str(Path(command).resolve())), end="")
