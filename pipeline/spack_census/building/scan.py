"""The snapshots of a source as a build sees them: what to convert, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from spack_census.building import guards, inventory
from spack_census.building.convert import Converted, NoShelf, Task, revision
from spack_census.building.inventory import Remembered
from spack_census.dataset.publication import Publication
from spack_census.disk import failpoints
from spack_census.sources.model import Source

Run = Callable[[Sequence[Task]], Iterable[Converted | NoShelf]]
"""Yields the result of each task as it is done."""


class Scan:
    """An inventory of a source beside the dataset that is built from it.

    Raises ParameterError where the source has not the one snapshot that `rename` needs.
    """

    def __init__(
        self, origin: Source, known: Remembered, publication: Publication, rename: str | None
    ) -> None:
        self._origin = origin
        self._known = known
        self._publication = publication
        self._rename = rename
        self._num_tasks = 0
        self.inventory = inventory.take(origin, known)
        self.names = guards.published_names(self.inventory.names, rename)
        """Snapshot in the documents → its name in the dataset."""
        self.tasks = self._tasks(self.names)

    def results(self, run: Run) -> Iterator[Converted]:
        """Yield what each task made.

        The documents of what turns out to be no shelf are taken one by one, and all snapshots
        converted that they belong to, some of them once more; the last result of each counts.
        """
        mixed = set()
        for done in run(self.tasks):
            if isinstance(done, NoShelf):
                mixed.add(done.prefix)
            else:
                yield self._noted(done)
        if mixed:
            failpoints.reached("convert again")
            for done in run(self._tasks(self._correct(mixed))):
                assert isinstance(done, Converted)
                yield self._noted(done)

    def _noted(self, done: Converted) -> Converted:
        if done.look is not None:
            self.inventory.shelves[done.snapshot].look = done.look
        return done

    def _correct(self, mixed: Collection[str]) -> list[str]:
        """Take the inventory again and return the snapshots that are not as they seemed."""
        seemed = self.inventory
        self.inventory = inventory.take(self._origin, self._known, [*seemed.mixed, *mixed])
        for name, each in self.inventory.shelves.items():
            each.look = seemed.shelves[name].look
        self.names.clear()
        self.names |= guards.published_names(self.inventory.names, self._rename)
        found = self.inventory.snapshots
        return sorted(name for name in found if found[name] != seemed.snapshots.get(name))

    def _tasks(self, declared: Iterable[str]) -> list[Task]:
        """Return a task for each of these snapshots that is new or may have changed."""
        found = (self._task(name) for name in declared)
        return [task for task in found if task is not None]

    def _task(self, declared: str) -> Task | None:
        name, publication = self.names[declared], self._publication
        shelved = self.inventory.shelves.get(declared)
        paths: tuple[str, ...] = ()
        if shelved is None:
            paths = tuple(entry.path for entry in self.inventory.snapshots[declared])
        before = publication.snapshots.get(name)
        is_same = before is not None and before.source_revision == self._revision(declared, paths)
        if is_same and name not in publication.damaged:
            return None
        scratch = publication.staging / f"task-{self._num_tasks}"
        self._num_tasks += 1
        prefix = None if shelved is None else shelved.shelf.prefix
        return Task(self._origin, declared, name, paths, scratch, prefix)

    def _revision(self, declared: str, paths: tuple[str, ...]) -> str | None:
        """Return what the source holds of a snapshot, where that has certainly not changed."""
        shelved = self.inventory.shelves.get(declared)
        if shelved is not None:
            return shelved.revision
        known = self.inventory.sha256
        return revision({path: known[path] for path in paths}) if known.keys() >= {*paths} else None
