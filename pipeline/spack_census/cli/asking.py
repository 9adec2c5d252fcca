"""The commands that answer questions of one snapshot: coverage, package, query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import (
    ANY_OS,
    DEFAULT_DATASET,
    Dataset,
    ExitCode,
    Format,
    OnGlibc,
    OnHost,
    OnSystem,
    Queries,
    RowFormat,
    Snapshot,
    Wide,
    other_dataset,
    words,
)
from spack_census.cli.printing import answer, write_rows
from spack_census.errors import ParameterError

if TYPE_CHECKING:
    from click import Context, Parameter

    from spack_census.ask.queries import Query

OnTarget = Annotated[
    str | None, Option("--target", metavar="NAME", help="Binaries of this target only.")
]
OnPlatform = Annotated[
    str | None, Option("--platform", metavar="NAME", help="Binaries of this platform only.")
]
OfPackages = Annotated[
    list[str] | None,
    Option("--package", metavar="NAME", help="How much of these packages; repeatable."),
]
PackagesFile = Annotated[
    Path | None,
    Option("--packages", metavar="FILE", help="The same, names in a file, one a line."),
]


def coverage(
    snapshot: Snapshot = "latest",
    target: OnTarget = None,
    host: OnHost = None,
    os: OnSystem = ANY_OS,
    glibc: OnGlibc = None,
    platform: OnPlatform = None,
    package: OfPackages = None,
    packages: PackagesFile = None,
    exit_code: Annotated[
        bool, Option("--exit-code", help="Exit with 1 if any package asked for is missing.")
    ] = False,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Show what is covered: by target, or for a target, a host CPU, or a list of packages.

    Rows of --format: one a platform, target and system; with --target,
    --host or a list one a package, covered or not. For a host binaries of
    linux count, or of its other platform where it can run none of linux.

    Example: census coverage --host zen4
    """
    from spack_census.ask import coverage as asked
    from spack_census.ask import names
    from spack_census.ask.database import connect
    from spack_census.ask.overview import overview, place_rows
    from spack_census.reports import coverage as shown

    options = {"--snapshot": None if snapshot == "latest" else snapshot}
    options |= {"--target": target, "--host": host, "--platform": platform}
    options |= {"--os": None if os == ANY_OS else os, "--glibc": glibc}
    command = ["census", "coverage", *words(options)]
    command += [word for name in package or [] for word in ("--package", name)]
    command += words({"--packages": packages, "--dataset": other_dataset(dataset)})
    if (target, host, packages, glibc, os) == (*(None,) * 4, ANY_OS) and not package:
        with connect(dataset, diffs=False) as con:
            answer(
                lambda: shown.overview(overview(con, snapshot, platform), command),
                lambda: place_rows(con, snapshot, platform),
                format,
                wide=wide,
            )
        return ExitCode.OK
    listed = (*(package or []), *(asked.read_list(packages) if packages else ()))
    chosen = listed if package or packages else None
    question = asked.Question(target, host, platform, os, chosen, glibc)
    with connect(dataset, diffs=False) as con:
        found = asked.coverage(con, question, snapshot)
        answer(
            lambda: shown.coverage(found, command, names.packages(con)),
            lambda: asked.package_rows(con, question, snapshot),
            format,
            wide=wide,
        )
    return ExitCode.DIFFERENT if exit_code and found.missing else ExitCode.OK


def package(
    name: Annotated[str, Argument(metavar="NAME", help="Package, such as py-torch.")],
    snapshot: Annotated[
        str | None,
        Option("--snapshot", metavar="NAME", help="Snapshot; else the newest that has it."),
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> None:
    """Show everything about one package: versions, targets, stacks, variants, history.

    Rows of --format: one a spec of the package in the snapshot.

    Example: census package hdf5
    """
    from spack_census.ask.database import connect
    from spack_census.ask.package import package_report, spec_rows
    from spack_census.reports.package import package as shown

    with connect(dataset) as con:
        report = package_report(con, name, snapshot)
        given = {"--snapshot": snapshot, "--dataset": other_dataset(dataset)}
        command = ["census", "package", name, *words(given)]
        answer(lambda: shown(report, command), lambda: spec_rows(con, report), format, wide=wide)


def _begun(_ctx: Context, _parameter: Parameter, begun: str) -> list[str]:
    from spack_census.ask.queries import names

    return [name for name in names() if name.startswith(begun)]


def query(
    name: Annotated[str, Argument("NAME", "Name, such as coverage.by_target.", _begun)],
    parameters: Annotated[
        list[str] | None,
        Option("-p", "--param", metavar="KEY=VALUE", help="A parameter of the query."),
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
    output: Annotated[
        Path | None, Option("-o", "--output", metavar="FILE", help="Write to this file.")
    ] = None,
    queries: Queries = None,
) -> None:
    """Run one query of the catalogue.

    Example: census query diff.packages -p before=previous -p after=latest --format csv
    """
    from spack_census.ask.database import connect
    from spack_census.ask.queries import load, run

    chosen = load(name, queries)
    with connect(dataset, queries, diffs=queries is not None or chosen.compares) as connection:
        given = _pairs(parameters or [])
        rows = run(connection, chosen, given)
        write_rows(rows, format, output, wide=wide, nothing=_nothing(chosen, given))


def _nothing(asked: Query, given: dict[str, str]) -> str:
    """Say that a query has no rows, and what that means or what to try."""
    if asked.name.startswith("checks."):
        return f"{asked.name} has no row: nothing fails it"
    names = ", ".join(f"{name}={value}" for name, value in given.items())
    step = "other values: -p KEY=VALUE; what is there: census snapshots, census coverage"
    return f"{asked.name} has no row{f' for {names}' if names else ''}\n  {step}"


def _pairs(parameters: list[str]) -> dict[str, str]:
    pairs = {}
    for parameter in parameters:
        key, equals, value = parameter.partition("=")
        if not equals or not key:
            raise ParameterError(
                f"-p {parameter}: KEY=VALUE belongs here", "such as -p after=latest"
            )
        if key in pairs:
            raise ParameterError(f"-p {key} is given twice", "give it once")
        pairs[key] = value
    return pairs
