"""Keeplists: the hashes of the newest snapshots of a series, and never an empty list."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.ask.keeping import kept
from spack_census.cli import main
from spack_census.errors import UnknownNameError
from support.documents_made import Spec, write_document

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOTS = ("develop-2025-01-05", "develop-2025-01-12", "develop-2025-01-19", "v1.0.0")


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for number, name in enumerate(SNAPSHOTS):
        specs = [Spec(hash=letter * 32) for letter in "abcdef"[number : number + 2]]
        write_document(tmp_path / "source", "zlib", name, specs)
    sc.build(tmp_path / "source", tmp_path / "dataset")
    return tmp_path / "dataset"


@pytest.mark.parametrize("series", [None, "develop-dated", "release"])
@pytest.mark.parametrize("newest", [1, 2, 3, 9])
def test_the_hashes_of_the_newest_snapshots(
    dataset: Path, read_rows: Reader, series: str | None, newest: int
) -> None:
    members = list(SNAPSHOTS[3:] if series == "release" else SNAPSHOTS[:3])[-newest:]
    with sc.connect(dataset) as con:
        found = kept(con, newest, series)
    rows = [row for row in read_rows(dataset, "specs") if row["snapshot"] in members]
    assert found.snapshots == members
    assert found.hashes == sorted({row["hash"] for row in rows})
    assert found.num_rejected == 0


def test_an_unknown_series(dataset: Path) -> None:
    with sc.connect(dataset) as con, pytest.raises(UnknownNameError, match="series 'weekly'"):
        kept(con, 1, "weekly")


def test_the_command_prints_one_hash_a_line(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["audit", "--series", "release", "--dataset", str(dataset), "--keep-last"]
    assert main([*arguments, "2"]) == 0
    out, err = capsys.readouterr()
    assert out == "d" * 32 + "\n" + "e" * 32 + "\n"
    assert "no more snapshots" in err


def test_what_is_not_on_the_list_is_told(
    tmp_path: Path, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    (path,) = source.rglob(f"*{SNAPSHOTS[3]}*/**/*.md")
    path.write_text(path.read_text().replace("e" * 32, "no hash"))
    sc.build(source, dataset, replace=True)
    arguments = ["audit", "--series", "release", "--dataset", str(dataset), "--keep-last", "1"]
    assert main(arguments) == 0
    assert "1 of these snapshots could not be read" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["mirror", "--keep-last", "1"]])
def test_a_mirror_or_a_keeplist(arguments: list[str]) -> None:
    assert main(["audit", *arguments]) == 2


def test_an_empty_list_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    index = tmp_path / "mirror" / "build_cache" / "index.json"
    index.parent.mkdir(parents=True)
    index.write_text(json.dumps({"database": {"version": "8", "installs": {}}}))
    sc.build(tmp_path / "mirror", tmp_path / "dataset", rename="site", allow_partial=True)
    dataset = str(tmp_path / "dataset")
    assert main(["audit", "--keep-last", "1", "--series", "other", "--dataset", dataset]) == 2
    assert "an empty list would keep nothing" in capsys.readouterr().err
