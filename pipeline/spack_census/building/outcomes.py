"""What a build did: with each snapshot, and over all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from spack_census.building import contents, doubts
from spack_census.building.convert import Converted, Task
from spack_census.building.guards import Totals
from spack_census.dataset.layout import Manifest, SnapshotState
from spack_census.dataset.publication import Publication
from spack_census.documents.records import Problem
from spack_census.spack.series import mutable

Status = Literal["new", "changed", "remade", "unchanged", "repaired", "held back", "removed"]
"""What became of a snapshot; it is remade where the same documents give other rows by our rules."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a build did with one snapshot."""

    snapshot: str
    status: Status
    state: SnapshotState
    num_changed: int = 0
    """Documents added, changed or removed since the version before."""
    reason: str = ""
    """Why it was held back."""

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
    totals: Totals
    warnings: tuple[str, ...]
    """What failed after the publication, which stands all the same."""
    manifest: Manifest = field(repr=False)

    @property
    def notes(self) -> list[str]:
        """What whoever builds should be told of snapshots, a line each."""
        notes = []
        for each in self.outcomes:
            if each.surprising:
                notes.append(f"{each.snapshot} changed, though only develop is expected to")
            if each.reason:
                hint = "to take it all the same: --allow-partial"
                notes.append(f"{each.snapshot} is held back: {each.reason}; {hint}")
        if remade := sum(each.status == "remade" for each in self.outcomes):
            notes.append(f"{remade:,} remade, for documents are read by other rules than before")
        return notes


Observer = Callable[[Outcome, int], None]
"""Called after each snapshot with its outcome and the number of snapshots in the source."""


def follow(
    tasks: Iterable[Task],
    results: Iterable[Converted],
    names: Mapping[str, str],
    publication: Publication,
    *,
    allow_partial: bool,
    observe: Observer,
) -> tuple[list[Outcome], list[Converted]]:
    """Return an outcome for each snapshot of the source, and what was converted, by name.

    Each is observed as soon as it is certain, which depends on the others for some of the new.
    Of two results for one snapshot the later one counts.
    """
    outcomes: dict[str, Outcome] = {}

    def add(outcome: Outcome) -> None:
        outcomes[outcome.snapshot] = outcome
        observe(outcome, len(names))

    pending = {task.snapshot for task in tasks}
    for name in sorted(set(names.values()) - pending):
        add(Outcome(name, "unchanged", publication.snapshots[name]))
    last: dict[str, Converted] = {}
    waiting: set[str] = set()
    for done in results:
        last[done.snapshot] = done
        if allow_partial or not doubts.may_be_held(done, publication.snapshots):
            add(_outcome(done, publication))
        else:
            waiting.add(done.snapshot)
    converted = [last[name] for name in sorted(last)]
    published = {name: state.num_specs for name, state in publication.snapshots.items()}
    held = {} if allow_partial else doubts.held_back(converted, published)
    for done in map(last.__getitem__, sorted(waiting)):
        if done.snapshot in held:
            add(Outcome(done.snapshot, "held back", done.state, reason=held[done.snapshot]))
        else:
            add(_outcome(done, publication))
    return [*outcomes.values()], converted


def is_fresh(done: Converted, publication: Publication) -> bool:
    """Tell whether a snapshot is to be written: it is new, differs, or is damaged."""
    # A document may have been touched, or moved back, and say what it said before.
    before = publication.snapshots.get(done.snapshot)
    same = before is not None and before.source_revision == done.state.source_revision
    return not same or done.snapshot in publication.damaged


def _outcome(done: Converted, publication: Publication) -> Outcome:
    if done.snapshot not in publication.snapshots:
        return Outcome(done.snapshot, "new", done.state)
    if done.snapshot in publication.damaged:
        return Outcome(done.snapshot, "repaired", done.state)
    if not is_fresh(done, publication):
        return Outcome(done.snapshot, "unchanged", done.state)
    before = contents.published(publication, done.snapshot).read()
    changed = {path for path, _ in before ^ done.contents.read()}
    # Nothing but our rules has changed.
    return Outcome(done.snapshot, "changed" if changed else "remade", done.state, len(changed))
