"""What a user would write instead: documents → partitioned Parquet, each in its own way.

`python benchmarks/peers.py NAME SOURCE TARGET`; all write the same columns (`COLUMNS`), but for
those that are a limit and write nothing: `bare_limit`, `index_json`.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PARTITIONS = ["platform", "target", "snapshot"]
COLUMNS = [
    *PARTITIONS,
    "package",
    "version",
    "compiler_name",
    "compiler_version",
    "os",
    "variants",
    "stacks",
    "hash",
]
Row = dict[str, Any]


def _rows(front: Row, details: list[Row]) -> Iterator[Row]:
    for spec in details:
        name, _, version = spec["compiler"].partition("@")
        yield {
            "snapshot": front["categories"][1],
            "package": front["title"],
            "platform": spec["platform"],
            "target": spec["target"],
            "version": spec["versions"][0],
            "compiler_name": name,
            "compiler_version": version.removeprefix("="),
            "os": spec["os"],
            "variants": sorted(spec["variants"]),
            "stacks": sorted(spec["stacks"]),
            "hash": spec["hash"],
        }


def _paths(source: Path) -> list[Path]:
    return sorted(source.rglob("specs.md"))


def _pandas(rows: list[Row], target: Path) -> None:
    import pandas as pd

    pd.DataFrame(rows).to_parquet(target, partition_cols=PARTITIONS)


def pyyaml_pandas(source: Path, target: Path) -> None:
    """PyYAML's C loader and pandas."""
    import yaml

    rows: list[Row] = []
    for path in _paths(source):
        front = yaml.load(path.read_text().split("---")[1], Loader=yaml.CSafeLoader)
        rows += _rows(front, front["spec_details"])
    _pandas(rows, target)


def frontmatter_pandas(source: Path, target: Path) -> None:
    """python-frontmatter and pandas."""
    import frontmatter

    rows: list[Row] = []
    for path in _paths(source):
        front = frontmatter.load(str(path)).metadata
        rows += _rows(front, front["spec_details"])  # type: ignore[arg-type]
    _pandas(rows, target)


def _split(text: str) -> tuple[Row, str]:
    lines = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
    snapshot = lines["categories"].strip("[]").split(", ")[1]
    title = json.loads(lines["title"])
    return {"title": title, "categories": ["package", snapshot]}, lines["spec_details"]


def json_pyarrow(source: Path, target: Path) -> None:
    """The json module and PyArrow."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows: list[Row] = []
    for path in _paths(source):
        front, details = _split(path.read_text())
        rows += _rows(front, json.loads(details))
    pq.write_to_dataset(pa.Table.from_pylist(rows), target, partition_cols=PARTITIONS)


def polars_json(source: Path, target: Path) -> None:
    """Polars' JSON decoder and its partitioned writer."""
    import polars as pl

    fronts = [_split(path.read_text()) for path in _paths(source)]
    text = pl.String
    spec = pl.Struct(
        dict.fromkeys(("compiler", "hash", "os", "platform", "target"), text)
        | {name: pl.List(text) for name in ("stacks", "variants", "versions")}
    )
    compiler = pl.col("compiler").str.splitn("@", 2)
    frame = (
        pl.DataFrame(
            {
                "snapshot": [front["categories"][1] for front, _ in fronts],
                "package": [front["title"] for front, _ in fronts],
                "details": [details for _, details in fronts],
            }
        )
        .with_columns(pl.col("details").str.json_decode(pl.List(spec)))
        .explode("details")
        .unnest("details")
        .with_columns(
            version=pl.col("versions").list.first(),
            compiler_name=compiler.struct[0],
            compiler_version=compiler.struct[1].str.strip_prefix("="),
            variants=pl.col("variants").list.sort(),
            stacks=pl.col("stacks").list.sort(),
        )
        .select(COLUMNS)
    )
    frame.write_parquet(target, partition_by=PARTITIONS)


def duckdb_sql(source: Path, target: Path) -> None:
    """DuckDB's SQL alone."""
    import duckdb

    duckdb.connect().execute(
        f"""
        copy (
            with files as (
                select
                    regexp_extract(content, 'title: "([^"]*)"', 1) as package,
                    regexp_extract(content, 'categories: \\[package, ([^\\]]*)\\]', 1)
                        as snapshot,
                    unnest(from_json(
                        regexp_extract(content, 'spec_details: (.*)\\n---', 1),
                        '[{{"compiler": "VARCHAR", "hash": "VARCHAR", "os": "VARCHAR",
                        "platform": "VARCHAR", "target": "VARCHAR", "stacks": ["VARCHAR"],
                        "variants": ["VARCHAR"], "versions": ["VARCHAR"]}}]'
                    )) as spec
                from read_text('{source}/*/*/specs.md')
            )
            select
                spec.platform, spec.target, snapshot, package, spec.versions[1] as version,
                split_part(spec.compiler, '@', 1) as compiler_name,
                ltrim(split_part(spec.compiler, '@', 2), '=') as compiler_version,
                spec.os, list_sort(spec.variants) as variants, list_sort(spec.stacks) as stacks,
                spec.hash
            from files
        ) to '{target}'
        (format parquet, compression zstd, partition_by (platform, target, snapshot))
        """  # noqa: S608 - paths of our own
    )


def bare_limit(source: Path, _target: Path) -> None:
    """Nothing but reading the bytes and decoding the JSON: what Python cannot be faster than."""
    import orjson

    for path in _paths(source):
        data = path.read_bytes()
        start = data.index(b"spec_details: ") + 14
        orjson.loads(data[start : data.rindex(b"\n---")])


def index_json(source: Path, _target: Path) -> None:
    """The loop that the site's own script has: `json.load`, dictionaries, no output."""
    listing = json.loads((source / "cache_spack_io_index.json").read_text())
    packages: dict[str, dict[str, Row]] = {}
    for stacks in listing.values():
        for stack in stacks:
            path = source / stack["url"].removeprefix("s3://spack-binaries/")
            with path.open() as file:
                installs = json.load(file)["database"]["installs"]
            for key, record in installs.items():
                if not record["in_buildcache"]:
                    continue
                spec = record["spec"]
                details = packages.setdefault(spec["name"], {}).setdefault(
                    key, {"version": spec["version"], "arch": spec["arch"], "stacks": []}
                )
                details["stacks"].append(stack["label"])


def census(source: Path, target: Path) -> None:
    """This project, one process."""
    import spack_census as sc

    sc.build(source, target, jobs=1)


def census_two(source: Path, target: Path) -> None:
    """This project, two processes."""
    import spack_census as sc

    sc.build(source, target, jobs=2)


PEERS: dict[str, Callable[[Path, Path], None]] = {
    function.__name__: function
    for function in (
        pyyaml_pandas,
        frontmatter_pandas,
        json_pyarrow,
        polars_json,
        duckdb_sql,
        bare_limit,
        census,
        census_two,
        index_json,
    )
}

if __name__ == "__main__":
    name, source_folder, target_folder = sys.argv[1:]
    shutil.rmtree(target_folder, ignore_errors=True)
    PEERS[name](Path(source_folder), Path(target_folder))
