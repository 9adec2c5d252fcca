"""Time the pipeline against its peers, as its input grows, and its queries: `make bench`.

All in one session on one machine; what counts are the ratios. Prints tables in Markdown and
writes results.json beside this file. `--sizes S M L` adds an input of 1,000 snapshots, which
takes an hour to make; `--input FOLDER` keeps inputs there and uses what it finds; `--alone` runs
nothing but the sizes and adds them to results.json: `--sizes L --alone`.
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
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asking
import generate
import suites
import tables
from measure import Arguments, Result, apart

RESULTS = Path(__file__).with_name("results.json")
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
    parser.add_argument("--alone", action="store_true", help="the sizes, to add to results.json")
    options = parser.parse_args()
    earlier = json.loads(RESULTS.read_text()) if options.alone else {"sizes": {}}
    results: dict[str, Any] = {
        **earlier,
        "machine": _machine(),
        "load_before": os.getloadavg(),
    }
    with tempfile.TemporaryDirectory() as scratch:
        if not options.alone:
            results |= _others(Path(scratch), options.runs)
        for size in options.sizes:
            inputs = options.input or Path(scratch) / "input"
            found = _part(size, _measure, size, inputs, Path(scratch), options.runs)
            results["sizes"][size] = found
            if size == "M" and not options.alone:
                dataset, folder = Path(scratch) / "dataset-M", Path(scratch) / "explorer-M"
                found = _part("explorer, M", suites.explorer, folder, options.runs, dataset)
                results["explorer"]["100 snapshots"] = found
    results["load_after"] = os.getloadavg()
    text = json.dumps(results, indent=1, default=dataclasses.asdict)
    RESULTS.write_text(f"{text}\n")
    print(tables.render(json.loads(text)))


def _others(scratch: Path, runs: int) -> dict[str, Any]:
    """Return what is measured besides the sizes."""
    explorer = _part("explorer", suites.explorer, scratch / "explorer", runs)
    return {
        "explorer": {"60,000 specs": explorer},
        "git": _part("git", suites.git, scratch / "git", runs),
        "index": _part("index", suites.index, scratch / "index", runs),
        "asking": _part("asking", apart, asking.measured, 1),
        "commands": _part("commands", suites.commands, scratch, runs),
    }


def _part(
    name: str,
    function: Callable[Arguments, Result],
    *args: Arguments.args,
    **named: Arguments.kwargs,
) -> Result:
    """Return what a part measures, saying when it begins and how long it took."""
    print(f"{name} …", file=sys.stderr)
    started = time.monotonic()
    found = function(*args, **named)
    print(f"{name}: {time.monotonic() - started:,.0f} s", file=sys.stderr)
    return found


def _machine() -> dict[str, Any]:
    # What a peer lacks is to be seen at once, not after a quarter of an hour.
    names = ("polars", "pyarrow", "duckdb", "msgspec", "pandas", "orjson", "python-frontmatter")
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
