"""What a build would take away from a dataset: refused unless it was told to.

The site deletes its documents, so that a dataset may hold the only copy of what a source has lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from spack_census.building import contents
from spack_census.building.convert import Converted
from spack_census.dataset.layout import File, SnapshotState
from spack_census.dataset.publication import Publication
from spack_census.errors import RefusedError, many
from spack_census.spack.series import mutable

_SHARE = 0.1
"""The share of a snapshot's documents or specs, or of all snapshots, that may go unasked."""
_NAMED = 5


def refuse(converted: Iterable[Converted], publication: Publication) -> None:
    """Raise RefusedError if a snapshot would lose what it held.

    That is: more than a tenth of its documents or specs, or all specs of a (platform, target). Of
    one that should stand still the specs are told by their hashes; `develop` is built anew all
    the time, and only their number counts.
    """
    losses = [loss for done in converted for loss in _of(done, publication)]
    if losses:
        message = "the build would drop what a snapshot holds"
        hint = "if that is meant: --replace; to keep both: --as NAME"
        raise RefusedError(message, *losses, hint)


def refuse_indexes(converted: Iterable[Converted], publication: Publication) -> None:
    """Raise RefusedError if an index that a snapshot was built from is named no more."""
    losses = []
    for done in converted:
        if done.snapshot in publication.snapshots and done.snapshot not in publication.damaged:
            before = contents.published(publication, done.snapshot).indexes()
            has = {path.partition("/")[2] for path, _ in done.contents.read()}
            gone = sorted(before.keys() - has - _broken(done))
            named = [f"{label} ({many(before[label], 'spec')})" for label in gone]
            if gone:
                losses.append(
                    f"{done.snapshot}: {many(len(gone), 'index', 'indexes')}: {_listed(named)}"
                )
    if losses:
        message = "the build would leave out indexes that a snapshot was built from"
        hint = "if that is meant: --allow-partial or --replace; to keep both: --as NAME"
        raise RefusedError(message, *losses, hint)


def refuse_prune(gone: Sequence[str], states: dict[str, SnapshotState]) -> None:
    """Raise RefusedError if pruning would remove more than one snapshot, or a tenth of all."""
    if gone and (len(gone) > 1 or len(gone) > _SHARE * len(states)):
        specs = sum(states[name].num_specs for name in gone)
        message = (
            f"--prune would remove {len(gone):,} of {many(len(states), 'snapshot')} "
            f"with {many(specs, 'spec')}"
        )
        hint = "if that is meant: --prune --replace"
        raise RefusedError(message, f"they are: {_listed(gone)}", hint)


def _broken(done: Converted) -> set[str]:
    """Return the labels of indexes that are named and cannot be used, told elsewhere."""
    return {path.partition("/")[2] for path, _ in done.problems}


def _of(done: Converted, publication: Publication) -> Iterator[str]:
    before = publication.snapshots.get(done.snapshot)
    if before is None:
        return
    for loss in _counted(done, before, publication):
        yield f"{done.snapshot}: {loss}"
    held = [file for file in publication.files if file.snapshot == done.snapshot]
    has = {_place(file) for file in done.files if file.table == "specs"}
    for file in held:
        if file.table == "specs" and _place(file) not in has:
            yield f"{done.snapshot}: all of {_place(file)} would go: {many(file.rows or 0, 'spec')}"


def _counted(done: Converted, before: SnapshotState, publication: Publication) -> Iterator[str]:
    """Yield losses beyond a tenth; of a damaged snapshot only the numbers are known for certain."""
    state = done.state
    gone = before.num_specs - state.num_specs
    if done.snapshot in publication.damaged:
        if before.num_documents - state.num_documents > _SHARE * before.num_documents:
            yield f"{state.num_documents:,} documents instead of {before.num_documents:,}"
    else:
        published = contents.published(publication, done.snapshot)
        packages = published.packages()
        lost = sorted(packages - done.contents.packages())
        if len(lost) > _SHARE * len(packages):
            yield f"{len(lost):,} of {len(packages):,} packages would go: {_listed(lost)}"
        if not mutable(done.snapshot):
            gone = len(published.hashes() - done.contents.hashes())
    if gone > _SHARE * before.num_specs:
        yield f"{gone:,} of {many(before.num_specs, 'spec')} would go"


def _place(file: File) -> str:
    """Return platform/target of a file of specs."""
    _, platform, target, *_ = file.path.split("/")
    return f"{platform.partition('=')[2]}/{target.partition('=')[2]}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
