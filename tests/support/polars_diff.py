"""diff.* answered with Polars on the dataset's files: not from the SQL, but from its headers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
from polars import col

from support.polars_coverage import NEW, OLD, PLACE, at, newest, real_stacks

RENAMED = {"developer-tools-manylinux2014": "developer-tools-x86_64_v3-linux-gnu"}


def _both(dataset: Path, by: list[str]) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """Return what only the old snapshot holds and what only the new one does."""
    old, new = at(dataset, OLD), at(dataset, NEW)
    return old.join(new, on=by, how="anti"), new.join(old, on=by, how="anti")


def packages(dataset: Path) -> pl.LazyFrame:
    gone, appeared = (
        frame.group_by("package", "platform").agg(
            col("target").n_unique().alias("num_targets"), pl.len().alias("num_specs")
        )
        for frame in _both(dataset, ["package", "platform"])
    )
    labelled = [
        frame.select(pl.lit(change).alias("change"), pl.all()).sort("package", "platform")
        for change, frame in (("gone", gone), ("appeared", appeared))
    ]
    return pl.concat(labelled)


def coverage(dataset: Path) -> pl.LazyFrame:
    parts = []
    others = (at(dataset, NEW), at(dataset, OLD))
    for change, frame, other in zip(
        ("gone", "appeared"), _both(dataset, ["package", *PLACE]), others, strict=True
    ):
        elsewhere = other.select("package", pl.lit(value=True).alias("elsewhere")).unique()
        renamed = col("stacks").replace(RENAMED).unique().sort()
        names = real_stacks(frame).group_by("package", *PLACE).agg(renamed)
        counted = frame.group_by("package", *PLACE).agg(
            newest().alias("newest_version"), pl.len().alias("num_specs")
        )
        parts.append(
            counted.join(names, on=["package", *PLACE], how="left")
            .join(elsewhere, on="package", how="left")
            .with_columns(col("elsewhere").fill_null(value=False), col("stacks").fill_null([]))
            .select(pl.lit(change).alias("change"), pl.all())
            .sort("elsewhere", "package", *PLACE)
        )
    return pl.concat(parts)


def specs(dataset: Path) -> pl.LazyFrame:
    old, new = at(dataset, OLD), at(dataset, NEW)
    shown = ["package", "version", "version_key", "platform", "os", "target"]
    joined = old.select(*shown, "hash", col("stacks").alias("before_stacks")).join(
        new.select(*shown, "hash", col("stacks").alias("after_stacks")),
        on=[*shown, "hash"],
        how="full",
        coalesce=True,
    )
    change = (
        pl.when(col("before_stacks").is_null())
        .then(pl.lit("added"))
        .when(col("after_stacks").is_null())
        .then(pl.lit("removed"))
        .when(col("before_stacks") != col("after_stacks"))
        .then(pl.lit("moved"))
        .otherwise(pl.lit("kept"))
    )
    order = pl.Enum(["added", "removed", "moved", "kept"])
    return (
        joined.select(change.alias("change"), pl.all())
        .sort(col("change").cast(order), "package", "version_key", "hash")
        .drop("version_key")
    )


def versions(dataset: Path) -> pl.LazyFrame:
    sides = {}
    for side, snapshot in (("before", OLD), ("after", NEW)):
        by_version = at(dataset, snapshot).group_by("package", "version_key", "version")
        sides[side] = by_version.agg(col("target").unique().sort().alias("targets"))
    highest = sides["after"].sort("version_key").group_by("package").last()
    joined = (
        sides["before"]
        .group_by("package")
        .agg(newest().alias("before_highest"), col("version_key").max().alias("before_key"))
        .join(highest.rename({"version": "after_highest"}), on="package")
    )
    names = {"versions_added": ("after", "before"), "versions_dropped": ("before", "after")}
    for name, (held, lacked) in names.items():
        only = sides[held].join(sides[lacked], on=["package", "version_key"], how="anti")
        listed = only.group_by("package").agg(col("version").sort_by("version_key").alias(name))
        joined = joined.join(listed, on="package", how="left")
    change = (
        pl.when(col("version_key") > col("before_key"))
        .then(pl.lit("upgraded"))
        .when(col("version_key") < col("before_key"))
        .then(pl.lit("downgraded"))
        .otherwise(pl.lit("kept"))
    )
    shown = ["package", "before_highest", "after_highest", *names]
    return (
        joined.filter(pl.any_horizontal(col(*names).is_not_null()))
        .with_columns(col(*names).fill_null([]), change.alias("change"))
        .sort(col("change").cast(pl.Enum(["downgraded", "upgraded", "kept"])), "package")
        .select("change", *shown, "targets")
    )


ANSWERS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    "diff.coverage": coverage,
    "diff.packages": packages,
    "diff.specs": specs,
    "diff.versions": versions,
}
