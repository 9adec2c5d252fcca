"""What a run would do, and what keeps it from doing so, told before it has done anything."""

from __future__ import annotations

from contextlib import suppress

from spack_census.disk import apart
from spack_census.errors import SourceError
from spack_census.fetch import addresses, fetching
from spack_census.fetch.opening import open_source
from spack_census.reports import index
from spack_census.schedule.config import RunConfig
from spack_census.site import publish as explorer
from spack_census.sources.model import Reading


def planned(config: RunConfig) -> list[str]:
    """Return what a run would do, a line a step, having looked at each source that lies here.

    Raises what `run` would before it begins, and SourceError where a source cannot be read.
    """
    demand(config)
    for source in config.sources:
        if not addresses.is_remote(source.source):
            reading = Reading(source.with_sizes, source.view, source.from_specs)
            open_source(source.source, source.rename, reading=reading, base=config.path("."))
    lines = [f"build   {addresses.shown(each.source)}" for each in config.sources]
    lines += [f"        into {config.path(config.dataset)}"]
    lines += [f"report  {config.path(config.reports)}"]
    lines += [f"site    {config.path(config.site)}"] if config.site else []
    lines += [f"export  {config.path(config.export)}"] if config.export else []
    return [*lines, f"hook    {config.on_change}"] if config.on_change else lines


def demand(config: RunConfig) -> None:
    """Raise where a run could not do all of its steps, before it has taken any."""
    _demand_apart(config)
    index.demand_libraries()


def _demand_apart(config: RunConfig) -> None:
    reports = config.path(config.reports)
    others = {"the reports": reports}
    if config.site is not None:
        others = explorer.places(config.path(config.site), reports)
    places = {"the dataset": config.path(config.dataset), **others}
    if config.export is not None:
        places["the export"] = config.path(config.export)
    for source in config.sources:
        if addresses.is_remote(source.source):
            # What is no address has no folder; the step that reads it says so.
            with suppress(SourceError):
                folder = config.path(source.to or str(fetching.default_folder(source.source)))
                apart.demand({**places, f"the cache of {addresses.shown(source.source)}": folder})
        else:
            place = config.path(source.source)
            apart.demand_outside("the source", place, "the dataset", places["the dataset"])
    apart.demand(places)
