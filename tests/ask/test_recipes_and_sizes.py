"""coverage.recipes, recipe_versions and sizes against other programs: plain Python, and Polars."""

from __future__ import annotations

import random
from typing import Any

import duckdb
import polars as pl
import pytest
from polars import col

from spack_census.ask.queries import load, run
from spack_census.spack.versions import version_key
from support.query_cases import arrow, in_memory, schema

SNAPSHOTS = ["develop-2025-01-05", "develop-2025-01-12"]
NEW = SNAPSHOTS[-1]
VERSIONS = ["1.0", "1.2", "1.10", "2.0rc1", "2.0", "develop", "main", "stable", "1.x"]
BRANCHES = {"develop", "main", "stable"}
SYSTEMS = ["cmake", "autotools", "generic"]


def made(seed: int) -> dict[str, list[dict[str, Any]]]:
    """Return random recipes, and specs of some of their packages and of others."""
    rng = random.Random(seed)  # noqa: S311 - a test's
    names = [f"p{number}" for number in range(12)]
    recipes = [
        {
            "package": name,
            "reading": rng.choice(["whole", "whole", "whole", "partly"]),
            "build_systems": rng.sample(SYSTEMS, rng.randint(0, 2)),
            "versions": [
                {
                    "version": version,
                    "version_key": version_key(version),
                    "is_preferred": rng.random() < 0.2,
                    "is_deprecated": rng.random() < 0.3,
                }
                for version in rng.sample(VERSIONS, rng.randint(0, 5))
            ],
        }
        for name in names[:9]
    ]
    specs = []
    for number in range(60):
        version = rng.choice(VERSIONS)
        spec = {
            "snapshot": rng.choice(SNAPSHOTS),
            "package": rng.choice(names),
            "version": version,
            "version_key": version_key(version),
            "target": rng.choice(["zen4", "x86_64_v3"]),
            "hash": f"h{rng.randint(0, 40) if number % 2 else number + 100}",
            "namespace": rng.choice([None, "builtin", "builtin", "site"]),
            "size_bytes": rng.choice([None, 0, 10, 1000]),
            "stacks": rng.sample(["e4s", "hep", "root"], rng.randint(0, 3)),
        }
        specs.append(spec)
    unique = {(each["snapshot"], each["hash"]): each for each in specs}
    listed = [{"snapshot": name, "series_order": at + 1} for at, name in enumerate(SNAPSHOTS)]
    return {"snapshots": listed, "specs": list(unique.values()), "recipes": recipes}


def rows(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    found = run(con, load(name), {"snapshot": NEW})
    return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def naive_recipes(
    tables: dict[str, list[dict[str, Any]]],
) -> list[tuple[str, str | None, int, int, float]]:
    here = [s for s in tables["specs"] if s["snapshot"] == NEW and s["namespace"] != "site"]
    found = []
    for system in ["all", *SYSTEMS]:
        mine = {
            r["package"]
            for r in tables["recipes"]
            if system == "all" or system in r["build_systems"]
        }
        for target in [None, "x86_64_v3", "zen4"]:
            cached = {s["package"] for s in here if target in {None, s["target"]}} & mine
            if mine and (cached or (target is None)):
                share = 100 * len(cached) / len(mine)
                found.append((system, target, len(mine), len(cached), share))
    return found


def naive_versions(tables: dict[str, list[dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    recipes = {r["package"]: r for r in tables["recipes"]}
    found = {}
    here = [s for s in tables["specs"] if s["snapshot"] == NEW and s["namespace"] != "site"]
    for package in {s["package"] for s in here}:
        cached = {s["version"] for s in here if s["package"] == package}
        recipe = recipes.get(package)
        declared = recipe["versions"] if recipe else []
        whole = recipe is not None and recipe["reading"] == "whole"
        newest = max(cached, key=version_key)
        releases = [
            v["version"]
            for v in declared
            if not v["is_deprecated"] and v["version"] not in BRANCHES and "rc" not in v["version"]
        ]
        order = [
            (
                v["is_preferred"],
                not v["is_deprecated"],
                v["version"] not in BRANCHES,
                "rc" not in v["version"],
                version_key(v["version"]),
                v["version"],
            )
            for v in declared
        ]
        preferred = max(order)[-1] if order else None
        behind = sum(version_key(v) > version_key(newest) for v in releases)
        names = {v["version"] for v in declared}
        deprecated = {v["version"] for v in declared if v["is_deprecated"]}
        found[package] = {
            "reading": recipe and recipe["reading"],
            "newest_cached": newest,
            "newest_declared": max(releases, key=version_key, default=None) if whole else None,
            "preferred": preferred if whole else None,
            "preferred_cached": (preferred in cached) if whole else None,
            "versions_behind": behind if whole else None,
            "deprecated": sorted(cached & deprecated, key=version_key),
            "undeclared": sorted(cached - names, key=version_key) if whole else None,
        }
    return found


def polars_sizes(tables: dict[str, list[dict[str, Any]]]) -> pl.DataFrame:
    specs = pl.DataFrame(arrow(schema.SPECS, tables["specs"]))
    older = specs.filter(col("snapshot") != NEW)["hash"].unique()
    here = specs.filter(snapshot=NEW).with_columns(
        new=pl.when(~col("hash").is_in(older.implode()))
        .then(col("size_bytes"))
        .otherwise(col("size_bytes") * 0)
    )
    stacked = here.explode("stacks", empty_as_null=False).filter(col("stacks") != "root")
    parts = [
        (here, "all", pl.lit("all")),
        (here, "target", col("platform") + "/" + col("target")),
        (stacked, "stack", col("stacks")),
        (here, "package", col("package")),
    ]
    found = []
    for frame, part, name in parts:
        known = col("size_bytes").is_not_null().any()
        counted = frame.group_by(name.alias("name")).agg(
            pl.lit(part).first().alias("part"),
            pl.len().cast(pl.Int64).alias("num_specs"),
            col("size_bytes").null_count().cast(pl.Int64).alias("num_unknown"),
            pl.when(known).then(col("size_bytes").sum()).alias("sum_bytes"),
            pl.when(known).then(col("new").sum()).alias("new_bytes"),
        )
        found.append(
            counted.sort("sum_bytes", "name", descending=[True, False], nulls_last=True).select(
                "part", "name", "num_specs", "num_unknown", "sum_bytes", "new_bytes"
            )
        )
    return pl.concat(found)


@pytest.mark.parametrize("seed", range(4))
def test_other_programs_give_the_same_rows(seed: int) -> None:
    tables = made(seed)
    with in_memory(tables) as con:
        shares = [
            (r["build_system"], r["target"], r["num_recipes"], r["num_cached"], r["cached_pct"])
            for r in rows(con, "coverage.recipes")
        ]
        expected = naive_recipes(tables)
        assert {row[:4] for row in shares} == {row[:4] for row in expected}
        assert len(shares) == len(expected)
        of = {row[:2]: row[4] for row in expected}
        assert all(abs(row[4] - of[row[:2]]) <= 0.051 for row in shares)
        lag = {each.pop("package"): each for each in rows(con, "coverage.recipe_versions")}
        assert lag == naive_versions(tables)
        sizes = [tuple(each.values()) for each in rows(con, "coverage.sizes")]
        assert sizes == polars_sizes(tables).rows()
