"""Why specs changed, in words and as a table: the same in `census diff` and in a report."""

from __future__ import annotations

from collections.abc import Sequence

from spack_census.ask.changed import Cause
from spack_census.reports.sections import Cell, Column, Kind, Package, Table

UNKNOWN = (
    "Why specs were rebuilt is not known: a snapshot that was built from documents knows no "
    "dependencies. Build both from the indexes of the build cache to be told."
)
_TOLD = 3
_ROWS = 10


def named(cause: Cause) -> str:
    """Return a cause in a few words, such as `cmake 3.29.4` or `python's recipe`."""
    now = (cause.detail or "").split(" → ")[-1]
    match cause.kind:
        case "version":
            return f"{cause.package} {now}"
        case "external":
            return f"another {cause.package}" if now == "hash" else f"{cause.package} {now}"
        case "variants" | "flags":
            return f"{cause.package} {now}"
        case _:
            return f"{cause.package}'s {cause.kind}"


def said(causes: Sequence[Cause]) -> str:
    """Return what most rebuilds are owed to; nothing where no cause is told."""
    telling = [cause for cause in causes if cause.num_rebuilt]
    parts = [f"{cause.num_rebuilt:,} by {named(cause)}" for cause in telling[:_TOLD]]
    if len(telling) > _TOLD:
        others = len(telling) - _TOLD
        parts.append(f"others by {others:,} more {'cause' if others == 1 else 'causes'}")
    return ", ".join(parts)


def table(causes: Sequence[Cause], after: str, command: str = "") -> Table:
    """Return the causes in the order given; a spec may owe its change to several."""
    columns = (
        Column("package"),
        Column("what changed", Kind.TEXT),
        Column("rebuilt", Kind.COUNT),
        Column("itself", Kind.COUNT, rank=3),
        Column("in all", Kind.COUNT, rank=2),
        Column("by it alone", Kind.COUNT, rank=4),
        Column("such as", Kind.TEXT, rank=1),
        Column("stacks", Kind.LIST, rank=5),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            Package(cause.package, after),
            " ".join(filter(None, (cause.kind, cause.detail))),
            cause.num_rebuilt,
            cause.num_itself,
            cause.num_specs,
            cause.num_alone,
            " → ".join(cause.path),
            tuple(cause.stacks),
        )
        for cause in causes
    ]
    caption = "What changed by itself, and the specs that owe their change to it"
    return Table(columns, rows, caption, "causes.csv", command, _ROWS)
