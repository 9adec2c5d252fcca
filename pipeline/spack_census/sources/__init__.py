"""Where documents come from: one module a kind of source, one line in `recognise` each."""

from __future__ import annotations

from pathlib import Path

from spack_census.errors import SourceError
from spack_census.sources.model import PLAIN, Reading, Source


def recognise(path: Path, unnamed: str | None = None, reading: Reading = PLAIN) -> Source:
    """Return the source that lies at a path; `unnamed` is the snapshot of what names none.

    Raises SourceError.
    """
    # A kind that it cannot be is not loaded: most sources are plain folders.
    from spack_census.sources import choice, directory

    chosen = choice.choose(path, unnamed, reading)
    if chosen is not None:
        from spack_census.sources import buildcache

        return buildcache.opened(chosen, reading)
    if reading.view is not None:
        message = f"{path} is no mirror with index views"
        raise SourceError(message, "leave out --view, or name the mirror's folder")
    found: Source | None = None
    if path.is_file():
        from spack_census.sources import archive

        found = archive.recognise(path, unnamed)
    elif (path / "HEAD").is_file():
        from spack_census.sources import git

        found = git.recognise(path, unnamed)
    return found or directory.Directory(path, unnamed)
