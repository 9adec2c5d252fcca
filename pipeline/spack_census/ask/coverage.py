"""What a snapshot covers of its packages or of a list: anywhere, on a target, or for a host."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import duckdb
from duckdb import ColumnExpression, ConstantExpression

from spack_census.ask import names, queries, snapshots
from spack_census.ask.held import holding, kept
from spack_census.ask.hosts import ANY_OS, glibc, resolve
from spack_census.errors import CensusError, ParameterError

_LINUX = "linux"

_USABLE = """
select
    package, $target::varchar as best_target,
    arg_max(version, [version_key, version]) as newest_version, count(*) as num_specs
from specs_at($snapshot)
where
    ($target is null or target = $target)
    and ($platform is null or platform = $platform)
group by package
"""
_PACKAGES = """
with asked as (
    select distinct unnest($packages::varchar[]) as package
    union
    select package from specs_at($snapshot) where $packages is null
),
held as (
    select
        package,
        list_sort(list_distinct(list(platform || '/' || target))) as found_on,
        len(list_filter(list_distinct(flatten(list(stacks))), lambda s: s <> 'root'))
            as num_stacks
    from specs_at($snapshot)
    group by package
)
select
    asked.package,
    usable.package is not null as covered,
    usable.best_target,
    usable.newest_version,
    ifnull(usable.num_specs, 0) as num_specs,
    ifnull(held.found_on, []) as found_on,
    ifnull(held.num_stacks, 0) as num_stacks,
    asked.package in (select package from specs) as known
from asked
left join usable on asked.package = usable.package
left join held on asked.package = held.package
order by asked.package
"""
_TARGETS = "select target from target_compat where host = $host order by distance, target"
_SYSTEMS = """
select distinct spec.os
from specs_at($snapshot) as spec
inner join target_compat as compatible on spec.target = compatible.target
left join glibc_needs as needs on spec.snapshot = needs.snapshot and spec.hash = needs.hash
where
    compatible.host = $host and spec.platform = $platform
    and runs_binary(spec.os, needs.glibc, $os)
order by spec.os
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What of a snapshot is asked for; None means all."""

    target: str | None = None
    host: str | None = None
    platform: str | None = None
    os: str = ANY_OS
    """The host's operating system."""
    packages: tuple[str, ...] | None = None
    glibc: str | None = None
    """The host's version of glibc, where it is not the one that its system came with."""


class Package(NamedTuple):
    """What a snapshot has of one package, and whether that answers the question."""

    package: str
    covered: bool
    best_target: str | None
    newest_version: str | None
    num_specs: int
    found_on: list[str]
    """Where the snapshot has it at all, as platform/target."""
    num_stacks: int
    known: bool
    """Whether any snapshot of the dataset has it."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """The packages of a list, or of the snapshot, and which of them are covered."""

    snapshot: str
    question: Question
    packages: list[Package]
    host_targets: list[str]
    """Targets whose binaries the host runs, nearest first; empty where no host is asked for."""
    systems: list[str]
    """Operating systems of the binaries counted for the host."""
    other_platforms: list[str]
    """Platforms with binaries for the host that the question did not name or rule out."""

    @property
    def covered(self) -> list[Package]:
        """The packages that answer the question."""
        return [package for package in self.packages if package.covered]

    @property
    def missing(self) -> list[Package]:
        """The packages that do not, those of most stacks first."""
        found = [package for package in self.packages if not package.covered]
        return sorted(found, key=lambda row: (-row.num_stacks, -len(row.found_on), row.package))


def coverage(
    con: duckdb.DuckDBPyConnection, question: Question, snapshot: str = "latest"
) -> Coverage:
    """Return the packages asked for and which of them are covered.

    Those are the packages of the question's list, else all of the snapshot. Covered means: on the
    target; usable on the host, on one platform (linux where the host can use any there, unless
    the question names one); or else anywhere. Raises UnknownNameError for an unknown snapshot,
    target, host or platform, ParameterError where target and host are both given.
    """
    name, question, others = _settled(con, question, snapshot)
    host = {"host": question.host}
    place = {"snapshot": name, "platform": question.platform, "os": question.os}
    return Coverage(
        snapshot=name,
        question=question,
        packages=[Package(*row) for row in _rows(con, question, name).fetchall()],
        host_targets=[target for (target,) in con.sql(_TARGETS, params=host).fetchall()],
        systems=[os for (os,) in con.sql(_SYSTEMS, params=host | place).fetchall()],
        other_platforms=others,
    )


def package_rows(
    con: duckdb.DuckDBPyConnection, question: Question, snapshot: str = "latest"
) -> duckdb.DuckDBPyRelation:
    """Return one row for each package of `coverage`, with the fields of `Package`."""
    name, question, _ = _settled(con, question, snapshot)
    return _rows(con, question, name)


def read_list(path: Path) -> tuple[str, ...]:
    """Return the package names of a file, one a line; comments (#) and blank lines are skipped.

    Raises CensusError where it cannot be read.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
        message = f"cannot read {path}: {reason}"
        raise CensusError(message, "name a file with one package name a line") from error
    return tuple(filter(None, (line.partition("#")[0].strip() for line in lines)))


def _settled(
    con: duckdb.DuckDBPyConnection, question: Question, snapshot: str
) -> tuple[str, Question, list[str]]:
    """Return the snapshot's name, the question with a platform, and platforms left out."""
    name = snapshots.resolve(con, snapshot)
    if question.target is not None and question.host is not None:
        message = "--target and --host are two questions"
        raise ParameterError(message, "ask for one: what a target has, or what a host can use")
    if question.packages is not None and not question.packages:
        raise ParameterError("the list of packages is empty", "name one package at least")
    if question.platform is not None:
        names.demand_platform(con, question.platform, name)
    if question.target is not None:
        names.demand_target(con, question.target, name)
    if question.host is None:
        if question.os != ANY_OS or question.glibc is not None:
            raise ParameterError("--os is that of a host", "name its CPU too: --host CPU")
        return name, question, []
    host = resolve(con, question.host, question.os, question.glibc)
    # Queries take a system by its name, or as no more than its glibc.
    named = host.glibc in {None, glibc(con, host.os)}
    os = host.os if named else f"glibc{host.glibc}"
    question = replace(question, host=host.cpu, os=os)
    found = _usable(con, question, name).project("platform").distinct().fetchall()
    platforms = sorted(platform for (platform,) in found)
    if question.platform is not None:
        return name, question, []
    chosen = _LINUX if _LINUX in platforms or not platforms else platforms[0]
    return name, replace(question, platform=chosen), [p for p in platforms if p != chosen]


def _usable(
    con: duckdb.DuckDBPyConnection, question: Question, snapshot: str
) -> duckdb.DuckDBPyRelation:
    params = {"host": question.host, "os": question.os, "snapshot": snapshot}
    return queries.run(con, queries.load("coverage.host"), params)


def _rows(
    con: duckdb.DuckDBPyConnection, question: Question, snapshot: str
) -> duckdb.DuckDBPyRelation:
    if question.host is not None:
        here = ColumnExpression("platform") == ConstantExpression(question.platform)
        usable = _usable(con, question, snapshot).filter(here)
    else:
        chosen = {
            "snapshot": snapshot,
            "target": question.target,
            "platform": question.platform,
        }
        usable = con.sql(_USABLE, params=chosen)
    packages = None if question.packages is None else list(question.packages)
    with holding(con, {"usable": usable}):
        rows = con.sql(_PACKAGES, params={"snapshot": snapshot, "packages": packages})
        # Its rows outlive the table they were made from.
        return kept(con, rows)
