"""One run of the schedule: fetch → build → report → tell; whoever runs it again loses nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from spack_census.building import builder
from spack_census.disk import durable, locking
from spack_census.errors import CensusError, fault
from spack_census.fetch import fetching
from spack_census.fetch.opening import open_source
from spack_census.reports import files
from spack_census.reports.choice import Choice
from spack_census.reports.publish import Published, publish
from spack_census.reports.report import Report
from spack_census.schedule.config import RunConfig, SourceConfig

_STATE = ".run"
"""Folder below that of the reports: the lock of runs, and the hooks that are still to be run."""
_PENDING = "pending"
_BUSY = ("has a run at work", "wait for it: wait_seconds in the configuration")
_MEND = "mend that and run it again: nothing is lost"
_HOOK_SECONDS = 600

Log = Callable[[str, str], None]
"""Called with the name of a step and what came of it."""
Observer = Callable[[Report, Path], None]
"""Called with each report that was made, and its folder."""


@dataclass(slots=True)
class Cycle:
    """What a run came to."""

    published: list[Published] = field(default_factory=list)
    """One a series."""
    troubles: list[CensusError] = field(default_factory=list)
    """What failed; everything else was done all the same."""

    @property
    def made(self) -> list[Report]:
        """The reports that were made."""
        return [report for each in self.published for report in each.made]


@dataclass(frozen=True, slots=True)
class _Publishing:
    """What the reports of each series are made with."""

    config: RunConfig
    url: str
    log: Log
    observe: Observer


def run(config: RunConfig, log: Log, observe: Observer, url: str | None = None) -> Cycle:
    """Bring the dataset and the reports up to date, and run the hook for each new report.

    A source that fails, a series or a hook, is among the troubles and keeps nothing else from
    being done. Hooks are run at least once for each report: one that fails, or was cut off, is
    run again next time. Raises BusyError where another run is at work for longer than
    `wait_seconds`, CensusError where its state cannot be written.
    """
    state = config.path(config.reports) / _STATE
    done = Cycle()
    with durable.errors(state, _MEND), locking.hold(state, config.wait_seconds, _BUSY):
        steps = [partial(_build, config, source, log) for source in config.sources]
        chosen = _Publishing(config, config.url if url is None else url, log, observe)
        steps += [partial(_report, done, chosen, series) for series in config.series or (None,)]
        for step in steps:
            try:
                with durable.errors(state, _MEND):
                    step()
            except CensusError as error:
                _fail(done, log, error)
            except Exception as error:
                _fail(done, log, fault(error))
        if config.on_change:
            _tell(config, config.on_change, done, log)
    return done


def _fail(done: Cycle, log: Log, error: CensusError) -> None:
    done.troubles.append(error)
    log("failed", error.message)


def _build(config: RunConfig, source: SourceConfig, log: Log) -> None:

    def fetch(url: str) -> Path:
        fetched = fetching.fetch(
            url,
            config.path(source.to or str(fetching.default_folder(url))),
            snapshots=source.snapshots,
            latest=source.latest,
            with_sizes=source.with_sizes,
        )
        log("fetch", f"{url}: {fetched.num_new:,} new of {fetched.num_files:,} files")
        return fetched.folder

    built = builder.build(
        open_source(
            source.source,
            source.rename,
            with_sizes=source.with_sizes,
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
    log("build", f"{source.source}: {said}" + (f"; {rejected:,} rejected" if rejected else ""))
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
            _note(state, list(dict.fromkeys([*_pending(state), *names])))

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


def _tell(config: RunConfig, command: str, done: Cycle, log: Log) -> None:
    """Run the hook for each report that it has not seen, oldest first."""
    output = config.path(config.reports)
    state = output / _STATE
    waiting = _pending(state)
    for name in waiting:
        data = output / name / files.DATA
        if data.is_file():
            try:
                _hook(config, command, data)
            except CensusError as error:
                _fail(done, log, error)
                continue
            log("hook", name)
        _note(state, [each for each in _pending(state) if each != name])


def _hook(config: RunConfig, command: str, data: Path) -> None:
    """Run a command with report.json as its input; raises CensusError where it fails."""
    again = "mend the command; it is run again for this report by the next run"
    environment = {**os.environ, "CENSUS_REPORT": str(data.parent.resolve())}
    try:
        with data.open("rb") as content:
            # The owner of the configuration wrote the command; nothing of a report is part of it.
            subprocess.run(  # noqa: S603 - see above
                ["/bin/sh", "-c", command],
                stdin=content,
                stdout=subprocess.DEVNULL,
                cwd=config.folder,
                env=environment,
                timeout=_HOOK_SECONDS,
                check=True,
            )
    except subprocess.CalledProcessError as error:
        message = f"on_change failed for {data.parent.name}: exit code {error.returncode}"
        raise CensusError(message, again) from error
    except subprocess.TimeoutExpired as error:
        message = f"on_change took more than {_HOOK_SECONDS} s for {data.parent.name}"
        raise CensusError(message, again) from error


def _pending(state: Path) -> list[str]:
    path = state / _PENDING
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def _note(state: Path, names: Sequence[str]) -> None:
    durable.replace(state / _PENDING, "".join(f"{name}\n" for name in names).encode())
