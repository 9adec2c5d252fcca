"""Folders taken as one: whatever is done to a tree, a build that remembers it makes the same."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spack_census as sc
from spack_census.building.outcomes import BuildResult
from spack_census.dataset.layout import pin, read_manifest
from spack_census.disk import failpoints
from spack_census.errors import DatasetError
from spack_census.sources import shelves
from spack_census.sources.directory import Directory
from support.documents_made import Spec, document, hash_of, write_document
from support.examples import share

SNAPSHOTS = ("develop", "develop-2025-01-05", "v1.0")
PACKAGES = ("adios2", "a", "a-b", "zlib")
_GRAIN_SECONDS = 0.02
"""Longer than the clock of a file system takes for a tick."""

Edit = Callable[[Path, int, int], None]
"""An edit of a tree at one of its packages, with a number that makes it another one."""


class Alone(Directory):
    """The same folder, each of whose documents is taken for itself: what the other is held to."""

    def shelves(self) -> list[shelves.Shelf]:
        return []


@pytest.fixture(scope="module", autouse=True)
def _quick_to_settle() -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shelves, "DOUBT_NS", int(_GRAIN_SECONDS * 5e8))
        # Nobody cuts the power here, and to wait for the disk is what a small build takes longest.
        patch.setattr(os, "fsync", lambda _descriptor: None)
        yield


def make(source: Path) -> None:
    for snapshot in SNAPSHOTS:
        for package in PACKAGES:
            write_document(source, package, snapshot, [Spec(hash=hash_of((snapshot, package)))])
    write_document(source, "anchor", "v0.1", [Spec()])


def build(source: Path | Directory, dataset: Path) -> BuildResult:
    time.sleep(_GRAIN_SECONDS)
    return sc.build(source, dataset, jobs=1, prune=True, replace=True, allow_partial=True)


def held(dataset: Path) -> tuple[object, ...]:
    """Return what a version holds: its files' names tell their bytes."""
    manifest = read_manifest(pin(dataset))
    return manifest.snapshots, {file.path for file in manifest.files}


def packages(source: Path) -> list[Path]:
    return sorted(path for path in source.glob("_cache/*/*") if "v0.1" not in path.parts)


def picked(source: Path, place: int) -> Path:
    found = packages(source)
    return found[place % len(found)] if found else source / "_cache" / "develop" / "zlib"


def touch(source: Path, place: int, number: int) -> None:
    path = picked(source, place) / "specs.md"
    if path.is_file():
        os.utime(path, (number, number))


def same_size(source: Path, place: int, number: int) -> None:
    """Write other text of the same length and set the time back."""
    path = picked(source, place) / "specs.md"
    if path.is_file() and not path.is_symlink():
        status = path.stat()
        path.write_bytes(path.read_bytes().replace(b'"1.2.13"', b'"1.2.%02d"' % (number % 90 + 10)))
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace(source: Path, place: int, number: int) -> None:
    folder = picked(source, place)
    folder.mkdir(parents=True, exist_ok=True)
    draft = source / ".draft"
    draft.write_text(document(folder.name, folder.parent.name, [Spec(hash=hash_of(number))]))
    draft.replace(folder / "specs.md")


def remove(source: Path, place: int, number: int) -> None:
    folder = picked(source, place)
    shutil.rmtree(folder if number % 2 else folder / "specs.md", ignore_errors=True)
    (folder / "specs.md").unlink(missing_ok=True)


def rename(source: Path, place: int, number: int) -> None:
    folder = picked(source, place)
    if folder.is_dir():
        folder.rename(folder.with_name(f"renamed-{number}-{len(packages(source))}"))


def swap(source: Path, place: int, number: int) -> None:
    """Let two packages, or two snapshots, change their names."""
    first, second = picked(source, place), picked(source, number)
    if number % 3 == 0:
        first, second = first.parent, second.parent
    if first != second and first.exists() and second.exists():
        first.rename(source / ".between")
        second.rename(first)
        (source / ".between").rename(second)


def stray(source: Path, place: int, number: int) -> None:
    """Put a document into the folder of another snapshot, or of no snapshot."""
    folder = picked(source, place)
    name = (*SNAPSHOTS, "new", "no name", "[]")[number % 6]
    text = document("stray", name, [Spec(hash=hash_of(("stray", number)))])
    folder.with_name("stray").mkdir(parents=True, exist_ok=True)
    (folder.with_name("stray") / "specs.md").write_text(text)


def loose(source: Path, _place: int, number: int) -> None:
    text = document("loose", (*SNAPSHOTS, "new")[number % 4], [Spec(hash=hash_of("loose"))])
    (source / f"loose-{number % 2}.md").write_text(text)


def beside(source: Path, place: int, number: int) -> None:
    """Put something else into the folder of a package, or beside it."""
    folder = picked(source, place)
    folder = folder.parent if number % 2 else folder
    folder.mkdir(parents=True, exist_ok=True)
    name = ("README.md", ".hidden", "spec-0.json", "notes.md", "more", "b\udcff.md")[number % 6]
    text = document("beside", folder.parent.name, [Spec(hash=hash_of("beside"))])
    (folder / name).write_text(text)


def link(source: Path, place: int, _number: int) -> None:
    path = picked(source, place) / "specs.md"
    if path.is_file() and not path.is_symlink():
        path.rename(source / ".linked")
        path.symlink_to(source / ".linked")


def break_off(source: Path, place: int, number: int) -> None:
    path = picked(source, place) / "specs.md"
    if path.is_file() and not path.is_symlink():
        path.write_bytes(path.read_bytes()[: number % 200])


EDITS = (
    *(touch, same_size, replace, remove, rename, swap),
    *(stray, loose, beside, link, break_off),
)


@share(0.05)
@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(EDITS), st.integers(0, 30), st.integers(0, 60)), max_size=3
        ),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["kept", "lost", "stale", "damaged"]),
)
def test_a_tree_edited_at_random(
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[list[tuple[Edit, int, int]]],
    memory: str,
) -> None:
    folder = tmp_path_factory.mktemp("edited")
    source, dataset, prints = folder / "source", folder / "one", folder / "one/fingerprints.json"
    make(source)
    build(source, dataset)
    first = prints.read_bytes()
    for edits in rounds:
        for edit, place, number in edits:
            edit(source, place, number)
        match memory:
            case "lost":
                prints.unlink()
            case "stale":
                prints.write_bytes(first)
            case "damaged":
                prints.write_bytes(prints.read_bytes().replace(b"develop", b"devel0p", 1))
        build(source, dataset)
        shutil.rmtree(folder / "other", ignore_errors=True)
        build(Alone(source.resolve()), folder / "other")
        assert held(dataset) == held(folder / "other")
    shutil.rmtree(folder)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    make(tmp_path / "source")
    return tmp_path / "source"


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_each_edit_is_seen(source: Path, tmp_path: Path, edit: Edit) -> None:
    build(source, tmp_path / "dataset")
    for number in range(6 if edit in (stray, beside) else 2):
        edit(source, number * 5, number)
        build(source, tmp_path / "dataset")
        shutil.rmtree(tmp_path / "other", ignore_errors=True)
        build(Alone(source.resolve()), tmp_path / "other")
        assert held(tmp_path / "dataset") == held(tmp_path / "other")


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the paths of documents that are read, as they are."""
    found: list[str] = []
    plain = Directory.read

    def noted(self: Directory, path: str, limit: int | None = None) -> bytes:
        found.append(path)
        return plain(self, path, limit)

    monkeypatch.setattr(Directory, "read", noted)
    return found


def test_each_document_is_read_once_and_then_not_again(
    source: Path, tmp_path: Path, read: list[str]
) -> None:
    build(source, tmp_path / "dataset")
    assert len(read) == len({*read}) == len(SNAPSHOTS) * len(PACKAGES) + 1
    read.clear()
    assert not build(source, tmp_path / "dataset").published
    assert read == []


def test_what_is_too_young_is_read_again(
    source: Path, tmp_path: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second write within the same tick of the clock would leave the same state."""
    monkeypatch.setattr(shelves, "DOUBT_NS", 3_600_000_000_000)
    build(source, tmp_path / "dataset")
    for _ in range(2):
        read.clear()
        assert not build(source, tmp_path / "dataset").published
        assert len(read) == len(SNAPSHOTS) * len(PACKAGES) + 1


def test_a_stray_document_costs_its_own_shelf_and_that_of_its_snapshot(
    source: Path, tmp_path: Path, read: list[str]
) -> None:
    stray(source, 0, 2)
    result = build(source, tmp_path / "dataset")
    assert [each.snapshot for each in result.outcomes] == sorted([*SNAPSHOTS, "v0.1"])
    build(Alone(source.resolve()), tmp_path / "other")
    assert held(tmp_path / "dataset") == held(tmp_path / "other")
    read.clear()
    assert not build(source, tmp_path / "dataset").published
    assert read == []


def test_a_repair_looks_for_the_damaged_by_the_names_in_documents(
    source: Path, tmp_path: Path
) -> None:
    (source / "_cache" / "develop").rename(source / "_cache" / "other")
    build(source, tmp_path / "dataset")
    (tmp_path / "dataset" / "fingerprints.json").unlink()
    result = sc.build(source, tmp_path / "dataset", damaged=["develop"])
    assert {each.snapshot: each.status for each in result.outcomes}["develop"] == "repaired"


def test_a_build_that_fails_as_it_converts_again_leaves_the_dataset(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(source, tmp_path / "dataset")
    before = held(tmp_path / "dataset")
    stray(source, 0, 2)

    def fail(step: str) -> None:
        if step == "convert again":
            raise OSError(5, "Input/output error")

    monkeypatch.setattr(failpoints, "reached", fail)
    with pytest.raises(DatasetError):
        build(source, tmp_path / "dataset")
    assert held(tmp_path / "dataset") == before


def test_workers_look_for_themselves(source: Path, tmp_path: Path) -> None:
    stray(source, 0, 2)
    time.sleep(_GRAIN_SECONDS)
    with ThreadPoolExecutor(2) as pool:
        sc.build(source, tmp_path / "two", executor=pool)
    build(Alone(source.resolve()), tmp_path / "other")
    assert held(tmp_path / "two") == held(tmp_path / "other")
