"""What is measured: conversions side by side, builds, indexes, queries, whole commands."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from contextlib import suppress
from pathlib import Path

import generate
import site_page
from measure import Cost, apart, measure, median, once, one_core
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
LARGE = ("bare_limit", "census", "census_two", "duckdb_sql")
"""Those that end soon enough at 500 MB, in memory that most machines have."""
SLOW = ("pyyaml_pandas", "frontmatter_pandas")
PARAMS = {"reference": "x86_64_v3", "target": "neoverse_v2", "host": "zen4"}
COMMANDS = {
    "census diff": ["diff"],
    "census coverage": ["coverage"],
    "census package": ["package", "zlib-ng"],
    "census env": ["env", str(generate.REPOSITORY / "tests" / "environments" / "workbench")],
}
_DOUBT_SECONDS = 2.1
"""Younger files are read again by the next build, which would then be what is measured."""


def peer(name: str, source: Path, folder: Path) -> list[str]:
    """Return the command of a peer, on one core but where its name says two."""
    command = [sys.executable, str(HERE / "peers.py"), name, str(source), str(folder / name)]
    return command if name.endswith("two") else one_core(command)


def conversions(
    names: tuple[str, ...],
    source: Path,
    folder: Path,
    runs: int,
    *,
    slow_runs: int,
    compare: bool,
) -> dict[str, Cost]:
    """Measure peers on one source, in turns; `compare` stops unless they wrote the same rows."""
    found: dict[str, list[Cost]] = {name: [] for name in names}
    for turn in range(runs):
        for name in names:
            if turn < (slow_runs if name in SLOW else runs):
                found[name].append(once(peer(name, source, folder)))
    if compare:
        apart(_compare, names, folder)
    shutil.rmtree(folder)
    return said({name: median(costs) for name, costs in found.items()})


def _compare(names: tuple[str, ...], folder: Path) -> None:
    import polars as pl

    first = None
    for name in names:
        if name == "bare_limit":
            continue
        root = folder / name / "current" / "specs" if "census" in name else folder / name
        written = pl.scan_parquet(root, hive_partitioning=True)
        if "census" in name:  # the others keep the names that documents have for compilers
            written = written.with_columns(compiler_name="compiler_written")
        frame = written.select(COLUMNS).collect()
        rows = frame.with_columns(pl.col("platform", "target", "snapshot").cast(str)).sort(
            "hash", "snapshot"
        )
        first = rows if first is None else first
        if not first.equals(rows):
            raise SystemExit(f"{name} wrote other rows than census")


def builds(source: Path, dataset: Path, specs: int, runs: int) -> dict[str, Cost]:
    """Measure `census build` as a user runs it: cold, with nothing changed, one new snapshot."""
    command = _census("build", str(source), "--dataset", str(dataset))
    cold = measure(command, runs, lambda: shutil.rmtree(dataset, ignore_errors=True))
    time.sleep(_DOUBT_SECONDS)
    once(command)
    unchanged = measure(command, 5)
    late = iter(range(2_000, 2_050))  # weeks of the year 2061, after all others

    def publish() -> None:
        once(command)
        apart(generate.documents, source, 1, specs, next(late))
        time.sleep(_DOUBT_SECONDS)

    try:
        new = measure(command, max(runs, 3), publish)
    finally:
        for path in source.glob("develop-206*"):
            shutil.rmtree(path)
    once([*command, "--prune", "--replace"])
    return said({"cold": cold, "unchanged": unchanged, "one new snapshot": new})


def snapshot_alone(source: Path, folder: Path, runs: int) -> float:
    """Return the CPU seconds that the conversion of one snapshot takes, start and end aside."""
    first = min(source.iterdir())
    dataset = folder / "dataset"
    command = _census("build", str(first), "--dataset", str(dataset))
    cold = measure(command, runs, lambda: shutil.rmtree(dataset, ignore_errors=True))
    time.sleep(_DOUBT_SECONDS)
    once(command)
    unchanged = measure(command, runs)
    said({"a snapshot alone": cold, "… unchanged": unchanged})
    return cold.cpu_seconds - unchanged.cpu_seconds


def index(folder: Path, runs: int) -> dict[str, Cost]:
    """Measure an index of 60,000 specs, 600,000 edges against the loop of the site's own script."""
    apart(generate.index, folder / "source", 441)
    names = ("index_json", "census")
    return said({name: measure(peer(name, folder / "source", folder), runs) for name in names})


def git(folder: Path, runs: int) -> dict[str, Cost]:
    """Measure documents in a repository against git's own way to print all that it holds."""
    repository = str(folder / "repository")
    apart(generate.documents, folder / "repository", 10, 15_000)
    # What git would start in the background would be in the way of what is measured.
    settings = ("maintenance.auto=false", "user.name=census", "user.email=census@localhost")
    in_git = ["git", "-C", repository, *(word for each in settings for word in ("-c", each))]
    once([*in_git, "init", "--quiet"])
    once([*in_git, "add", "."])
    once([*in_git, "commit", "--quiet", "--message", "documents"])
    once([*in_git, "gc", "--quiet"])
    dataset = folder / "git"
    build = _census("build", repository, "--git", "--jobs", "1", "--dataset", str(dataset))
    cat_file = ["git", "-C", repository, "cat-file", "--batch-all-objects", "--batch"]
    return said(
        {
            "cat_file": measure(cat_file, runs),
            "git": measure(build, runs, lambda: shutil.rmtree(dataset, ignore_errors=True)),
        }
    )


def explorer(folder: Path, runs: int, dataset: Path | None = None) -> dict[str, float]:
    """Measure the explorer of a dataset, by default of two snapshots of 60,000 specs.

    {} where no Chromium is at hand.
    """
    if site_page.chromium() is None:
        print("no Chromium: the explorer is not measured", file=sys.stderr)
        return {}
    dataset = dataset or apart(site_page.made, folder, 60_000)
    found = apart(site_page.explorer, dataset, folder / "site", runs)
    print(f"  explorer {found}", file=sys.stderr)
    return found


def storage(dataset: Path) -> dict[str, float]:
    """Return the files of a dataset's current version, its bytes, and those of `specs` alone."""
    paths = [path for path in (dataset / "current").rglob("*") if path.is_file()]
    specs = [path for path in paths if "specs" in path.parts]
    return {
        "files": len(paths),
        "megabytes": round(sum(path.stat().st_size for path in paths) / 1e6, 2),
        "specs_megabytes": round(sum(path.stat().st_size for path in specs) / 1e6, 2),
    }


def queries(dataset: Path, runs: int) -> dict[str, float]:
    """Return the seconds of every query of the catalogue on an open connection, medians."""
    import duckdb

    from spack_census.ask.database import connect
    from spack_census.ask.queries import catalogue, run

    found = {}
    with connect(dataset) as connection:
        [is_alone] = connection.sql("select count(*) = 1 from snapshots").fetchall()[0]
        for query in catalogue().values():
            if "before" in query.params and is_alone:
                continue
            params = {name: PARAMS[name] for name in query.params if name in PARAMS}
            seconds = []
            # What documents cannot answer is an error that says so.
            with suppress(duckdb.InvalidInputException):
                for _ in range(runs):
                    started = time.perf_counter()
                    run(connection, query, params).to_arrow_table()
                    seconds.append(time.perf_counter() - started)
                found[query.name] = round(statistics.median(seconds), 3)
    return found


def commands(folder: Path, runs: int) -> dict[str, Cost]:
    """Measure whole commands on a dataset of the shipped sample."""
    dataset = ["--dataset", str(folder / "sample")]
    reports = folder / "reports"
    once(_census("build", str(generate.DOCUMENTS), *dataset))
    report = _census("report", "--output", str(reports), *dataset)
    found = {name: measure(_census(*words, *dataset), runs) for name, words in COMMANDS.items()}
    return said(
        {
            "census --help": measure(_census("--help"), runs),
            **found,
            "census report": measure(
                report, runs, lambda: shutil.rmtree(reports, ignore_errors=True)
            ),
        }
    )


def _census(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "spack_census.cli", *arguments]


def said(costs: dict[str, Cost]) -> dict[str, Cost]:
    """Return measurements, printing them."""
    for name, cost in costs.items():
        print(
            f"  {name:<20} {cost.wall_seconds:>8.2f} s wall {cost.cpu_seconds:>8.2f} s CPU"
            f" {cost.peak_mb:>6.0f} MB",
            file=sys.stderr,
        )
    return costs
