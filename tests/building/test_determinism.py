"""The same input gives the same bytes, however it lies on the disk and whoever converts it."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from spack_census import build


def content(dataset: Path) -> dict[str, str]:
    """Return path → SHA-256 of every file of the current version, the manifest among them."""
    version = (dataset / "current").resolve()
    return {
        str(path.relative_to(version)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(version.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def source(corpus: Path, documents_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Good and bad documents and one package of each shipped snapshot."""
    folder = tmp_path_factory.mktemp("source") / "first"
    shutil.copytree(corpus / "good", folder / "good")
    shutil.copytree(corpus / "bad", folder / "bad")
    for path in sorted(documents_folder.glob("_cache/*/[h-p]*/specs.md")):
        target = folder / path.relative_to(documents_folder)
        target.parent.mkdir(parents=True)
        shutil.copyfile(path, target)
    return folder


@pytest.fixture(scope="module")
def expected(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    dataset = tmp_path_factory.mktemp("expected") / "dataset"
    build(source, dataset, jobs=1)
    found = content(dataset)
    assert "manifest.json" in found
    assert len(found) > 20
    return found


@pytest.mark.parametrize("jobs", [1, 2, None])
def test_the_number_of_workers_leaves_no_trace(
    source: Path, expected: dict[str, str], tmp_path: Path, jobs: int | None
) -> None:
    build(source, tmp_path / "dataset", jobs=jobs)
    assert content(tmp_path / "dataset") == expected


def test_order_folder_and_times_of_the_files_leave_no_trace(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    shuffled = random.Random(7)  # noqa: S311 - an order, no secret
    paths = [path for path in sorted(source.rglob("*")) if path.is_file()]
    shuffled.shuffle(paths)
    elsewhere = tmp_path / "another place" / "second"
    for path in paths:
        target = elsewhere / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
        os.utime(target, (shuffled.randrange(10**9), shuffled.randrange(10**9)))
    build(elsewhere, tmp_path / "dataset", jobs=1)
    assert content(tmp_path / "dataset") == expected


def test_the_order_in_which_the_system_lists_files_leaves_no_trace(
    source: Path, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    class Backwards(Iterator[os.DirEntry[str]]):
        def __init__(self, folder: str = ".") -> None:
            with listed(folder) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name)

        def __next__(self) -> os.DirEntry[str]:
            if not self.entries:
                raise StopIteration
            return self.entries.pop()

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return self

        def __exit__(self, *_: object) -> None:
            pass

    with monkeypatch.context() as patched:
        patched.setattr("spack_census.sources.directory.os.scandir", Backwards)
        build(source, tmp_path / "dataset", jobs=1)
    assert content(tmp_path / "dataset") == expected


BUILD = """
import locale, sys, time
locale.setlocale(locale.LC_ALL, "")
time.tzset()
from spack_census import build
if __name__ == "__main__":
    build(sys.argv[1], sys.argv[2], jobs=int(sys.argv[3]))
"""


@pytest.mark.parametrize(
    ("jobs", "environment"),
    [
        (2, {"PYTHONHASHSEED": "2", "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8"}),
        (
            1,
            {
                "PYTHONHASHSEED": "3",
                "TZ": "Pacific/Kiritimati",
                "LC_ALL": "POSIX",
                "PYTHONUTF8": "0",
                "PYTHONOPTIMIZE": "1",
                "POLARS_MAX_THREADS": "1",
                "OMP_NUM_THREADS": "1",
            },
        ),
    ],
)
def test_neither_locale_nor_zone_nor_seed_nor_threads_leave_a_trace(
    source: Path,
    expected: dict[str, str],
    tmp_path: Path,
    jobs: int,
    environment: dict[str, str],
) -> None:
    (tmp_path / "build.py").write_text(BUILD)
    subprocess.run(
        [sys.executable, str(tmp_path / "build.py"), str(source), str(tmp_path / "ds"), str(jobs)],
        cwd=tmp_path,
        env={**os.environ, **environment},
        check=True,
    )
    assert content(tmp_path / "ds") == expected


def test_the_way_there_leaves_no_trace(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    part = tmp_path / "part"
    shutil.copytree(source / "good", part / "good")
    build(part, tmp_path / "dataset", jobs=1)
    build(source, tmp_path / "dataset", jobs=1)
    found = content(tmp_path / "dataset")
    assert found.pop("manifest.json") != expected["manifest.json"], "its number and parent differ"
    assert found == {path: sha256 for path, sha256 in expected.items() if path in found}
    assert len(found) == len(expected) - 1


def test_one_changed_byte_does_leave_a_trace(
    source: Path, expected: dict[str, str], tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(source, changed)
    document = changed / "good" / "odd" / "no-suffix"
    document.write_bytes(document.read_bytes().replace(b"ubuntu22.04", b"ubuntu22.05"))
    build(changed, tmp_path / "dataset", jobs=1)
    found = content(tmp_path / "dataset")
    assert found["manifest.json"] != expected["manifest.json"]
    assert found.keys() != expected.keys()


def test_building_again_publishes_nothing_new(source: Path, tmp_path: Path) -> None:
    first = build(source, tmp_path / "dataset", jobs=1)
    before = content(tmp_path / "dataset")
    second = build(source, tmp_path / "dataset", jobs=1)
    assert (first.published, second.published) == (True, False)
    assert content(tmp_path / "dataset") == before
