"""Open what a user names, a path or an address, as a source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from spack_census import sources
from spack_census.fetch import addresses
from spack_census.sources import Source


def open_source(
    place: Path | str,
    rename: str | None = None,
    *,
    with_sizes: bool = False,
    fetch: Callable[[str], Path] | None = None,
    base: Path | None = None,
) -> Source:
    """Return the source that a path or address names, fetching it first where it is remote.

    `rename` is what to call the snapshot of documents that name none, `with_sizes` is that of
    `sources.recognise`. `fetch` brings what lies at an address into the folder that it returns, by
    default below `output/cache`; `base` is where relative paths start, by default the working
    directory. Raises SourceError.
    """
    if addresses.is_remote(str(place)):
        path = _fetch(str(place), with_sizes=with_sizes) if fetch is None else fetch(str(place))
    else:
        path = Path(base or "", addresses.local(str(place))).resolve()
    return sources.recognise(path, rename, with_sizes=with_sizes)


def _fetch(url: str, *, with_sizes: bool) -> Path:
    # What speaks HTTPS takes as long to import as a small build takes to run.
    from spack_census.fetch import fetching

    return fetching.fetch(url, with_sizes=with_sizes).folder
