"""A reader that holds a version keeps it, whatever is built meanwhile."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.dataset import holds
from spack_census.dataset.layout import pin, version_ids
from spack_census.dataset.verify import verify
from spack_census.errors import DatasetError
from support.command_line import Census
from support.documents_made import Spec, hash_of, write_document

Build = Callable[[], Path]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def build(tmp_path: Path, dataset: Path) -> Build:
    """Return what builds one more version, and makes all of them look long out of use."""
    made: list[int] = []

    def once() -> Path:
        made.append(1)
        write_document(tmp_path / "source", "zlib", "develop", [Spec(hash=hash_of(len(made)))])
        sc.build(tmp_path / "source", dataset)
        for version in (dataset / "versions").iterdir():
            os.utime(version, (1_700_000_000, 1_700_000_000))
        return pin(dataset)

    return once


def test_a_held_version_outlives_any_number_of_builds(build: Build, dataset: Path) -> None:
    first = build()
    assert holds.hold(dataset, 3600) == first
    others = [build() for _ in range(6)]
    assert version_ids(dataset) == [first.name, *(path.name for path in others[-3:])]
    assert len(list(first.glob("specs/**/*.parquet"))) == 1
    assert verify(dataset).findings == ()


def test_it_goes_when_its_time_is_over(
    build: Build, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build()
    holds.hold(dataset, 3600)
    holds.hold(dataset, 10)
    now = time.time()
    monkeypatch.setattr(holds.time, "time", lambda: now + 60)
    for _ in range(4):
        build()
    # The longer of two holds counts.
    assert first.is_dir()
    assert len(list((dataset / "holds").iterdir())) == 1
    monkeypatch.setattr(holds.time, "time", lambda: now + 4000)
    build()
    assert not first.exists()
    assert list((dataset / "holds").iterdir()) == []


def test_a_version_that_went_before_the_hold_was_written_is_not_returned(
    build: Build, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = dataset / "versions" / "00000009-0123456789abcdef", build()
    answers = iter([gone, there])
    monkeypatch.setattr(holds, "pin", lambda _dataset: next(answers))
    assert holds.hold(dataset, 60) == there
    assert [path.name[:8] for path in (dataset / "holds").iterdir()] == ["00000001"]


def test_what_is_no_lease_holds_nothing_and_stays(build: Build, dataset: Path) -> None:
    build()
    (dataset / "holds").mkdir()
    (dataset / "holds" / "notes.txt").write_text("mine")
    assert holds.held(dataset) == set()
    build()
    assert (dataset / "holds" / "notes.txt").exists()


def test_the_command_holds_and_says_where(build: Build, dataset: Path, capsys: object) -> None:
    assert isinstance(capsys, pytest.CaptureFixture)
    census = Census(dataset, capsys)
    first = build()
    capsys.readouterr()
    assert census("path").out == f"{first}\n"
    assert not (dataset / "holds").exists()
    ran = census("path --hold 90")
    assert (ran.code, ran.out) == (0, f"{first}\n")
    (lease,) = (dataset / "holds").iterdir()
    until = re.fullmatch(rf"{first.name}\.until-(\d+)\.[0-9a-f]{{8}}", lease.name)
    assert until is not None
    assert 80 < int(until[1]) - time.time() < 100
    for wrong in ("-1", "nan", "1e12"):
        assert census(f"path --hold {wrong}").code == 2


def test_a_dataset_that_may_not_be_written_says_what_to_do(build: Build, dataset: Path) -> None:
    build()
    (dataset / "holds").write_text("")
    with pytest.raises(DatasetError) as caught:
        holds.hold(dataset, 60)
    assert f"{dataset / 'holds'}" in caught.value.message
    assert "copy the version instead: census path" in caught.value.next_steps[0]
    with pytest.raises(DatasetError, match="no dataset"):
        holds.hold(dataset / "nowhere", 60)
