"""Open what a user names, a path or an address, as a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spack_census import sources
from spack_census.fetch import addresses
from spack_census.sources.model import PLAIN, Reading, Source


def open_source(
    place: Path | str,
    rename: str | None = None,
    *,
    reading: Reading = PLAIN,
    fetch: Callable[[str], Path] | None = None,
    base: Path | None = None,
) -> Source:
    """Return the source that a path or address names, fetching it first where it is remote.

    `rename` is what to call the snapshot of documents that name none, `reading` how to read
    a build cache. `fetch` brings what lies at an address into the folder that it returns, by
    default below `output/cache`; `base` is where relative paths start, by default the working
    directory. Raises SourceError.
    """
    if addresses.is_remote(str(place)):
        path = _fetch(str(place), reading) if fetch is None else fetch(str(place))
    else:
        path = Path(base or "", addresses.local(str(place))).resolve()
    return sources.recognise(path, rename, reading)


def _fetch(url: str, reading: Reading) -> Path:
    # What speaks HTTPS takes as long to import as a small build takes to run.
    from spack_census.fetch import fetching

    views = [] if reading.view is None else [reading.view]
    return fetching.fetch(
        url, with_sizes=reading.with_sizes, views=views, from_specs=reading.from_specs
    ).folder
