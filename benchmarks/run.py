"""Time the pipeline against its peers, as its input grows, and its queries: `make bench`.

All in one session on one machine; what counts are the ratios. Prints tables in Markdown and
writes results.json beside this file. `--sizes S M L` adds an input of 1,000 snapshots, which
takes an hour to make; `--input FOLDER` keeps inputs there and uses what it finds.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from typing import Any

import asking
import generate
import suites
import tables
from measure import apart

HERE = Path(__file__).parent
SIZES = {
    "S": (1, 6_300),
    "W": (2, 40_000),
    "M/10": (10, 15_000),
    "M": (100, 15_000),
    "L": (1_000, 15_000),
}
"""Name → (snapshots, specs in each); the documents of W are two and a half times as long."""


def main() -> None:
    """Run what was asked for, print it, write results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--sizes", nargs="+", choices=SIZES, default=["S", "W", "M/10", "M"])
    parser.add_argument("--input", type=Path)
    options = parser.parse_args()
    results: dict[str, Any] = {
        "machine": _machine(),
        "load_before": os.getloadavg(),
        "sizes": {},
    }
    with tempfile.TemporaryDirectory() as scratch:
        inputs = options.input or Path(scratch) / "input"
        results["git"] = suites.git(Path(scratch) / "git", options.runs)
        results["index"] = suites.index(Path(scratch) / "index", options.runs)
        results["asking"] = apart(asking.measured, 1)
        results["commands"] = suites.commands(Path(scratch), options.runs)
        results["explorer"] = {
            "60,000 specs": suites.explorer(Path(scratch) / "explorer", options.runs)
        }
        for size in options.sizes:
            results["sizes"][size] = _measure(size, inputs, Path(scratch), options.runs)
            if size == "M":
                dataset = Path(scratch) / f"dataset-{size}"
                folder = Path(scratch) / "explorer-M"
                found = suites.explorer(folder, options.runs, dataset)
                results["explorer"]["100 snapshots"] = found
    results["load_after"] = os.getloadavg()
    text = json.dumps(results, indent=1, default=dataclasses.asdict)
    (HERE / "results.json").write_text(f"{text}\n")
    print(tables.render(json.loads(text)))


def _machine() -> dict[str, Any]:
    names = ("polars", "pyarrow", "duckdb", "msgspec", "pandas", "orjson")
    from importlib.metadata import version

    return {
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in names},
    }


def _measure(size: str, inputs: Path, scratch: Path, runs: int) -> dict[str, Any]:
    snapshots, specs = SIZES[size]
    source = inputs / size.replace("/", "-")
    if not source.exists():
        print(f"making {size}: {snapshots:,} snapshots of {specs:,} specs", file=sys.stderr)
        apart(generate.documents, source, snapshots, specs)
    documents = apart(_sizes, source)
    found: dict[str, Any] = {
        "snapshots": snapshots,
        "documents": len(documents),
        "specs": snapshots * specs,
        "megabytes": round(sum(documents) / 1e6, 1),
    }
    print(f"{size}: {found}", file=sys.stderr)
    if size != "L":
        found["conversions"] = suites.conversions(
            suites.ALL if size in ("S", "M/10") else suites.LARGE,
            source,
            scratch / "conversions",
            min(runs, 3) if size == "M" else runs,
            slow_runs=runs if size == "S" else 1,
            compare=size != "M",
        )
    dataset = scratch / f"dataset-{source.name}"
    found["builds"] = suites.builds(source, dataset, specs, 1 if size == "L" else 3)
    if size == "M":
        found["snapshot_alone"] = suites.snapshot_alone(source, scratch / "alone", runs)
    found["storage"] = apart(suites.storage, dataset)
    found["queries"] = apart(suites.queries, dataset, runs)
    return found


def _sizes(source: Path) -> list[int]:
    return [path.stat().st_size for path in source.rglob("*.md")]


if __name__ == "__main__":
    main()
