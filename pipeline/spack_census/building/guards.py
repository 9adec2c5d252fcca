"""What must hold before a build may publish: names, losses, and the conservation of counts.

documents seen = documents written + documents rejected + those of snapshots held back
specs seen     = specs written + specs rejected + held back    specs written = rows of the table
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from spack_census.building import contents
from spack_census.building.convert import Converted
from spack_census.building.inventory import Inventory
from spack_census.dataset.layout import PARTITION_VALUE, SnapshotState
from spack_census.dataset.publication import Publication
from spack_census.documents.records import Problem, Reason
from spack_census.errors import (
    ConservationError,
    ParameterError,
    RefusedError,
    SourceError,
    many,
)

_LAYOUTS = (
    "documents lie as _cache/SNAPSHOT/PACKAGE/specs.md; a mirror has v3/manifests or build_cache,",
    "an OCI image layout the file oci-layout",
)


class Totals(NamedTuple):
    """Counts over the snapshots of a source, as the closing line of a build shows them."""

    documents_seen: int
    documents_written: int
    documents_rejected: int
    specs_seen: int
    specs_written: int
    specs_rejected: int
    documents_held: int = 0
    """Of snapshots that were held back."""
    specs_held: int = 0


def published_names(declared: Sequence[str], rename: str | None) -> dict[str, str]:
    """Return snapshot in the documents → its name in the dataset; raises ParameterError."""
    if rename is None:
        return {name: name for name in declared}
    if not PARTITION_VALUE.fullmatch(rename):
        message = f"{rename!r} cannot be a snapshot's name"
        raise ParameterError(message, f"use letters, digits and ._@+-: {PARTITION_VALUE.pattern}")
    if len(declared) != 1:
        message = f"--as {rename} needs one snapshot; the source holds {len(declared)}"
        raise ParameterError(message, f"they are: {', '.join(declared)}", "name one's folder")
    return {declared[0]: rename}


def refuse_no_repair(present: Iterable[str], publication: Publication) -> None:
    """Raise RefusedError if some snapshots are damaged and the source has none of them."""
    if publication.damaged and publication.damaged.isdisjoint(present):
        damaged = ", ".join(sorted(publication.damaged))
        message = f"the source has none of the damaged snapshots: {damaged}"
        hint = "to drop what a source lacks: census build SOURCE --prune"
        source = "name the source that they were built from, with the same options (--as, --git …)"
        raise RefusedError(message, source, hint)


def refuse_partial(converted: Iterable[Converted], publication: Publication) -> None:
    """Raise RefusedError if an index is broken, or one is missing that a snapshot was built from.

    The rows it answered for would vanish, as if the build cache had lost them. An index that was
    never there is a reject and no more: the site lists stacks that have none.
    """
    faults = []
    for done in converted:
        if done.state.source != "buildcache":
            continue
        published = contents.published(publication, done.snapshot)
        before = {path for path, _ in published.documents()}
        # Whole documents come first among the problems, then single specs.
        for path, problem in done.problems[: done.state.num_documents_rejected]:
            if problem.reason is not Reason.MISSING_INDEX or path in before:
                faults.append(f"{path}: {problem.message}")
    if faults:
        message = "a snapshot would be built without some of its indexes"
        hint = "fetch them again; to build without: --allow-partial"
        raise RefusedError(message, *faults[:5], hint)


def count(
    scanned: Inventory, states: Sequence[SnapshotState], held: Iterable[SnapshotState]
) -> Totals:
    """Return the totals over the source; `states` are those of its snapshots, but those `held`."""
    held = [*held]
    written = sum(state.num_documents for state in states)
    specs_written = sum(state.num_specs for state in states)
    specs_held = sum(state.num_specs for state in held)
    both = [*states, *held]
    specs_rejected = sum(state.num_specs_rejected for state in both)
    rejected = sum(state.num_documents_rejected for state in both) + len(scanned.rejected)
    return Totals(
        documents_seen=scanned.num_documents,
        documents_written=written,
        documents_rejected=rejected,
        specs_seen=specs_written + specs_rejected + specs_held,
        specs_written=specs_written,
        specs_rejected=specs_rejected,
        documents_held=sum(state.num_documents for state in held),
        specs_held=specs_held,
    )


def check(
    totals: Totals,
    converted: Iterable[Converted],
    problems: Sequence[tuple[str, Problem]],
    place: str,
    *,
    strict: bool,
) -> None:
    """Raise unless what was seen in the source at `place` is what was written and rejected.

    ConservationError where counts do not add up; SourceError where the source holds nothing
    usable, or where `strict` and anything was rejected.
    """
    lines = [f"{path}: {each.place}: {each.message}" for path, each in problems[:5]]
    if len(problems) > len(lines):
        lines.append(f"and {len(problems) - len(lines):,} more")
    rejected = totals.documents_rejected + totals.specs_rejected
    if not totals.documents_written + totals.documents_held:
        seen = totals.documents_seen
        held = f"no usable document among {many(seen, 'file')}" if seen else "no document"
        raise SourceError(f"{place} holds {held}", *lines, *_LAYOUTS, "see docs/sources.md")
    if strict and rejected:
        message = f"{rejected:,} rejected, and --strict allows none; nothing was published"
        raise SourceError(message, *lines)
    written = totals.documents_written + totals.documents_rejected + totals.documents_held
    laws = [("documents", totals.documents_seen, written)]
    for done in converted:
        state = done.state
        rows = sum(file.rows or 0 for file in done.files if file.table == "specs")
        accounted = state.num_specs + state.num_specs_rejected
        laws.append((f"specs of {done.snapshot}", done.num_specs_seen, accounted))
        laws.append((f"rows of {done.snapshot}", state.num_specs, rows))
    for what, seen, accounted in laws:
        if seen != accounted:
            message = f"{what}: {seen:,} seen, {accounted:,} accounted for; nothing was published"
            raise ConservationError(message, "this is a fault of census itself: please report it")
