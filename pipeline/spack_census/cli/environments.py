"""The commands that answer for a constraint, an environment, a host: find, why, env."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from spack_census.cli.options import (
    ANY_OS,
    DEFAULT_DATASET,
    Dataset,
    ExitCode,
    Format,
    OnHost,
    OnSystem,
    RowFormat,
    Snapshot,
    Wide,
    other_dataset,
    words,
)
from spack_census.cli.printing import write_rows


def find(
    constraint: Annotated[
        list[str], typer.Argument(metavar="SPEC", help="Such as: hdf5@1.14: +mpi %gcc@11:")
    ],
    snapshot: Snapshot = "latest",
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
) -> None:
    """List the specs that satisfy a constraint, in Spack's own syntax.

    Example: census find 'hdf5@1.14: +mpi %gcc@11: target=x86_64_v3'
    """
    from spack_census.ask import finding, hosts
    from spack_census.ask.database import connect
    from spack_census.spack.grammar import parse

    with connect(dataset) as con:
        on = hosts.resolve(con, host, os)
        write_rows(finding.find(con, parse(" ".join(constraint)), snapshot, on), format)


def why(
    constraint: Annotated[
        list[str], typer.Argument(metavar="PACKAGE", help="A package, or a constraint on one.")
    ],
    snapshot: Snapshot = "latest",
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 1 if no spec is left.")
    ] = False,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show at which step the specs of a package drop out: CPU, system, compiler, version.

    Example: census why hdf5 --host zen4 --os rhel9
    """
    from spack_census.ask import hosts
    from spack_census.ask.database import connect
    from spack_census.environments.ladder import ladder, ladder_rows
    from spack_census.reports import environment, text
    from spack_census.spack.grammar import parse

    with connect(dataset) as con:
        on = hosts.resolve(con, host, os)
        found = ladder(con, parse(" ".join(constraint)), snapshot, on)
        if format is Format.TABLE:
            text.show(environment.ladder(found), sys.stdout, wide=wide)
        else:
            write_rows(ladder_rows(con, found), format)
    return ExitCode.DIFFERENT if exit_code and found.broken else ExitCode.OK


def env(
    path: Annotated[
        Path, typer.Argument(metavar="PATH", help="A spack.lock, a spack.yaml, or their folder.")
    ],
    snapshot: Snapshot = "latest",
    all_snapshots: Annotated[
        bool, typer.Option("--all-snapshots", help="Which snapshot fits best: the one to pin.")
    ] = False,
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    exit_code: Annotated[
        bool,
        typer.Option(
            "--exit-code", help="Exit with 1 if anything would compile, else 3 if that is not told."
        ),
    ] = False,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show how much of an environment installs from binaries, and what is nearest to the rest.

    Rows of --format: one a spec of the lockfile, or one a root of a
    spack.yaml; with --all-snapshots one a snapshot.

    Example: census env spack.lock --host zen4 --os rhel9
    """
    from spack_census.ask import hosts
    from spack_census.ask.database import connect
    from spack_census.environments import fitting
    from spack_census.reports import environment, text

    options = {"--host": host, "--os": None if os == ANY_OS else os}
    command = ["census", "env", str(path), *words(options | {"--dataset": other_dataset(dataset)})]
    with connect(dataset) as con:
        on = hosts.resolve(con, host, os)
        content = fitting.read(path, on.known)
        if all_snapshots:
            ranks = fitting.rank(con, content, on)
            if format is Format.TABLE:
                text.show(environment.ranks(ranks), sys.stdout, wide=wide)
            else:
                write_rows(fitting.rank_rows(con, ranks), format)
            code = _code(ranks[0].num_hits < ranks[0].num_specs, unknown=False)
        else:
            found = fitting.fit(con, content, snapshot, on)
            if format is Format.TABLE:
                text.show(environment.environment(found, command), sys.stdout, wide=wide)
            else:
                write_rows(fitting.fit_rows(con, found), format)
            code = _code(
                any(each.compiles for each in found.specs),
                unknown=bool(found.having("cannot tell")),
            )
    return code if exit_code else ExitCode.OK


def _code(compiles: bool, *, unknown: bool) -> ExitCode:
    """Return the exit code of an answer; what is known to compile comes before what is not."""
    if compiles:
        return ExitCode.DIFFERENT
    return ExitCode.CANNOT_TELL if unknown else ExitCode.OK
