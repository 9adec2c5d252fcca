"""The commands that answer for a constraint, an environment, a host: find, why, env."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import (
    ANY_OS,
    DEFAULT_DATASET,
    Datasets,
    ExitCode,
    Format,
    OnGlibc,
    OnHost,
    OnSystem,
    RowFormat,
    Snapshots,
    Wide,
    words,
)
from spack_census.cli.printing import write_rows
from spack_census.errors import ParameterError

if TYPE_CHECKING:
    from spack_census.ask.hosts import Host
    from spack_census.environments.caches import Cache
    from spack_census.environments.manifests.model import Manifest
    from spack_census.environments.model import EnvironmentFit, Lockfile
    from spack_census.environments.search import Search
    from spack_census.spack.constraints import Constraint

_FOUND = ("variants", "target", "hash", "stacks", "compiler", "os", "platform", "snapshot")
"""What `find` shows besides package and version, what tells most first."""


def find(
    constraint: Annotated[
        list[str], Argument(metavar="SPEC", help="Such as: hdf5@1.14: +mpi %gcc@11:")
    ],
    snapshot: Snapshots = None,
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    glibc: OnGlibc = None,
    installable: Annotated[
        bool, Option("--installable", help="Only what needs nothing that is not cached.")
    ] = False,
    dataset: Datasets = None,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> None:
    """List the specs that satisfy a constraint, in Spack's own syntax, and how to install one.

    Where there is none, tell at which step they drop out, as why does.

    Example: census find 'hdf5@1.14: +mpi target=x86_64_v3 %gcc@11:'
    """
    from spack_census.environments.search import search, search_rows

    caches, on = _asked(dataset, snapshot, host, os, glibc)
    asked = _parsed(constraint)
    found = search(caches, asked, on, installable=installable)
    if found.constraint.package != asked.package:
        print(f"census: {asked.package} is read as {found.constraint.package}", file=sys.stderr)
    for name, needed in found.holes:
        those = ", ".join(needed)
        print(f"census: {name} is cached, but it needs {those}, not cached", file=sys.stderr)
    if found.rows or format is not Format.TABLE:
        write_rows(search_rows(caches[0].con, found), format, ranks=_FOUND, wide=wide)
    if not found.rows:
        _explain(found, caches, on, format, wide=wide)
    elif format is Format.TABLE:
        print("\nTo install the first:", *found.install, sep="\n  ")


def _explain(
    found: Search, caches: Sequence[Cache], host: Host, form: Format, *, wide: bool
) -> None:
    """Tell why nothing was found; beside rows that a program reads, on stderr."""
    from spack_census.environments.ladder import ladder
    from spack_census.errors import CensusError
    from spack_census.reports import environment, text

    stream = sys.stdout if form is Format.TABLE else sys.stderr
    for cache in caches if found.constraint.package is not None else ():
        try:
            rungs = ladder(cache.con, found.constraint, cache.snapshot, host)
        except CensusError as error:
            print(f"census: {cache.label}: {error}", file=sys.stderr)
        else:
            text.show(environment.ladder(rungs), stream, wide=wide)


def _parsed(words: Sequence[str]) -> Constraint:
    """Return the constraint, and tell of words that mean something else than they did."""
    from spack_census.ask.escaping import visible
    from spack_census.spack.grammar import notices, parse

    found = parse(" ".join(words))
    for notice in notices(found):
        print(f"census: {visible(notice)}", file=sys.stderr)
    return found


def why(
    constraint: Annotated[
        list[str], Argument(metavar="PACKAGE", help="A package, or a constraint on one.")
    ],
    snapshot: Snapshots = None,
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    glibc: OnGlibc = None,
    exit_code: Annotated[
        bool, Option("--exit-code", help="Exit with 1 if no spec is left.")
    ] = False,
    dataset: Datasets = None,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show at which step the specs of a package drop out: CPU, system, compiler, version.

    With several caches one after the other; what is left in one is enough.

    Example: census why hdf5 --host zen4 --os rhel9
    """
    from spack_census.environments.ladder import ladder, ladder_rows
    from spack_census.environments.spelled import meant
    from spack_census.reports import environment, text

    caches, on = _asked(dataset, snapshot, host, os, glibc)
    asked = _parsed(constraint)
    found = [ladder(each.con, meant(each.con, asked), each.snapshot, on) for each in caches]
    if format is Format.TABLE:
        for each in found:
            text.show(environment.ladder(each), sys.stdout, wide=wide)
    else:
        write_rows(ladder_rows(caches[0].con, *found), format)
    return ExitCode.DIFFERENT if exit_code and all(each.broken for each in found) else ExitCode.OK


def env(
    path: Annotated[
        Path, Argument(metavar="PATH", help="A spack.lock, a spack.yaml, or their folder.")
    ],
    snapshot: Snapshots = None,
    all_snapshots: Annotated[
        bool, Option("--all-snapshots", help="Which snapshot fits best: the one to pin.")
    ] = False,
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    glibc: OnGlibc = None,
    exit_code: Annotated[
        bool,
        Option(
            "--exit-code", help="Exit with 1 if anything would compile, else 3 if that is not told."
        ),
    ] = False,
    dataset: Datasets = None,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show how much of an environment installs from binaries, and what is nearest to the rest.

    Rows of --format: one a spec of the lockfile, or one a root of a
    spack.yaml; with --all-snapshots one a snapshot.

    Example: census env spack.lock --host zen4 --os rhel9
    """
    from spack_census.environments import fitting, union
    from spack_census.reports import environment, text

    options = {"--host": host, "--os": None if os == ANY_OS else os, "--glibc": glibc}
    command = ["census", "env", str(path), *words(options)]
    command += [word for place in dataset or () for word in ("--dataset", str(place))]
    caches, on = _asked(dataset, snapshot, host, os, glibc)
    content = fitting.read(path, on.known)
    if all_snapshots:
        code = _rank(caches, content, on, format, named=bool(snapshot), wide=wide)
        return code if exit_code else ExitCode.OK
    found = union.fit(caches, content, on)
    if format is Format.TABLE:
        alone = len(dataset or ()) <= 1
        sections = environment.environment(found, command, one_dataset=alone)
        text.show(sections, sys.stdout, wide=wide)
    else:
        write_rows(fitting.fit_rows(caches[0].con, found), format)
    return _code(found) if exit_code else ExitCode.OK


def _rank(
    caches: Sequence[Cache],
    content: Lockfile | Manifest,
    host: Host,
    form: Format,
    *,
    named: bool,
    wide: bool,
) -> ExitCode:
    from spack_census.environments import fitting
    from spack_census.reports import environment, text

    if named or len(caches) > 1:
        message = "--all-snapshots ranks all snapshots of one dataset"
        raise ParameterError(message, "leave --snapshot out, name one --dataset")
    ranks = fitting.rank(caches[0].con, content, host)
    if form is Format.TABLE:
        text.show(environment.ranks(ranks), sys.stdout, wide=wide)
    else:
        write_rows(fitting.rank_rows(caches[0].con, ranks), form)
    return ExitCode.DIFFERENT if ranks[0].num_hits < ranks[0].num_specs else ExitCode.OK


def _asked(
    datasets: Sequence[Path] | None,
    snapshots: Sequence[str] | None,
    cpu: str | None,
    os: str,
    glibc: str | None,
) -> tuple[list[Cache], Host]:
    """Return the caches that are asked, and the host that binaries shall run on."""
    from spack_census.ask import hosts
    from spack_census.environments.caches import LATEST, caches

    found = caches(datasets or [DEFAULT_DATASET], snapshots or [LATEST])
    return found, hosts.resolve(found[0].con, cpu, os, glibc)


def _code(found: EnvironmentFit) -> ExitCode:
    """Return the exit code of an answer; what is known to compile comes before what is not."""
    if any(each.compiles for each in found.specs):
        return ExitCode.DIFFERENT
    if found.having("cannot tell"):
        print("census: exit code 3: of some roots it cannot be told", file=sys.stderr)
        return ExitCode.CANNOT_TELL
    return ExitCode.OK
