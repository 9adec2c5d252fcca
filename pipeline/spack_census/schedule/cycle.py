"""One run of the schedule: fetch → build → report → tell; whoever runs it again loses nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import quote, urljoin

from spack_census.building import builder
from spack_census.disk import durable, locking
from spack_census.errors import CensusError
from spack_census.export import publish as tables
from spack_census.fetch import addresses, fetching
from spack_census.fetch.opening import open_source
from spack_census.reports import files
from spack_census.reports.choice import Choice
from spack_census.reports.publish import publish
from spack_census.schedule import hooks, ready
from spack_census.schedule.config import RunConfig, SourceConfig
from spack_census.schedule.history import History
from spack_census.schedule.steps import MEND, Cycle, Log, Observer, fail, share, take
from spack_census.site import publish as explorer
from spack_census.sources.model import Reading

_STATE = ".run"
"""Folder below that of the reports: the lock of runs, and the hooks that are still to be run."""
_BUSY = ("has a run at work", "wait for it: wait_seconds in the configuration")


@dataclass(frozen=True, slots=True)
class _Publishing:
    """What the reports of each series are made with."""

    config: RunConfig
    url: str
    log: Log
    observe: Observer


def run(
    config: RunConfig,
    log: Log,
    observe: Observer,
    url: str | None = None,
    history: History | None = None,
) -> Cycle:
    """Bring the dataset and the reports up to date, and run the hook for each new report.

    A source that fails or takes more than its share of `run_seconds`, a series or a hook, is among
    the troubles and keeps nothing else from being done. Hooks are run at least once for each
    report: one that fails, or was cut off, is run again next time. `history` is brought back first
    and kept last. Raises BusyError where another run is at work for longer than `wait_seconds`,
    CensusError where its state cannot be written or its history cannot be had, ParameterError
    where the folders are not apart.
    """
    ready.demand(config)
    state = config.path(config.reports) / _STATE
    done = Cycle()
    end = time.monotonic() + config.run_seconds
    with durable.errors(state, MEND), locking.hold(state, config.wait_seconds, _BUSY):
        if history is not None:
            log("history", history.restore() or "none yet: this is the first run")
        chosen = _Publishing(config, config.url if url is None else url, log, observe)
        steps = _steps(config, chosen, done)
        for number, (name, step) in enumerate(steps):
            seconds = share(end - time.monotonic(), len(steps) - number)
            take(done, log, state, seconds, name, step)
        if config.on_change:
            _tell(config, config.on_change, done, log, end)
        if history is not None:
            keep = partial(_keep, history, done, log)
            take(done, log, state, config.run_seconds, "history", keep)
    return done


def _steps(
    config: RunConfig, chosen: _Publishing, done: Cycle
) -> list[tuple[str, Callable[[], None]]]:
    """Return what a run does, in order, each step under its name."""
    sources = [(each.source, partial(_build, config, each, chosen.log)) for each in config.sources]
    reports = [
        (f"reports of {series or 'the main series'}", partial(_report, done, chosen, series))
        for series in config.series or (None,)
    ]
    exports = _exports(config, chosen)
    if config.site is None:
        return [*sources, *reports, *exports]
    site = config.path(config.site)
    page = [("the explorer", partial(_site, config, site, chosen.log))]
    # Reports lead into the explorer that is there when they are made.
    early = [] if (site / explorer.PAGE).exists() else page
    return [*sources, *early, *reports, *exports, *page]


def _keep(history: History, done: Cycle, log: Log) -> None:
    log("history", "kept" if history.keep() else "nothing new")
    done.kept = history.head
    done.is_due = history.is_due()


def _build(config: RunConfig, source: SourceConfig, log: Log) -> None:

    def fetch(url: str) -> Path:
        fetched = fetching.fetch(
            url,
            config.path(source.to or str(fetching.default_folder(url))),
            snapshots=source.snapshots,
            latest=source.latest,
            with_sizes=source.with_sizes,
            views=[] if source.view is None else [source.view],
            from_specs=source.from_specs,
            allow_hosts=source.allow_hosts,
        )
        came = f"{fetched.num_new:,} new of {fetched.num_files:,} files"
        log("fetch", f"{addresses.shown(url)}: {came}")
        return fetched.folder

    built = builder.build(
        open_source(
            source.source,
            source.rename,
            reading=Reading(source.with_sizes, source.view, source.from_specs),
            fetch=fetch,
            base=config.path("."),
        ),
        config.path(config.dataset),
        rename=source.rename,
        allow_partial=source.allow_partial,
        with_sizes=source.with_sizes,
        wait_seconds=config.wait_seconds,
    )
    changed = [each.snapshot for each in built.outcomes if each.status in ("new", "changed")]
    rejected = built.totals.documents_rejected + built.totals.specs_rejected
    said = ", ".join(changed) or "nothing new"
    said += f"; {rejected:,} rejected" if rejected else ""
    log("build", f"{addresses.shown(source.source)}: {said}")
    for note in built.notes:
        log("build", f"note: {note}")
    for warning in built.warnings:
        log("build", f"published, but {warning}")


def _report(done: Cycle, chosen: _Publishing, series: str | None) -> None:
    config, log = chosen.config, chosen.log
    output = config.path(config.reports)
    state = output / _STATE

    def announce(names: list[str]) -> None:
        # Noted before they are made: a run that is cut off in between still owes the hook.
        if config.on_change and names:
            hooks.note(state, list(dict.fromkeys([*hooks.pending(state), *names])))

    published = publish(
        config.path(config.dataset),
        output,
        Choice(series=series, since=config.since, keep=config.keep_reports),
        url=chosen.url,
        wait_seconds=config.wait_seconds,
        observe=chosen.observe,
        announce=announce,
    )
    done.published.append(published)
    said = ", ".join(report.name for report in published.made) or "nothing new"
    log("report", f"{series or 'main series'}: {said}")
    for name in published.removed:
        log("report", f"removed {name}: keep_reports is {config.keep_reports}")


def _site(config: RunConfig, output: Path, log: Log) -> None:
    reports = config.path(config.reports)
    published = explorer.publish(config.path(config.dataset), output, reports, config.wait_seconds)
    log("site", published.said)


def _exports(config: RunConfig, chosen: _Publishing) -> list[tuple[str, Callable[[], None]]]:
    if config.export is None:
        return []
    output = config.path(config.export)
    beside = os.path.relpath(output, config.path(config.reports))
    # Served beside the reports, as it lies beside them.
    address = chosen.url and urljoin(f"{chosen.url.rstrip('/')}/", quote(Path(beside).as_posix()))

    def export() -> None:
        done = tables.publish(config.path(config.dataset), output, address, config.wait_seconds)
        chosen.log("export", done.said)

    return [("the export", export)]


def _tell(config: RunConfig, command: str, done: Cycle, log: Log, end: float) -> None:
    """Run the hook for each report that it has not seen, oldest first, while there is time."""
    output = config.path(config.reports)
    state = output / _STATE
    for name in hooks.pending(state):
        data = output / name / files.DATA
        if data.is_file():
            left = end - time.monotonic()
            try:
                if left <= 0:
                    message = f"no time was left to run on_change for {name}"
                    raise CensusError(message, "the next run does it; see run_seconds")
                hooks.run(config, command, data, min(config.hook_seconds, left))
            except CensusError as error:
                fail(done, log, error)
                continue
            log("hook", name)
        hooks.note(state, [each for each in hooks.pending(state) if each != name])
