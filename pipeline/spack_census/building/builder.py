"""The write side: a source → the next version of a dataset.

scan the source → convert each snapshot that changed → check the counts → publish
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from spack_census.building import (
    carry,
    doubts,
    guards,
    inventory,
    losses,
    outcomes,
    owners,
    reference,
    tables,
    workers,
)
from spack_census.building.convert import Converted
from spack_census.building.inventory import Inventory
from spack_census.building.outcomes import BuildResult, Observer, Outcome
from spack_census.building.scan import Scan
from spack_census.dataset.layout import Manifest, SnapshotState
from spack_census.dataset.publication import Publication, lock
from spack_census.disk import apart, durable, failpoints
from spack_census.errors import DatasetError
from spack_census.fetch.opening import open_source
from spack_census.sources.model import Reading, Source

_FINGERPRINTS = "fingerprints.json"
_MEND = "mend that and build again; what was published before is as it was"


def build(  # noqa: PLR0913 - the options of `census build`
    source: Source | Path | str,
    dataset: Path | str,
    *,
    rename: str | None = None,
    strict: bool = False,
    prune: bool = False,
    replace: bool = False,
    allow_partial: bool = False,
    with_sizes: bool = False,
    view: str | None = None,
    from_specs: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    wait_seconds: float = 0,
    damaged: Collection[str] | None = None,
    observe: Observer = lambda _outcome, _total: None,
) -> BuildResult:
    """Bring a dataset up to date with a source and publish it as one version.

    `source` is a path or a source that was opened with options of its own, such as a repository.
    `rename` gives the source's only snapshot another name; `strict` makes any reject an error;
    `prune` removes snapshots that the source lacks; `replace` allows a build that takes away what
    the dataset holds (see `losses`, `owners`), `allow_partial` one without some of a snapshot's
    indexes, or of a new snapshot that holds suspiciously little (see `doubts`);
    `with_sizes` reads the sizes of binaries where a build cache tells them, `view` one index view
    of a mirror alone, `from_specs` its specs one by one instead of an index; `jobs` is the number
    of processes, by default as many as there are cores and work for. An `executor`, such as
    `cluster.connect` gives, takes their place where the source is portable; its workers must see
    source and dataset. `wait_seconds` is how long another build may take to end; `damaged` names
    snapshots to write anew though their documents have not changed, and given at all has a version
    published even where it differs in nothing. Raises SourceError, RefusedError, BusyError,
    ConservationError, DatasetError, ClusterError or ParameterError; the dataset is then as it was.
    """
    origin = source
    if isinstance(origin, (Path, str)):
        origin = open_source(origin, rename, reading=Reading(with_sizes, view, from_specs))
    folder = Path(dataset)
    apart.demand_outside("the source", origin.place, "the dataset", folder)
    with (
        durable.errors(folder, _MEND, DatasetError),
        lock(folder, wait_seconds, damaged) as publication,
    ):
        known = inventory.load(folder / _FINGERPRINTS, origin)
        scan = Scan(origin, known, publication, rename)
        names = scan.names
        number = workers.number(jobs, scan.inventory.num_bytes_unread) if origin.portable else 1
        pool = executor if origin.portable else None
        results = scan.results(lambda tasks: workers.run(tasks, number, pool))
        found, converted = outcomes.follow(
            scan.tasks, results, names, publication, allow_partial=allow_partial, observe=observe
        )
        scanned = scan.inventory
        guards.refuse_no_repair(names.values(), publication)
        held = {each.snapshot: each.state for each in found if each.status == "held back"}
        fresh = [
            done
            for done in converted
            if done.snapshot not in held and outcomes.is_fresh(done, publication)
        ]
        states = publication.snapshots | {done.snapshot: done.state for done in fresh}
        problems = [(reject.path, reject.problem) for reject in scanned.rejected]
        problems += [problem for done in converted for problem in done.problems]
        built = sorted(set(names.values()) - held.keys())
        totals = guards.count(scanned, [states[name] for name in built], held.values())
        guards.check(totals, converted, problems, origin.place, strict=strict)
        if not states:
            doubts.refuse({each.snapshot: each.reason for each in found})
        if not allow_partial:
            guards.refuse_partial(fresh, publication)
        if not (allow_partial or replace):
            losses.refuse_indexes(fresh, publication)
        if not replace:
            owners.refuse(fresh, publication, origin.place, owners.load(folder))
            losses.refuse(fresh, publication)
        if prune:
            found += _prune(states, set(names.values()), replace=replace)
        manifest = _publish(publication, fresh, states, scanned)
        remember = partial(inventory.save, folder / _FINGERPRINTS, origin, known, scanned)
        warnings = _finish(publication, partial(remember, converted))
        warnings += _note_owners(publication, origin, built, states)
    return BuildResult(
        published=manifest != publication.manifest,
        outcomes=tuple(sorted(found, key=lambda outcome: outcome.snapshot)),
        problems=tuple(problems),
        num_skipped=len(scanned.skipped),
        totals=totals,
        warnings=warnings,
        manifest=manifest,
    )


def _prune(states: dict[str, SnapshotState], present: set[str], *, replace: bool) -> list[Outcome]:
    gone = sorted(states.keys() - present)
    if not replace:
        losses.refuse_prune(gone, states)
    return [Outcome(name, "removed", states.pop(name)) for name in gone]


def _publish(
    publication: Publication,
    fresh: list[Converted],
    states: dict[str, SnapshotState],
    scanned: Inventory,
) -> Manifest:
    standing = states.keys() - {done.snapshot for done in fresh}
    kept, moved = carry.over(publication, standing)
    moved += [(file, done.scratch) for done in fresh for file in done.files]
    made = reference.write(
        publication.staging / "reference",
        states,
        tables.rejects((), scanned.rejected),
        [*kept, *(file for file, _ in moved)],
    )
    moved += [(file, publication.staging / "reference") for file in made]
    return publication.commit(kept, moved, states)


def _finish(publication: Publication, remember: Callable[[], None]) -> tuple[str, ...]:
    """Tidy up after the commit; what fails here is a warning, for the version stands."""
    warnings = [*publication.warnings]
    try:
        failpoints.reached("save fingerprints")
        remember()
    except OSError as error:
        warnings.append(f"the next build will read every document again: {error}")
    try:
        publication.clean()
    except OSError as error:
        warnings.append(f"cleaning up failed, the next build will do it: {error}")
    return tuple(warnings)


def _note_owners(
    publication: Publication, origin: Source, built: list[str], states: dict[str, SnapshotState]
) -> tuple[str, ...]:
    try:
        failpoints.reached("save owners")
        owners.save(publication.dataset, origin.place, built, states)
    except OSError as error:
        return (f"another source may replace these snapshots unasked: {error}",)
    return ()
