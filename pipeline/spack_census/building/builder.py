"""The write side: a source → the next version of a dataset.

scan the source → convert each snapshot that changed → check the counts → publish
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.building import guards, inventory, reference, workers
from spack_census.building.convert import Converted, Task, revision
from spack_census.building.inventory import Inventory
from spack_census.dataset.layout import Manifest, SnapshotState
from spack_census.dataset.publication import Publication, lock
from spack_census.disk import durable, failpoints
from spack_census.documents.records import Problem
from spack_census.errors import DatasetError
from spack_census.fetch.opening import open_source
from spack_census.sources import Source
from spack_census.spack.series import mutable

_FINGERPRINTS = "fingerprints.json"
_MEND = "mend that and build again; what was published before is as it was"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build did with one snapshot."""

    snapshot: str
    status: str
    """new, changed, unchanged, repaired or removed."""
    state: SnapshotState
    num_changed: int = 0
    """Documents added, changed or removed since the version before."""

    @property
    def surprising(self) -> bool:
        """Whether a snapshot changed that should stand still once published."""
        return self.status == "changed" and not mutable(self.snapshot)


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build saw and wrote."""

    published: bool
    """False where the dataset was up to date already."""
    outcomes: tuple[Outcome, ...]
    """One for each snapshot of the source, and each that was removed; by name."""
    problems: tuple[tuple[str, Problem], ...]
    """(path, problem) of each reject among the documents that this build read."""
    num_skipped: int
    """Files in the source that are no documents."""
    totals: guards.Totals
    warnings: tuple[str, ...]
    """What failed after the publication, which stands all the same."""
    manifest: Manifest = field(repr=False)


Observer = Callable[[Outcome, int], None]
"""Called after each snapshot with its outcome and the number of snapshots in the source."""


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
    jobs: int | None = None,
    executor: Executor | None = None,
    wait_seconds: float = 0,
    damaged: Collection[str] | None = None,
    observe: Observer = lambda _outcome, _total: None,
) -> BuildResult:
    """Bring a dataset up to date with a source and publish it as one version.

    `source` is a path or a source that was opened with options of its own, such as a repository.
    `rename` gives the source's only snapshot another name; `strict` makes any reject an error;
    `prune` removes snapshots that the source lacks; `replace` allows a build that loses more than
    a tenth of a snapshot's documents, `allow_partial` one without some of a snapshot's indexes;
    `with_sizes` reads the sizes of binaries where a build cache tells them; `jobs` is the number
    of processes, by default as many as there are cores and work for. An `executor`, such as
    `cluster.connect` gives, takes their place where the source is portable; its workers must see
    source and dataset. `wait_seconds` is how long another build may take to end; `damaged` names
    snapshots to write anew though their documents have not changed, and given at all has a version
    published even where it differs in nothing. Raises SourceError, RefusedError, BusyError,
    ConservationError, DatasetError or ClusterError, and then leaves the dataset as it was.
    """
    origin = source
    if isinstance(origin, (Path, str)):
        origin = open_source(origin, rename, with_sizes=with_sizes)
    folder = Path(dataset)
    with (
        durable.errors(folder, _MEND, DatasetError),
        lock(folder, wait_seconds, damaged) as publication,
    ):
        known = inventory.load(folder / _FINGERPRINTS, origin)
        scanned = inventory.take(origin, known)
        names = guards.published_names(scanned, rename)
        guards.refuse_no_repair(names.values(), publication)
        tasks = _tasks(origin, scanned, names, publication)
        number = workers.number(jobs, scanned.num_bytes_unread) if origin.portable else 1
        results = workers.run(tasks, number, executor if origin.portable else None)
        outcomes, converted = _convert(tasks, results, names, publication, observe)
        fresh = [done for done in converted if _is_fresh(done, publication)]
        states = publication.snapshots | {done.snapshot: done.state for done in fresh}
        problems = [(reject.path, reject.problem) for reject in scanned.rejected]
        problems += [problem for done in converted for problem in done.problems]
        totals = guards.count(scanned, [states[name] for name in names.values()])
        guards.check(totals, converted, problems, strict=strict)
        if not allow_partial:
            guards.refuse_partial(fresh, publication)
        if not replace:
            guards.refuse_losses(fresh, publication)
        if prune:
            outcomes += _prune(states, set(names.values()))
        manifest = _publish(publication, fresh, states, scanned)
        warnings = _finish(publication, origin, known, scanned, converted)
    return BuildResult(
        published=manifest != publication.manifest,
        outcomes=tuple(sorted(outcomes, key=lambda outcome: outcome.snapshot)),
        problems=tuple(problems),
        num_skipped=len(scanned.skipped),
        totals=totals,
        warnings=warnings,
        manifest=manifest,
    )


def _tasks(
    origin: Source, scanned: Inventory, names: dict[str, str], publication: Publication
) -> list[Task]:
    """Return a task for each snapshot that is new or may have changed."""
    tasks: list[Task] = []
    for declared, name in names.items():
        paths = tuple(entry.path for entry in scanned.snapshots[declared])
        before = publication.snapshots.get(name)
        settled = all(path in scanned.sha256 for path in paths)
        if before and settled and name not in publication.damaged:
            known = {path: scanned.sha256[path] for path in paths}
            if revision(known) == before.source_revision:
                continue
        scratch = publication.staging / f"task-{len(tasks)}"
        tasks.append(Task(origin, declared, name, paths, scratch))
    return tasks


def _convert(
    tasks: list[Task],
    results: Iterable[Converted],
    names: dict[str, str],
    publication: Publication,
    observe: Observer,
) -> tuple[list[Outcome], list[Converted]]:
    pending = {task.snapshot for task in tasks}
    outcomes = [
        Outcome(name, "unchanged", publication.snapshots[name])
        for name in sorted(set(names.values()) - pending)
    ]
    for outcome in outcomes:
        observe(outcome, len(names))
    converted = []
    for done in results:
        outcomes.append(_outcome(done, publication))
        observe(outcomes[-1], len(names))
        converted.append(done)
    return outcomes, sorted(converted, key=lambda done: done.snapshot)


def _is_fresh(done: Converted, publication: Publication) -> bool:
    # A document may have been touched, or moved back, and say what it said before.
    before = publication.snapshots.get(done.snapshot)
    same = before is not None and before.source_revision == done.state.source_revision
    return not same or done.snapshot in publication.damaged


def _outcome(done: Converted, publication: Publication) -> Outcome:
    if done.snapshot not in publication.snapshots:
        return Outcome(done.snapshot, "new", done.state)
    if done.snapshot in publication.damaged:
        return Outcome(done.snapshot, "repaired", done.state)
    if not _is_fresh(done, publication):
        return Outcome(done.snapshot, "unchanged", done.state)
    before = guards.previous_documents(publication, done.snapshot)
    changed = {path for path, _ in before ^ set(done.sha256.items())}
    return Outcome(done.snapshot, "changed", done.state, len(changed))


def _prune(states: dict[str, SnapshotState], present: set[str]) -> list[Outcome]:
    gone = sorted(states.keys() - present)
    return [Outcome(name, "removed", states.pop(name)) for name in gone]


def _publish(
    publication: Publication,
    fresh: list[Converted],
    states: dict[str, SnapshotState],
    scanned: Inventory,
) -> Manifest:
    standing = states.keys() - {done.snapshot for done in fresh}
    kept = [file for file in publication.files if file.snapshot in standing]
    moved = [(file, done.scratch) for done in fresh for file in done.files]
    made = reference.write(
        publication.staging / "reference",
        states,
        scanned.rejected,
        [*kept, *(file for file, _ in moved)],
    )
    moved += [(file, publication.staging / "reference") for file in made]
    return publication.commit(kept, moved, states)


def _finish(
    publication: Publication,
    origin: Source,
    known: inventory.Fingerprints,
    scanned: Inventory,
    converted: list[Converted],
) -> tuple[str, ...]:
    """Tidy up after the commit; what fails here is a warning, for the version stands."""
    sha256 = {path: each for done in converted for path, each in done.sha256.items()}
    warnings = []
    try:
        failpoints.reached("save fingerprints")
        inventory.save(publication.dataset / _FINGERPRINTS, origin, known, scanned, sha256)
    except OSError as error:
        warnings.append(f"the next build will read every document again: {error}")
    try:
        publication.clean()
    except OSError as error:
        warnings.append(f"cleaning up failed, the next build will do it: {error}")
    return tuple(warnings)
