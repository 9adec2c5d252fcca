"""The Python API's answers to what a user brings: a constraint, a lockfile, a question why."""

from __future__ import annotations

from pathlib import Path

import duckdb

from spack_census.ask import finding, hosts
from spack_census.ask.database import connect
from spack_census.ask.hosts import ANY_OS
from spack_census.environments import fitting
from spack_census.environments.ladder import Ladder, ladder
from spack_census.environments.model import EnvironmentFit
from spack_census.spack.grammar import parse


def environment(
    dataset: Path | str,
    path: Path | str,
    snapshot: str = "latest",
    host: str | None = None,
    os: str = ANY_OS,
) -> EnvironmentFit:
    """Return how much of an environment a snapshot of a dataset holds.

    `path` is a spack.lock, a spack.yaml, or a folder with one of them, the lockfile first; `host`
    is a CPU as archspec names it or "native", `os` a system as Spack names it or "any". What cannot
    be told of a root is its answer, with the reason. Raises EnvironmentFileError for a file that
    cannot be used, UnknownNameError for a name that nothing bears.
    """
    with connect(dataset) as con:
        on = hosts.resolve(con, host, os)
        return fitting.fit(con, fitting.read(Path(path), on.known), snapshot, on)


def find(
    dataset: Path | str,
    constraint: str,
    snapshot: str = "latest",
    host: str | None = None,
    os: str = ANY_OS,
) -> duckdb.DuckDBPyRelation:
    """Return the specs of a snapshot that satisfy a constraint and run on a host, a row each.

    The relation keeps its connection open. Raises ConstraintError for what is no constraint or
    cannot be answered, UnknownNameError for a name that nothing bears.
    """
    con = connect(dataset)
    return finding.find(con, parse(constraint), snapshot, hosts.resolve(con, host, os))


def why(
    dataset: Path | str,
    constraint: str,
    snapshot: str = "latest",
    host: str | None = None,
    os: str = ANY_OS,
) -> Ladder:
    """Return at which condition the specs of a package drop out; raises what `find` raises."""
    with connect(dataset) as con:
        return ladder(con, parse(constraint), snapshot, hosts.resolve(con, host, os))
