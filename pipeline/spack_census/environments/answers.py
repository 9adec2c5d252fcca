"""The Python API's answers to what a user brings: a constraint, a lockfile, a question why."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from spack_census.ask import finding, hosts
from spack_census.ask.database import connect
from spack_census.ask.hosts import ANY_OS
from spack_census.environments import fitting, union
from spack_census.environments.caches import LATEST, caches
from spack_census.environments.ladder import Ladder, ladder
from spack_census.environments.model import EnvironmentFit
from spack_census.environments.spelled import meant
from spack_census.spack.grammar import parse

Place = Path | str


def environment(
    dataset: Place | Sequence[Place],
    path: Path | str,
    snapshot: str | Sequence[str] = LATEST,
    host: str | None = None,
    os: str = ANY_OS,
    glibc: str | None = None,
) -> EnvironmentFit:
    """Return how much of an environment a snapshot of a dataset holds, or several together.

    `path` is a spack.lock, a spack.yaml, or a folder with one of them, the lockfile first; `host`
    is a CPU as archspec names it or "native", `os` a system as Spack names it or "any". What cannot
    be told of a root is its answer, with the reason. Raises EnvironmentFileError for a file that
    cannot be used, UnknownNameError for a name that nothing bears.
    """
    asked = caches(*_several(dataset, snapshot))
    on = hosts.resolve(asked[0].con, host, os, glibc)
    return union.fit(asked, fitting.read(Path(path), on.known), on)


def find(
    dataset: Path | str,
    constraint: str,
    snapshot: str = "latest",
    host: str | None = None,
    os: str = ANY_OS,
    glibc: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return the specs of a snapshot that satisfy a constraint and run on a host, a row each.

    The relation keeps its connection open. Raises ConstraintError for what is no constraint or
    cannot be answered, UnknownNameError for a name that nothing bears.
    """
    con = connect(dataset, diffs=False)
    return finding.find(
        con, meant(con, parse(constraint)), snapshot, hosts.resolve(con, host, os, glibc)
    )


def why(
    dataset: Path | str,
    constraint: str,
    snapshot: str = "latest",
    host: str | None = None,
    os: str = ANY_OS,
    glibc: str | None = None,
) -> Ladder:
    """Return at which condition the specs of a package drop out; raises what `find` raises."""
    with connect(dataset, diffs=False) as con:
        return ladder(
            con, meant(con, parse(constraint)), snapshot, hosts.resolve(con, host, os, glibc)
        )


def _several(
    datasets: Place | Sequence[Place], snapshots: str | Sequence[str]
) -> tuple[list[Place], list[str]]:
    places = [datasets] if isinstance(datasets, (str, Path)) else list(datasets)
    return places, [snapshots] if isinstance(snapshots, str) else list(snapshots)
