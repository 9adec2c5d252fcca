"""coverage.* answered with Polars on the dataset's files: not from the SQL, but from its headers.

Each takes a dataset of the shipped documents and gives the rows of the query with `PARAMS`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
from polars import col

import spack_census as sc

OLD, NEW = "develop-2024-04-28", "develop-2024-06-09"
PARAMS = {
    "snapshot": NEW,
    "before": OLD,
    "after": NEW,
    "target": "neoverse_v1",
    "reference": "x86_64_v3",
    "host": "zen4",
    "os": "ubuntu20.04",
}
RUN_ON_UBUNTU_20 = ["centos7", "ubuntu18.04", "ubuntu20.04"]
PLACE = ["platform", "target"]
OFFER = ["package", "platform"]
COUNTS = (col("package").n_unique().alias("num_packages"), pl.len().alias("num_specs"))


def at(dataset: Path, snapshot: str = NEW) -> pl.LazyFrame:
    """Return the specs of a snapshot."""
    return sc.scan(dataset).filter(col("snapshot") == snapshot)


def newest() -> pl.Expr:
    """Return the newest version of a group."""
    return col("version").sort_by("version_key", "version").last()


def real_stacks(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Return a row for each spec and stack, root left out."""
    return frame.explode("stacks", empty_as_null=False).filter(col("stacks") != "root")


def by_target(dataset: Path) -> pl.LazyFrame:
    frame = at(dataset)
    whole = frame.select(col("package").n_unique()).collect().item()
    places = frame.group_by("platform", "target", "os").agg(COUNTS)
    share = (col("num_packages") * 100 / whole).round(1).alias("coverage_pct")
    order = ["num_packages", "num_specs", "platform", "target", "os"]
    return places.with_columns(share).sort(order, descending=[True, True, False, False, False])


def matrix(dataset: Path) -> pl.LazyFrame:
    by = ["package", "platform", "target", "os"]
    found = (pl.len().alias("num_specs"), newest().alias("newest_version"))
    return at(dataset).group_by(by).agg(found).sort(by)


def by_stack(dataset: Path) -> pl.LazyFrame:
    by = [col("stacks").alias("stack"), *PLACE]
    counted = real_stacks(at(dataset)).group_by(by).agg(COUNTS)
    return counted.sort(pl.struct(-col("num_specs").cast(pl.Int64), "stack", *PLACE))


def by_compiler(dataset: Path) -> pl.LazyFrame:
    by = ["compiler_name", "compiler_version", *PLACE]
    order = ["num_specs", *by]
    descending = [True, False, False, False, False]
    counted = at(dataset).group_by(by).agg(COUNTS)
    return counted.sort(order, descending=descending, nulls_last=True)


def trend(dataset: Path) -> pl.LazyFrame:
    listed = sc.scan(dataset, "snapshots").select("snapshot", "series", "series_order")
    by = ["series", "series_order", "snapshot", *PLACE]
    counted = sc.scan(dataset).join(listed, on="snapshot").group_by(by).agg(COUNTS)
    return counted.sort("series", "series_order", *PLACE).drop("series_order")


def versions(dataset: Path) -> pl.LazyFrame:
    frame = at(dataset)
    rank = col("version_key").rank("dense", descending=True).over("package") - 1
    ranked = frame.with_columns(rank.cast(pl.Int64).alias("versions_behind"))
    there = ranked.group_by("package", *PLACE).agg(
        newest().alias("newest_version"), col("versions_behind").min()
    )
    anywhere = frame.group_by("package").agg(newest().alias("newest_anywhere"))
    return (
        there.join(anywhere, on="package")
        .select("package", *PLACE, "newest_version", "newest_anywhere", "versions_behind")
        .sort("versions_behind", "package", *PLACE, descending=[True, False, False, False])
    )


def gaps(dataset: Path) -> pl.LazyFrame:
    frame = at(dataset)
    there = frame.filter(col("target") == PARAMS["target"])
    missing = frame.filter(col("target") == PARAMS["reference"]).join(
        there, on="package", how="anti"
    )
    names = real_stacks(missing).group_by("package").agg(col("stacks").unique().sort())
    counted = missing.group_by("package").agg(
        newest().alias("newest_version"), pl.len().alias("num_specs")
    )
    return (
        counted.join(names, on="package", how="left")
        .with_columns(col("stacks").fill_null([]))
        .select(
            "package",
            "newest_version",
            "num_specs",
            pl.lit(None).alias("num_dependents"),
            col("stacks").list.len().alias("num_stacks"),
            "stacks",
        )
        .sort("num_stacks", "num_specs", "package", descending=[True, True, False])
    )


def gpu(dataset: Path) -> pl.LazyFrame:
    keys = {"cuda": "cuda_arch=", "rocm": "amdgpu_target=", "sycl": None, "level_zero": None}
    found: list[dict[str, Any]] = []
    for spec in at(dataset).collect().iter_rows(named=True):
        for model, key in keys.items():
            if f"+{model}" not in spec["variants"]:
                continue
            values = [v.removeprefix(key) for v in spec["variants"] if key and v.startswith(key)]
            names = [name for value in values for name in value.split(",") if name != "none"]
            found += [spec | {"model": model, "architecture": name} for name in names or [None]]
    by = ["model", "architecture", *PLACE]
    order = ["model", "num_specs", "architecture", *PLACE]
    counted = pl.LazyFrame(found, infer_schema_length=None).group_by(by).agg(COUNTS)
    descending = [False, True, False, False, False]
    return counted.sort(order, descending=descending, nulls_last=True)


def host(dataset: Path) -> pl.LazyFrame:
    runs = sc.scan(dataset, "target_compat").filter(col("host") == PARAMS["host"])
    usable = at(dataset).filter(col("os").is_in(RUN_ON_UBUNTU_20)).join(runs, on="target")
    best = (
        usable.sort("distance", "target")
        .group_by("package", "platform", maintain_order=True)
        .agg(
            col("target").first().alias("best_target"),
            col("distance").first(),
            pl.len().alias("num_usable"),
        )
    )
    on_best = usable.group_by("package", "platform", "target").agg(
        newest().alias("newest_version"), pl.len().alias("num_specs")
    )
    return (
        best.join(on_best, left_on=[*OFFER, "best_target"], right_on=[*OFFER, "target"])
        .select(*OFFER, "best_target", "distance", "newest_version", "num_specs", "num_usable")
        .sort("distance", "package", "platform")
    )


def duplicates(dataset: Path) -> pl.LazyFrame:
    by = ["package", "version", "compiler_name", "compiler_version", "platform", "os", "target"]
    alike = (
        at(dataset)
        .group_by(*by, "variants", "flags", "build_spec")
        .agg(
            pl.len().alias("num_specs"),
            col("stacks").explode(empty_as_null=False).unique().sort(),
            col("hash").sort().alias("spec_hashes"),
        )
    )
    first = col("spec_hashes").list.first()
    return alike.filter(col("num_specs") > 1).sort(
        "num_specs", "package", first, descending=[True, False, False]
    )


def lifetimes(dataset: Path) -> pl.LazyFrame:
    series = sc.scan(dataset, "snapshots").filter(col("series") == "develop-dated")
    by = ["package", "version_key", "version"]
    held = sc.scan(dataset).join(series, on="snapshot").select(*by, "snapshot", "series_order")
    order = col("series_order")
    seen = (
        held.unique()
        .sort("series_order")
        .group_by(by)
        .agg(
            col("snapshot").first().alias("first_seen"),
            col("snapshot").last().alias("last_seen"),
            pl.len().alias("num_snapshots"),
            (order.max() - order.min() + 1 - pl.len()).alias("num_missed"),
        )
    )
    return seen.sort(by).drop("version_key")


ANSWERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    "coverage.by_compiler": by_compiler,
    "coverage.by_stack": by_stack,
    "coverage.by_target": by_target,
    "coverage.duplicates": duplicates,
    "coverage.gaps": gaps,
    "coverage.gpu": gpu,
    "coverage.host": host,
    "coverage.lifetimes": lifetimes,
    "coverage.matrix": matrix,
    "coverage.trend": trend,
    "coverage.versions": versions,
}
