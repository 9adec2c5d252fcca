"""A spack.yaml against a snapshot: an answer for each root, and for those of included lockfiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import duckdb

from spack_census.ask.hosts import Host
from spack_census.environments.answering import Ground, fit_root
from spack_census.environments.locked import fit_lockfile
from spack_census.environments.manifests.model import Manifest
from spack_census.environments.model import EnvironmentFit, Lockfile, SnapshotFit, SpecFit

_ASKED = ("hit", "hole", "miss", "cannot tell")
_APART = "Each root was asked by itself; whether all can be had together only Spack can tell."
_REUSE = "concretizer:reuse is off: Spack takes a binary only where it would build the very same."


def fit_manifest(
    con: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    snapshot: str,
    host: Host,
    elsewhere: frozenset[str] = frozenset(),
) -> EnvironmentFit:
    """Return an answer for each root; `snapshot` is one's own name."""
    named = frozenset(
        root.constraint.package
        for root in manifest.roots
        if root.constraint is not None and root.constraint.package is not None
    )
    ground = Ground(con, snapshot, host, elsewhere, packages=named)
    own = [fit_root(ground, root) for root in manifest.roots]
    specs = (*own, *_included(ground, manifest.locks))
    notes = [*manifest.notes]
    if len(manifest.roots) > 1:
        notes.append(_APART)
    if not all(root.settings.reuse for root in manifest.roots):
        notes.append(_REUSE)
    return EnvironmentFit(
        manifest.path, snapshot, host, locked=False, specs=specs, notes=tuple(notes)
    )


def rank_manifest(
    con: duckdb.DuckDBPyConnection, manifest: Manifest, snapshots: Sequence[str], host: Host
) -> Iterator[SnapshotFit]:
    """Return how many roots each snapshot holds for a host."""
    for snapshot in snapshots:
        specs = fit_manifest(con, manifest, snapshot, host).specs
        hits = sum(each.status == "hit" for each in specs)
        yield SnapshotFit(snapshot, hits, sum(each.status in _ASKED for each in specs))


def _included(ground: Ground, locks: Sequence[Lockfile]) -> Iterator[SpecFit]:
    for lock in locks:
        texts = dict(lock.roots)
        found = fit_lockfile(ground.con, lock, ground.snapshot, ground.host, ground.elsewhere)
        for fit in found.specs:
            if fit.hash in texts:
                yield replace(fit, needed_by=(texts[fit.hash],))
