"""An environment's file against a dataset: the fit with one snapshot, or the rank of all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from spack_census.ask import snapshots
from spack_census.ask.held import made
from spack_census.ask.hosts import Host
from spack_census.disk import there
from spack_census.environments.abstract import fit_manifest, rank_manifest
from spack_census.environments.locked import fit_lockfile, rank_lockfile
from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.manifests.model import Manifest
from spack_census.environments.manifests.reading import read_manifest
from spack_census.environments.model import EnvironmentFit, Lockfile, SnapshotFit, SpecFit
from spack_census.errors import DatasetError, EnvironmentFileError

_ROWS = {
    **dict.fromkeys(("package", "version", "hash", "status"), "varchar"),
    "stacks": "varchar[]",
    "nearest_hash": "varchar",
    "differs": "varchar[]",
    "needed_by": "varchar[]",
    "reason": "varchar",
    "lacking": "varchar[]",
    "unmet": "varchar[]",
    "group": "varchar",
    "caches": "varchar[]",
}
_RANKS = {"snapshot": "varchar", "num_hits": "bigint", "num_specs": "bigint"}


def read(path: Path, known: Mapping[str, str] | None = None) -> Lockfile | Manifest:
    """Return what a spack.lock or a spack.yaml holds; raises EnvironmentFileError.

    `known` is what is known of the machine, as `read_manifest` takes it.
    """
    if there.is_folder(path):
        inside = [path / name for name in ("spack.lock", "spack.yaml") if (path / name).exists()]
        if not inside:
            message = f"{path} has neither spack.lock nor spack.yaml"
            raise EnvironmentFileError(message, "name one of them")
        path = inside[0]
    if path.suffix in {".yaml", ".yml"}:
        return read_manifest(path, known)
    return read_lockfile(path)


def fit(
    con: duckdb.DuckDBPyConnection,
    what: Lockfile | Manifest,
    snapshot: str,
    host: Host,
    elsewhere: frozenset[str] = frozenset(),
) -> EnvironmentFit:
    """Return the fit of what `read` gave with one snapshot; raises what `sc.environment` raises.

    `elsewhere` are the hashes that another cache has, where several are asked together.
    """
    name = snapshots.resolve(con, snapshot)
    if isinstance(what, Lockfile):
        return fit_lockfile(con, what, name, host, elsewhere)
    return fit_manifest(con, what, name, host, elsewhere)


def rank(
    con: duckdb.DuckDBPyConnection, what: Lockfile | Manifest, host: Host
) -> list[SnapshotFit]:
    """Return all snapshots, the one to pin first: most hits, then dated ones, newest first.

    Raises what `sc.environment` raises, DatasetError where there is no snapshot.
    """
    listing = snapshots.listing(con)
    if not listing:
        raise DatasetError("the dataset holds no snapshot", "build one: census build SOURCE")
    names = [each.snapshot for each in listing]
    found = (
        rank_lockfile(con, what, names, host)
        if isinstance(what, Lockfile)
        else rank_manifest(con, what, names, host)
    )
    # develop and the like change under one's feet: they come last of equals.
    age = {
        each.snapshot: (str(each.snapshot_date or ""), each.series_order, each.snapshot)
        for each in listing
    }
    ranked = sorted(found, key=lambda each: age[each.snapshot], reverse=True)
    return sorted(ranked, key=lambda each: -each.num_hits)


def fit_rows(con: duckdb.DuckDBPyConnection, found: EnvironmentFit) -> duckdb.DuckDBPyRelation:
    """Return a row a spec: package, version, hash, status, stacks, nearest_hash and the rest.

    `differs` are the attributes in which the nearest cached spec is not the one wanted; it is
    `package` alone where the snapshot has none of the package that runs on the host.
    """
    rows = (
        (
            *(each.package, each.version, each.hash, each.status, each.stacks),
            *(each.nearest and each.nearest.build.hash, differing(each), each.needed_by),
            *(each.reason, each.lacking, each.unmet, each.group or None, each.caches),
        )
        for each in found.specs
    )
    return made(con, _ROWS, rows)


def differing(each: SpecFit) -> tuple[str, ...]:
    """Return the attributes in which the nearest cached spec differs, each once."""
    if each.status != "miss":
        return ()
    if each.nearest is None:
        return ("package",)
    return tuple(dict.fromkeys(one.attribute for one in each.nearest.differences))


def rank_rows(con: duckdb.DuckDBPyConnection, ranks: list[SnapshotFit]) -> duckdb.DuckDBPyRelation:
    """Return a row a snapshot: snapshot, num_hits, num_specs."""
    rows = ((each.snapshot, each.num_hits, each.num_specs) for each in ranks)
    return made(con, _RANKS, rows)
