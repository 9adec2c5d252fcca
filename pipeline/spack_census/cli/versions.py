"""The commands on versions of a dataset: path, migrate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Option
from spack_census.cli.options import DEFAULT_DATASET, Dataset, ExitCode
from spack_census.cli.printing import shown

if TYPE_CHECKING:
    from spack_census.building.migrate import Plan

_LONGEST_SECONDS = 30 * 24 * 3600


def path(
    hold: Annotated[
        float | None,
        Option(
            "--hold",
            min=0,
            max=_LONGEST_SECONDS,
            metavar="SECONDS",
            help="Have no build remove it for so long.",
        ),
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
) -> None:
    """Print the folder of the current version, which no build will change.

    A later build removes it when three newer ones are there and it has been
    out of use for an hour; not while it is held.

    Example: duckdb -c "select count(*) from '$(census path)/specs/**/*.parquet'"
    """
    from spack_census.dataset import holds
    from spack_census.dataset.layout import pin

    print(pin(Path(dataset)) if hold is None else holds.hold(Path(dataset), hold))


def migrate(
    check: Annotated[
        bool, Option("--check", help="Only say what it would do; exit with 1 if anything.")
    ] = False,
    wait: Annotated[
        float, Option("--wait", min=0, metavar="SECONDS", help="Wait for a build to end.")
    ] = 0,
    dataset: Dataset = DEFAULT_DATASET,
) -> int:
    """Write a dataset of an older format anew in today's; no source is needed.

    Every command reads older formats, and each build does this as it
    publishes: this is for where none comes.

    Example: census migrate --check
    """
    from spack_census.building import migrate as migration

    plan = migration.plan(Path(dataset))
    _say(plan, dataset)
    if check or not plan.needed:
        return ExitCode.DIFFERENT if plan.needed else ExitCode.OK
    manifest, warnings = migration.migrate(Path(dataset), wait)
    for warning in warnings:
        print(f"note: published, but {warning}", file=sys.stderr)
    print(f"published as version {int(manifest.id[:8])}")
    return ExitCode.OK


def _say(plan: Plan, dataset: Path) -> None:
    from spack_census.dataset.schema import FORMAT

    if not plan.needed:
        print(f"{shown(dataset)} is of format {FORMAT}, today's: nothing to do")
        return
    print(
        f"{shown(dataset)} is of format {plan.of_format}, today's is {FORMAT}\n"
        f"  written anew  {plan.num_files:,} files of {plan.num_snapshots:,} snapshots, "
        f"{plan.num_bytes / 1e6:.1f} MB"
    )
    for column, number in plan.made_anew.items():
        print(f"  made anew     {column}: {number:,} values by today's rule")
    for table in plan.new_tables:
        print(f"  new table     {table}: empty")
    for column in plan.new_columns:
        print(f"  new column    {column}: not known, but where a source is built again")
