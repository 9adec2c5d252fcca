"""OCI image layouts: the rows of the same cache as a mirror, and each damage told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.errors import RefusedError, SourceError
from support import mirrors

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOT = "develop-2026-06-28"
DATA = mirrors.database("spliced")
TABLES = ("specs", "dependencies", "externals")


def tables(read_rows: Reader, source: Path, dataset: Path, **options: Any) -> list[Any]:
    sc.build(source, dataset, **options)
    return [sorted(read_rows(dataset, table), key=repr) for table in TABLES]


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return mirrors.oci_layout(tmp_path / SNAPSHOT, DATA)


def blob_of(layout: Path, tag: str) -> Path:
    """Return the manifest of a tag."""
    for each in json.loads((layout / "index.json").read_text())["manifests"]:
        if each["annotations"]["org.opencontainers.image.ref.name"].endswith(tag):
            return layout / "blobs" / "sha256" / each["digest"].removeprefix("sha256:")
    raise AssertionError(tag)


def test_one_cache_in_three_layouts_gives_the_same_rows(
    layout: Path, tmp_path: Path, read_rows: Reader
) -> None:
    mirror = tmp_path / "v3" / SNAPSHOT
    mirrors.put_index(mirror, DATA)
    mirrors.with_specs(mirror, DATA, sign=True)
    indexed = tables(read_rows, mirror, tmp_path / "a", with_sizes=True)
    assert tables(read_rows, layout, tmp_path / "b", with_sizes=True) == indexed
    assert tables(read_rows, mirror, tmp_path / "c", from_specs=True) == indexed
    assert tables(read_rows, layout, tmp_path / "d", from_specs=True) == indexed
    assert {row["size_bytes"] - mirrors.size_of(row["hash"]) for row in indexed[0]} == {0}


def test_a_second_build_finds_nothing_new(layout: Path, tmp_path: Path) -> None:
    arguments = ["build", str(layout), "--dataset", str(tmp_path / "dataset")]
    assert main(arguments) == 0
    assert not sc.build(layout, tmp_path / "dataset").published


def test_without_an_index_both_ways_out_are_named(tmp_path: Path, read_rows: Reader) -> None:
    layout = mirrors.oci_layout(tmp_path / SNAPSHOT, DATA, index=False)
    with pytest.raises(SourceError, match="without an index") as told:
        sc.build(layout, tmp_path / "dataset")
    assert "--from-specs" in told.value.next_steps[1]
    found = tables(read_rows, layout, tmp_path / "dataset", from_specs=True)
    assert {row["hash"] for row in found[0]} == mirrors.spec_files(DATA).keys()


def test_images_that_are_no_build_cache(layout: Path, tmp_path: Path) -> None:
    (layout / "index.json").write_text('{"manifests": []}')
    with pytest.raises(SourceError, match="none is a build cache's"):
        sc.build(layout, tmp_path / "dataset")
    (layout / "index.json").write_text("<html>")
    with pytest.raises(SourceError, match="no index of an OCI image layout"):
        sc.build(layout, tmp_path / "dataset")


@pytest.mark.parametrize("damage", ["gone", "changed", "no manifest"])
def test_a_damaged_index_refuses_the_build(layout: Path, tmp_path: Path, damage: str) -> None:
    manifest = blob_of(layout, "index.spack")
    layer = json.loads(manifest.read_text())["layers"][0]["digest"].removeprefix("sha256:")
    path = layout / "blobs" / "sha256" / layer
    if damage == "gone":
        path.unlink()
    elif damage == "changed":
        path.write_bytes(path.read_bytes() + b" ")
    else:
        manifest.write_bytes(b"{}")
    with pytest.raises((SourceError, RefusedError)):
        sc.build(layout, tmp_path / "dataset")


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), "missing-index"),
        (lambda path: path.write_bytes(b"{}"), "bad-checksum"),
    ],
)
def test_one_damaged_spec_is_rejected_alone(
    layout: Path,
    tmp_path: Path,
    read_rows: Reader,
    damage: Callable[[Path], object],
    reason: str,
) -> None:
    installs = json.loads(DATA)["database"]["installs"].values()
    needed = {edge["hash"] for each in installs for edge in each["spec"].get("dependencies", [])}
    key = next(iter(mirrors.spec_files(DATA).keys() - needed))
    damage(blob_of(layout, f"{key}.spack"))
    found = tables(read_rows, layout, tmp_path / "dataset", from_specs=True)
    assert {row["hash"] for row in found[0]} == mirrors.spec_files(DATA).keys() - {key}
    (reject,) = read_rows(tmp_path / "dataset", "rejects")
    assert (reject["scope"], reject["reason"]) == ("spec", reason)
    assert key in reject["place"]
