"""Open what a user names, a path or an address, as a source."""

from __future__ import annotations

from pathlib import Path

from spack_census import sources
from spack_census.fetch import addresses
from spack_census.sources import Source


def open_source(
    place: Path | str, unnamed: str | None = None, *, with_sizes: bool = False
) -> Source:
    """Return the source that a path or address names, fetching it first where it is remote.

    `unnamed` and `with_sizes` are those of `sources.recognise`.
    """
    if addresses.is_remote(str(place)):
        # What speaks HTTPS takes as long to import as a small build takes to run.
        from spack_census.fetch import fetching

        path = fetching.fetch(str(place), with_sizes=with_sizes).folder
    else:
        path = addresses.local(str(place)).resolve()
    return sources.recognise(path, unnamed, with_sizes=with_sizes)
