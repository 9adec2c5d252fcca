"""A reader that loops until it is told to stop: `python -m torture.readers ENGINE DATASET`.

Each read pins the dataset anew, counts its rows, and tells from them whether they are all of one
published build. The tally goes to stdout as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from torture import states


def by_duckdb(dataset: Path) -> list[states.Group]:
    from spack_census.ask.database import connect

    with connect(dataset) as con:
        return con.sql("select snapshot, version, count(*) from specs group by all").fetchall()


def by_polars(dataset: Path) -> list[states.Group]:
    from spack_census.ask.frames import scan

    return scan(dataset).group_by("snapshot", "version").len().collect().rows()


def by_pyarrow(dataset: Path) -> list[states.Group]:
    import pyarrow as pa
    import pyarrow.dataset as ds

    from spack_census.dataset import schema
    from spack_census.dataset.layout import pin

    levels = pa.schema([(name, pa.string()) for name in schema.SPECS.partitions])
    specs = ds.dataset(pin(dataset) / "specs", partitioning=ds.partitioning(levels, flavor="hive"))
    counted = specs.to_table(["snapshot", "version"]).group_by(["snapshot", "version"])
    return [tuple(row.values()) for row in counted.aggregate([([], "count_all")]).to_pylist()]


ENGINES: dict[str, Callable[[Path], list[states.Group]]] = {
    "duckdb": by_duckdb,
    "polars": by_polars,
    "pyarrow": by_pyarrow,
}


def main(engine: str, dataset: Path) -> None:
    """Read until SIGTERM, or until the parent is gone; then print the tally."""
    running, parent = [True], os.getppid()
    signal.signal(signal.SIGTERM, lambda *_: running.clear())
    reads, mixed, errors, samples = 0, 0, 0, []
    while running and os.getppid() == parent:
        reads += 1
        try:
            groups = ENGINES[engine](dataset)
        except Exception as error:  # every error counts, whatever its kind
            errors += 1
            samples.append(f"{type(error).__name__}: {error}")
            continue
        if states.shown(groups) is None:
            mixed += 1
            samples.append(str(sorted(groups)))
    tally = {"reads": reads, "errors": errors, "mixed": mixed, "samples": samples[:3]}
    sys.stdout.write(json.dumps(tally) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
