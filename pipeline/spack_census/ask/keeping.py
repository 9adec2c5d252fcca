"""What to keep of a build cache: the specs of the newest snapshots of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from spack_census.ask import snapshots
from spack_census.errors import CensusError, UnknownNameError

if TYPE_CHECKING:
    import duckdb

_HASHES = """
select distinct hash
from specs
where list_contains($snapshots, snapshot)
order by hash
"""


class Kept(NamedTuple):
    """The specs of some snapshots."""

    snapshots: list[str]
    """Oldest first."""
    hashes: list[str]
    """Sorted, each once."""
    num_rejected: int
    """Specs and documents of these snapshots that could not be read, so that they are not here."""


def kept(con: duckdb.DuckDBPyConnection, newest: int, series: str | None = None) -> Kept:
    """Return the specs of the newest snapshots of a series, by default of the main one.

    Raises UnknownNameError for an unknown series, CensusError where no spec would be kept: what
    prunes by an empty list removes everything.
    """
    listed = snapshots.listing(con)
    chosen = series or snapshots.main_series(listed)
    members = [each for each in listed if each.series == chosen][-newest:]
    if not members:
        known = [each.series for each in listed]
        raise UnknownNameError("series", chosen, known, "the dataset", "census snapshots")
    names = [each.snapshot for each in members]
    rows = con.sql(_HASHES, params={"snapshots": names}).fetchall()
    if not rows:
        message = f"{', '.join(names)}: no spec is there, and an empty list would keep nothing"
        raise CensusError(message, "build them first: census build SOURCE")
    lost = sum(each.num_specs_rejected + each.num_documents_rejected for each in members)
    return Kept(names, [key for (key,) in rows], lost)
