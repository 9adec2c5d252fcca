"""Time the pipeline against its peers and its queries on a large dataset: `make bench`.

Every figure is the wall time and peak memory of a whole process, the median of several runs, all
in one session on one machine; what counts are the ratios. Writes results.json beside this file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from generate import generate
from peers import COLUMNS, PEERS

HERE = Path(__file__).parent
SIZES = {"S": (1, 6_300), "M": (100, 15_000)}
SLOW = ("pyyaml_pandas", "frontmatter_pandas")
PARAMS = {"reference": "x86_64_v3", "target": "neoverse_v2", "host": "zen4"}
NEED_DEPENDENCIES = ("coverage.frontier",)


def measure(command: list[str], runs: int) -> dict[str, float]:
    """Return median seconds and peak megabytes of a command's process over several runs."""
    seconds, peaks = [], []
    for _ in range(runs):
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603
        _, status, usage = os.wait4(process.pid, 0)
        seconds.append(time.perf_counter() - started)
        peaks.append(usage.ru_maxrss / 1024)
        process.returncode = status
        if status:
            raise SystemExit(f"failed: {' '.join(command)}")
    return {"seconds": round(statistics.median(seconds), 3), "peak_mb": round(max(peaks))}


def one_core(command: list[str]) -> list[str]:
    """Return the command bound to one core, for ratios that a second core must not flatter."""
    return ["taskset", "--cpu-list", "0", *command]


def agree(folder: Path) -> None:
    """Stop unless all peers wrote the same rows."""
    import polars as pl

    answers = {}
    for name in PEERS.keys() - {"bare_limit"}:
        root = folder / name / "current" / "specs" if "census" in name else folder / name
        frame = pl.scan_parquet(root, hive_partitioning=True).select(COLUMNS).collect()
        answers[name] = frame.with_columns(pl.col("platform", "target", "snapshot").cast(str)).sort(
            "hash"
        )
    first = answers.pop("census")
    for name, frame in answers.items():
        if not first.equals(frame):
            raise SystemExit(f"{name} wrote other rows than census")


def conversions(source: Path, folder: Path, runs: int) -> dict[str, dict[str, float]]:
    """Measure every peer on one source, a core each but where a name says two."""
    found = {}
    for name in PEERS:
        command = [sys.executable, str(HERE / "peers.py"), name, str(source), str(folder / name)]
        found[name] = measure(command if name.endswith("two") else one_core(command), runs)
        print(f"  {name:<20} {found[name]['seconds']:>8.2f} s {found[name]['peak_mb']:>6.0f} MB")
    agree(folder)
    return found


def builds(source: Path, folder: Path) -> dict[str, Any]:
    """Measure census itself on the large source: cold, unchanged, one new snapshot."""
    census = [str(Path(sys.executable).with_name("census")), "build", str(source), "--dataset"]
    dataset = str(folder / "dataset")
    found = {"cold": measure([*census, dataset], 1)}
    time.sleep(2)
    found["settled"] = measure([*census, dataset], 1)
    found["unchanged"] = measure([*census, dataset], 5)
    newest = max(source.iterdir())
    shutil.copytree(newest, source / "new")
    for path in (source / "new").rglob("specs.md"):
        path.write_text(
            path.read_text().replace(f"[package, {newest.name}]", "[package, develop-2030-01-06]")
        )
    found["one new snapshot"] = measure([*census, dataset], 1)
    for name, figures in found.items():
        print(f"  {name:<20} {figures['seconds']:>8.2f} s {figures['peak_mb']:>6.0f} MB")
    return found


def queries(dataset: Path, runs: int = 5) -> dict[str, float]:
    """Measure every query of the catalogue on an open connection, in seconds."""
    from spack_census.database import connect
    from spack_census.queries import catalogue, run

    found = {}
    with connect(dataset) as connection:
        for query in catalogue().values():
            if query.name in NEED_DEPENDENCIES:
                continue
            params = {name: PARAMS[name] for name in query.params if name in PARAMS}
            seconds = []
            for _ in range(runs):
                started = time.perf_counter()
                run(connection, query, params).to_arrow_table()
                seconds.append(time.perf_counter() - started)
            found[query.name] = round(statistics.median(seconds), 3)
            print(f"  {query.name:<26} {found[query.name]:>7.3f} s")
    return found


def main() -> None:
    """Run what was asked for and write results.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=["S", "M"])
    options = parser.parse_args()
    results: dict[str, Any] = {"machine": platform.platform(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for size, (snapshots, specs) in SIZES.items():
            if options.only not in (None, size):
                continue
            generate(folder / size, snapshots, specs)
            total = sum(path.stat().st_size for path in (folder / size).rglob("*.md")) / 1e6
            print(f"{size}: {snapshots} × {specs:,} specs, {total:.0f} MB")
            results[size] = {"megabytes": round(total, 1)}
            if size == "S":
                results[size] |= conversions(folder / size, folder / "S-out", options.runs)
            else:
                results[size]["builds"] = builds(folder / size, folder)
                results[size]["queries"] = queries(folder / "dataset")
    (HERE / "results.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
