"""What is measured: conversions side by side, builds, indexes, queries, whole commands."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from pathlib import Path

import generate
from measure import Cost, apart, measure, one_core
from peers import COLUMNS

HERE = Path(__file__).parent
ALL = (
    "bare_limit",
    "census",
    "census_two",
    "duckdb_sql",
    "polars_json",
    "json_pyarrow",
    "frontmatter_pandas",
    "pyyaml_pandas",
)
LARGE = ("bare_limit", "census", "census_two", "duckdb_sql", "polars_json")
"""Those that end soon enough at 500 MB and more."""
SLOW = ("pyyaml_pandas", "frontmatter_pandas")
PARAMS = {"reference": "x86_64_v3", "target": "neoverse_v2", "host": "zen4"}
NEED_DEPENDENCIES = ("coverage.frontier",)
COMMANDS = {
    "census --help": ["--help"],
    "census diff": ["diff"],
    "census coverage": ["coverage"],
    "census package": ["package", "zlib-ng"],
}
_DOUBT_SECONDS = 2.1
"""Younger files are read again by the next build, which would then be what is measured."""


def peer(name: str, source: Path, folder: Path) -> list[str]:
    """Return the command of a peer, on one core but where its name says two."""
    command = [sys.executable, str(HERE / "peers.py"), name, str(source), str(folder / name)]
    return command if name.endswith("two") else one_core(command)


def conversions(
    names: tuple[str, ...], source: Path, folder: Path, runs: int, *, compare: bool
) -> dict[str, Cost]:
    """Measure peers on one source, in turn; `compare` stops unless they wrote the same rows."""
    found = {}
    for name in names:
        found[name] = measure(peer(name, source, folder), min(runs, 3) if name in SLOW else runs)
        say(name, found[name])
    if compare:
        apart(_compare, names, folder)
    shutil.rmtree(folder)
    return found


def _compare(names: tuple[str, ...], folder: Path) -> None:
    import polars as pl

    first = None
    for name in names:
        if name == "bare_limit":
            continue
        root = folder / name / "current" / "specs" if "census" in name else folder / name
        frame = pl.scan_parquet(root, hive_partitioning=True).select(COLUMNS).collect()
        rows = frame.with_columns(pl.col("platform", "target", "snapshot").cast(str)).sort(
            "hash", "snapshot"
        )
        first = rows if first is None else first
        if not first.equals(rows):
            raise SystemExit(f"{name} wrote other rows than census")


def builds(source: Path, dataset: Path, specs: int, runs: int) -> dict[str, Cost]:
    """Measure `census build` as a user runs it: cold, with nothing changed, one new snapshot."""
    command = _census("build", str(source), "--dataset", str(dataset))
    found = {"cold": measure(command, runs, lambda: shutil.rmtree(dataset, ignore_errors=True))}
    say("cold", found["cold"])
    time.sleep(_DOUBT_SECONDS)
    measure(command, 1)
    found["unchanged"] = measure(command, max(runs, 3))
    say("unchanged", found["unchanged"])
    late = iter(range(2_000, 2_050))  # weeks of the year 2061, after all others

    def publish() -> None:
        measure(command, 1)
        apart(generate.documents, source, 1, specs, next(late))
        time.sleep(_DOUBT_SECONDS)

    try:
        found["one new snapshot"] = measure(command, max(runs, 3), publish)
    finally:
        for path in source.glob("develop-206*"):
            shutil.rmtree(path)
    say("one new snapshot", found["one new snapshot"])
    return found


def index(folder: Path, runs: int) -> dict[str, Cost]:
    """Measure the indexes of a build cache against the loop of the site's own script."""
    apart(generate.index, folder / "source", 150)
    found = {}
    for name in ("index_json", "census"):
        found[name] = measure(peer(name, folder / "source", folder), runs)
        say(name, found[name])
    return found


def queries(dataset: Path, runs: int) -> dict[str, float]:
    """Return the seconds of every query of the catalogue on an open connection, medians."""
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
    return found


def commands(folder: Path, runs: int) -> dict[str, Cost]:
    """Measure whole commands on a dataset of the shipped sample."""
    dataset = str(folder / "sample")
    measure(_census("build", str(generate.DOCUMENTS), "--dataset", dataset), 1)
    found = {}
    for name, arguments in COMMANDS.items():
        where = [] if "--help" in arguments else ["--dataset", dataset]
        found[name] = measure(_census(*arguments, *where), runs)
        say(name, found[name])
    return found


def _census(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "spack_census.cli", *arguments]


def say(name: str, cost: Cost) -> None:
    """Print a measurement as it is made."""
    print(
        f"  {name:<20} {cost.wall_seconds:>8.2f} s wall {cost.cpu_seconds:>8.2f} s CPU"
        f" {cost.peak_mb:>6.0f} MB",
        file=sys.stderr,
    )
