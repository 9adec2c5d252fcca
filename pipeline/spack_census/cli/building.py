"""The commands that write: build."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli import opening, scaling
from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import DEFAULT_DATASET, Dataset
from spack_census.cli.printing import shown
from spack_census.errors import many

if TYPE_CHECKING:
    from spack_census.building.outcomes import BuildResult, Observer, Outcome
    from spack_census.dataset.layout import Manifest


def build(
    source: Annotated[
        str,
        Argument(
            metavar="SOURCE",
            help="Documents or a build cache: a folder, archive, file, repository or URL.",
        ),
    ],
    dataset: Dataset = DEFAULT_DATASET,
    rename: opening.Rename = None,
    strict: Annotated[bool, Option("--strict", help="Any reject is an error.")] = False,
    prune: Annotated[
        bool, Option("--prune", help="Remove snapshots that the source lacks.")
    ] = False,
    replace: Annotated[
        bool, Option("--replace", help="Allow what the dataset holds to be lost.")
    ] = False,
    allow_partial: opening.AllowPartial = False,
    with_sizes: opening.WithSizes = False,
    view: opening.View = None,
    from_specs: opening.FromSpecs = False,
    jobs: Annotated[
        int | None, Option("--jobs", min=1, metavar="N", help="Number of processes.")
    ] = None,
    dask: Annotated[bool, Option("--dask", help="Work in a Dask cluster made here.")] = False,
    scheduler: Annotated[
        str | None,
        Option("--scheduler", metavar="ADDRESS", help="Work in this Dask cluster."),
    ] = None,
    wait: Annotated[
        float,
        Option("--wait", min=0, metavar="SECONDS", help="Wait for another build to end."),
    ] = 0,
    git: opening.Git = False,
    rev: opening.Rev = None,
    since: opening.Since = None,
    folder: opening.Folder = None,
    every: opening.States = None,
) -> None:
    """Turn documents into the dataset, or bring it up to date with them.

    Example: census build documents --dataset output/dataset
    """
    from spack_census.building import builder
    from spack_census.disk import locking
    from spack_census.sources.model import Reading

    opening.demand_apart(source, dataset)
    reading = Reading(with_sizes, view, from_specs)
    origin = opening.opened(source, rename, rev, since, folder, every, reading=reading, git=git)
    if wait and (holder := locking.holder(dataset)):
        print(f"waiting up to {wait:g} s for a build: {holder}", file=sys.stderr)
    started = time.monotonic()
    workers, quick = scaling.executor(scheduler, jobs, local=dask), scaling.no_collections()
    with workers as executor, progress() as observe, quick:
        result = builder.build(
            origin,
            dataset,
            rename=rename,
            strict=strict,
            prune=prune,
            replace=replace,
            allow_partial=allow_partial,
            jobs=jobs,
            executor=executor,
            wait_seconds=wait,
            observe=observe,
        )
    print_result(result, source, dataset, time.monotonic() - started)


@contextmanager
def progress() -> Iterator[Observer]:
    """Show progress on stderr: a bar on a terminal, and a line for each snapshot."""
    if not sys.stderr.isatty():
        yield lambda outcome, _total: print(_line(outcome), file=sys.stderr)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("reading", total=None)

        def observe(outcome: Outcome, total: int) -> None:
            bar.update(task, total=total, advance=1, description=outcome.snapshot)
            if outcome.status != "unchanged":
                bar.console.print(_line(outcome), markup=False, highlight=False)

        yield observe


def _line(outcome: Outcome) -> str:
    state = outcome.state
    changed = f" ({outcome.num_changed:,} documents)" if outcome.num_changed else ""
    return (
        f"  {outcome.snapshot:<24} {many(state.num_documents, 'document'):>17} "
        f"{many(state.num_specs, 'spec'):>15}   {outcome.status}{changed}"
    )


def print_result(result: BuildResult, source: Path | str, dataset: Path, seconds: float) -> None:
    """Print what a build saw and wrote, and what to ask next."""
    totals, manifest = result.totals, result.manifest
    present = [outcome for outcome in result.outcomes if outcome.status != "removed"]
    removed = len(result.outcomes) - len(present)
    snapshots, places = _extent(manifest)
    shown_source, shown_dataset = shown(source), shown(dataset)
    print(
        f"{shown_source:<24} {many(len(present), 'snapshot')} · "
        f"{many(totals.documents_seen, 'document')} · {many(totals.specs_seen, 'spec')}"
    )
    if result.num_skipped:
        print(f"{'skipped':<24} {many(result.num_skipped, 'file')} that are no documents")
    print(
        f"{'checked':<24} {totals.documents_seen:,} documents seen = "
        f"{totals.documents_written:,} written + {totals.documents_rejected:,} rejected"
        f"{_held(totals.documents_held)}\n"
        f"{'':<24} {totals.specs_seen:,} specs seen = "
        f"{totals.specs_written:,} written + {totals.specs_rejected:,} rejected"
        f"{_held(totals.specs_held)}"
    )
    if removed:
        print(f"{'removed':<24} {many(removed, 'snapshot')} that the source lacks")
    size = sum(file.size_bytes for file in manifest.files) / 1e6
    state = f"version {int(manifest.id[:8])}" if result.published else "up to date"
    print(
        f"{shown_dataset:<24} {snapshots} · {many(manifest.counts['specs'], 'spec')} · {places}\n"
        f"{'':<24} {many(manifest.counts['rejects'], 'reject')} · {size:.1f} MB · {state} · "
        f"{seconds:.1f} s"
    )
    _print_warnings(result)
    _print_next_steps(result, dataset)


def _held(number: int) -> str:
    return f" + {number:,} held back" if number else ""


def _extent(manifest: Manifest) -> tuple[str, str]:
    """Return snapshots with their packages, and platforms × targets: from names and counts alone.

    How many packages all snapshots have together would take a look at every row.
    """
    most = max((state.num_packages for state in manifest.snapshots.values()), default=0)
    number = manifest.counts["snapshots"]
    levels = {level for file in manifest.files for level in file.path.split("/")[:-1]}
    platforms, targets = (
        sum(level.startswith(f"{name}=") for level in levels) for name in ("platform", "target")
    )
    return (
        f"{many(number, 'snapshot')} of {'up to ' if number > 1 else ''}{many(most, 'package')}",
        f"{many(platforms, 'platform')} × {many(targets, 'target')}",
    )


def _print_warnings(result: BuildResult) -> None:
    for warning in result.warnings:
        print(f"note: published, but {warning}", file=sys.stderr)
    for note in result.notes:
        print(f"note: {note}", file=sys.stderr)
    rejected = result.totals.documents_rejected + result.totals.specs_rejected
    if rejected:
        print(f"note: {rejected:,} rejected; see why: census rejects", file=sys.stderr)


def _print_next_steps(result: BuildResult, dataset: Path) -> None:
    census = _invocation()
    option = "" if dataset == DEFAULT_DATASET else f" --dataset {shown(dataset)}"
    steps = [
        (f"{census} diff{option}", "what changed between the last two snapshots"),
        (f"{census} coverage --host zen4{option}", "what a Zen 4 node can use"),
        (f"{census} queries", "all questions that can be asked"),
    ]
    if result.manifest.counts["snapshots"] == 1:
        steps[0] = (f"{census} coverage{option}", "what is covered, place by place")
    width = max(len(command) for command, _ in steps)
    print("\nAsk it something:")
    for command, meaning in steps:
        print(f"  {command:<{width}}   {meaning}")


def _invocation() -> str:
    """Return how this program can be called from here: by name where the shell finds it."""
    called = Path(sys.argv[0])
    found = shutil.which("census")
    if called.name != "census" or (found and Path(found).samefile(called)):
        return "census"
    return str(called.relative_to(Path.cwd()) if called.is_relative_to(Path.cwd()) else called)
