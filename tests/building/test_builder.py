"""What a build does to a dataset that is there: leave alone, replace, rename, refuse, prune."""

from __future__ import annotations

import errno
import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.building.outcomes import BuildResult
from spack_census.dataset.layout import pin, read_manifest
from spack_census.dataset.publication import lock
from spack_census.dataset.verify import verify
from spack_census.errors import (
    BusyError,
    DatasetError,
    ParameterError,
    RefusedError,
    SourceError,
)
from spack_census.sources import directory, shelves
from support.documents_made import Spec, document, hash_of, write_document

Reader = Callable[[Path, str], list[dict[str, Any]]]
PACKAGES = [f"package-{number:02}" for number in range(12)]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    for snapshot in ("develop", "develop-2025-01-05"):
        for package in PACKAGES:
            write_document(folder, package, snapshot, [Spec(hash=hash_of((snapshot, package)))])
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def statuses(result: BuildResult) -> dict[str, str]:
    return {outcome.snapshot: outcome.status for outcome in result.outcomes}


def files_of(dataset: Path, snapshot: str) -> dict[str, tuple[int, int]]:
    """Return path → (inode, mtime) of a snapshot's files in the current version."""
    version = pin(dataset)
    return {
        file.path: ((version / file.path).stat().st_ino, (version / file.path).stat().st_mtime_ns)
        for file in read_manifest(version).files
        if file.snapshot == snapshot
    }


def make_old(folder: Path) -> None:
    """Set all times back: a file younger than two seconds is always read again."""
    for path in folder.rglob("*.md"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def test_a_second_build_publishes_nothing_and_touches_nothing(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in pin(dataset).rglob("*"))
    result = sc.build(source, dataset)
    after = sorted((str(path), path.lstat().st_mtime_ns) for path in pin(dataset).rglob("*"))
    assert not result.published
    assert set(statuses(result).values()) == {"unchanged"}
    assert after == before


def test_only_what_has_changed_is_read_again(
    source: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # No file counts as too young to be trusted.
    monkeypatch.setattr(shelves, "DOUBT_NS", -3_600_000_000_000)
    read: list[str] = []

    class Counted(directory.Directory):
        def read(self, path: str, limit: int | None = None) -> bytes:
            read.append(path)
            return super().read(path, limit)

    def build() -> set[str]:
        read.clear()
        sc.build(Counted(source), dataset, jobs=1)
        return {path.split("/")[-3] for path in read}

    assert build() == {"develop", "develop-2025-01-05"}
    assert build() == set()
    write_document(source, "new", "develop", [Spec(hash=hash_of("new"))])
    assert build() == {"develop"}
    (source / "_cache" / "develop-2025-01-05" / PACKAGES[0] / "specs.md").unlink()
    assert build() == {"develop-2025-01-05"}
    assert build() == set()


def test_a_changed_snapshot_is_replaced_and_the_others_keep_their_files(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    sc.build(source, dataset)
    kept = files_of(dataset, "develop-2025-01-05")
    replaced = files_of(dataset, "develop")
    write_document(source, PACKAGES[0], "develop", [Spec(version="9.9", hash=hash_of("new"))])
    result = sc.build(source, dataset)
    assert statuses(result) == {"develop": "changed", "develop-2025-01-05": "unchanged"}
    assert [outcome.num_changed for outcome in result.outcomes] == [1, 0]
    assert files_of(dataset, "develop-2025-01-05") == kept
    assert not files_of(dataset, "develop").keys() & replaced.keys()
    versions = {
        row["version"]
        for row in read_rows(dataset, "specs")
        if row["package"] == PACKAGES[0] and row["snapshot"] == "develop"
    }
    assert versions == {"9.9"}


def test_a_build_leaves_the_garbage_collector_to_the_process(source: Path, dataset: Path) -> None:
    seen = []
    sc.build(source, dataset, observe=lambda _outcome, _total: seen.append(gc.isenabled()))
    assert seen == [True, True]


def test_only_a_snapshot_that_should_stand_still_is_surprising(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    for snapshot in ("develop", "develop-2025-01-05"):
        write_document(source, PACKAGES[0], snapshot, [Spec(hash=hash_of(f"new {snapshot}"))])
    surprising = {each.snapshot: each.surprising for each in sc.build(source, dataset).outcomes}
    assert surprising == {"develop": False, "develop-2025-01-05": True}


def test_a_removed_document_takes_its_rows_along(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    sc.build(source, dataset)
    (source / "_cache" / "develop" / PACKAGES[3] / "specs.md").unlink()
    sc.build(source, dataset)
    left = {row["package"] for row in read_rows(dataset, "specs") if row["snapshot"] == "develop"}
    assert left == set(PACKAGES) - {PACKAGES[3]}


def test_a_change_that_keeps_size_and_mtime_is_seen(source: Path, dataset: Path) -> None:
    make_old(source)
    sc.build(source, dataset)
    path = source / "_cache" / "develop" / PACKAGES[0] / "specs.md"
    status = path.stat()
    path.write_bytes(path.read_bytes().replace(b"1.2.13", b"1.2.14"))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert statuses(sc.build(source, dataset))["develop"] == "changed"


def test_documents_that_were_only_touched_are_unchanged(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    make_old(source)
    assert not sc.build(source, dataset).published


def test_lost_or_broken_fingerprints_cost_no_rows(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    (dataset / "fingerprints.json").write_text("{]")
    assert not sc.build(source, dataset).published
    (dataset / "fingerprints.json").unlink()
    assert not sc.build(source, dataset).published


def test_a_missing_snapshot_stays_unless_pruned(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    only = source / "_cache" / "develop"
    assert statuses(sc.build(only, dataset, replace=True)) == {"develop": "changed"}
    assert set(read_manifest(pin(dataset)).snapshots) == {"develop", "develop-2025-01-05"}
    with pytest.raises(RefusedError, match="--prune would remove 1 of 2 snapshots with 12 specs"):
        sc.build(only, dataset, prune=True)
    result = sc.build(only, dataset, prune=True, replace=True)
    assert statuses(result) == {"develop": "unchanged", "develop-2025-01-05": "removed"}
    assert set(read_manifest(pin(dataset)).snapshots) == {"develop"}


def test_as_keeps_a_mutable_snapshot_under_another_name(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    only = source / "_cache" / "develop"
    sc.build(only, dataset, rename="develop@2025-07-20")
    sc.build(only, dataset)
    rows = read_rows(dataset, "specs")
    by_snapshot = {
        name: {row["hash"] for row in rows if row["snapshot"] == name}
        for name in ("develop", "develop@2025-07-20")
    }
    assert len(by_snapshot["develop"]) == len(PACKAGES)
    assert by_snapshot["develop"] == by_snapshot["develop@2025-07-20"]
    order = {row["snapshot"]: row["series_order"] for row in read_rows(dataset, "snapshots")}
    assert order == {"develop@2025-07-20": 1, "develop": 2}


@pytest.mark.parametrize("name", ["../up", "a/b", "", ".hidden", "__HIVE_DEFAULT_PARTITION__"])
def test_as_takes_no_name_that_is_no_folder_name(source: Path, dataset: Path, name: str) -> None:
    with pytest.raises(ParameterError):
        sc.build(source / "_cache" / "develop", dataset, rename=name)


def test_as_needs_a_source_of_one_snapshot(source: Path, dataset: Path) -> None:
    with pytest.raises(ParameterError, match="holds 2"):
        sc.build(source, dataset, rename="x")


def test_a_single_file_over_a_full_snapshot_is_refused(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    before = pin(dataset)
    alone = source / "_cache" / "develop" / PACKAGES[0] / "specs.md"
    with pytest.raises(RefusedError, match="would drop what a snapshot holds") as caught:
        sc.build(alone, dataset)
    assert "develop: 11 of 12 packages would go: package-01, package-02" in str(caught.value)
    assert "develop: 11 of 12 specs would go" in str(caught.value)
    assert pin(dataset) == before
    assert verify(dataset).findings == ()
    sc.build(alone, dataset, replace=True)
    assert read_manifest(pin(dataset)).snapshots["develop"].num_documents == 1


def test_a_package_without_specs_is_no_loss(source: Path, dataset: Path) -> None:
    for package in PACKAGES[:6]:
        write_document(source, package, "develop", [])
    sc.build(source, dataset)
    write_document(source, PACKAGES[7], "develop", [Spec(hash=hash_of("new"))])
    assert statuses(sc.build(source, dataset))["develop"] == "changed"


def test_strict_publishes_nothing_where_anything_is_rejected(source: Path, dataset: Path) -> None:
    (source / "broken.md").write_text("no front matter")
    with pytest.raises(SourceError, match="--strict") as caught:
        sc.build(source, dataset, strict=True)
    assert "broken.md" in str(caught.value)
    assert not (dataset / "current").exists()
    assert sc.build(source, dataset).totals.documents_rejected == 1
    # Nothing is read anew now, and the reject still counts.
    make_old(source)
    sc.build(source, dataset)
    with pytest.raises(SourceError, match="--strict"):
        sc.build(source, dataset, strict=True)


@pytest.mark.parametrize("text", [None, "no front matter"])
def test_a_source_without_a_usable_document_is_an_error(
    tmp_path: Path, dataset: Path, text: str | None
) -> None:
    (tmp_path / "empty").mkdir()
    if text is not None:
        (tmp_path / "empty" / "a.md").write_text(text)
    held = "no document" if text is None else "no usable document among 1 file"
    with pytest.raises(SourceError, match=f"{tmp_path / 'empty'} holds {held}") as caught:
        sc.build(tmp_path / "empty", dataset)
    assert "specs.md" in str(caught.value)
    assert not (dataset / "current").exists()


def test_a_missing_source_is_named(tmp_path: Path, dataset: Path) -> None:
    with pytest.raises(SourceError, match="nowhere"):
        sc.build(tmp_path / "nowhere", dataset)


def test_files_that_are_no_documents_are_skipped_and_counted(source: Path, dataset: Path) -> None:
    (source / "notes.json").write_text("{}")
    (source / "README.md").write_text("about")
    (source / ".hidden.md").write_text("---")
    result = sc.build(source, dataset)
    assert (result.num_skipped, result.totals.documents_rejected) == (1, 0)


def test_a_document_of_any_suffix_is_found_by_its_front_matter(tmp_path: Path) -> None:
    text = document("zlib", "develop", [Spec()])
    (tmp_path / "zlib.page").write_text(text)
    assert sc.build(tmp_path / "zlib.page", tmp_path / "one").totals.specs_written == 1
    assert sc.build(tmp_path, tmp_path / "two").totals.specs_written == 1


def test_a_second_builder_is_told_who_builds(source: Path, dataset: Path) -> None:
    with lock(dataset), pytest.raises(BusyError, match=f"process {os.getpid()} on"):
        sc.build(source, dataset)
    assert sc.build(source, dataset).published


def test_an_unwritable_place_is_named(source: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DatasetError, match="file"):
        sc.build(source, tmp_path / "file" / "dataset")


def test_what_a_killed_build_left_behind_is_removed(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    (dataset / "staging" / "version").mkdir(parents=True)
    (dataset / "staging" / "out").symlink_to(source)
    (dataset / "versions" / "00000099-0123456789abcdef").mkdir()
    write_document(source, PACKAGES[0], "develop", [Spec(hash=hash_of("new"))])
    sc.build(source, dataset)
    assert not (dataset / "staging").exists()
    assert sorted(path.name[:8] for path in (dataset / "versions").iterdir()) == [
        "00000001",
        "00000002",
    ]
    assert len(list(source.rglob("*.md"))) == 2 * len(PACKAGES)


def test_a_lost_worker_that_still_writes_hinders_no_build(
    source: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dataset / "staging" / "dead" / "task-0").mkdir(parents=True)

    def refilled_at_once(path: Path) -> None:
        raise OSError(errno.ENOTEMPTY, "Directory not empty", str(path))

    monkeypatch.setattr("spack_census.disk.removal.shutil.rmtree", refilled_at_once)
    result = sc.build(source, dataset)
    assert result.published
    assert "cleaning up failed" in result.warnings[0]


def test_old_versions_go_and_the_last_three_stay(source: Path, dataset: Path) -> None:
    for number in range(6):
        write_document(source, PACKAGES[0], "develop", [Spec(hash=hash_of(number))])
        sc.build(source, dataset)
        for version in (dataset / "versions").iterdir():
            os.utime(version, (1_700_000_000, 1_700_000_000))
    left = sorted(path.name[:8] for path in (dataset / "versions").iterdir())
    assert left == ["00000004", "00000005", "00000006"]
    assert pin(dataset).name.startswith("00000006")


def test_the_manifest_names_every_file_with_its_size(source: Path, dataset: Path) -> None:
    manifest = sc.build(source, dataset).manifest
    version = pin(dataset)
    found = {
        str(path.relative_to(version)): path.stat().st_size
        for path in version.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }
    assert {file.path: file.size_bytes for file in manifest.files} == found
    assert manifest.counts["specs"] == 2 * len(PACKAGES)
