"""How a version comes to be: what is linked, what is synced in which order, what goes when."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spack_census.dataset import publication as module
from spack_census.dataset.layout import (
    File,
    Manifest,
    SnapshotState,
    installed_tools,
    pin,
    read_manifest,
    seal,
)
from spack_census.dataset.publication import Publication, lock
from spack_census.disk import durable, failpoints, removal
from spack_census.errors import DatasetError

HOUR = 3600
NOW = 1_800_000_000.0
STATE = SnapshotState(
    source="directory",
    source_revision="r",
    hash_epoch=6,
    num_documents=1,
    num_packages=1,
    num_specs=1,
    num_documents_rejected=0,
    num_specs_rejected=0,
)


def path_of(name: str, table: str = "specs") -> str:
    return f"{table}/platform=linux/target=zen4/snapshot={name}/part-0.parquet"


def written(publication: Publication, files: Mapping[str, bytes]) -> list[tuple[File, Path]]:
    """Write files as a worker does, and return them with the folder their paths count from."""
    folder = publication.staging / "task-0"
    found = []
    for path, data in files.items():
        durable.write_bytes(folder / path, data)
        table = path.partition("/")[0]
        sizes = {"size_bytes": len(data), "rows": len(data)}
        found.append((File(path=path, table=table, snapshot="a", sha256="0", **sizes), folder))
    return found


def publish(dataset: Path, files: Mapping[str, bytes], *, keep: bool = False) -> Manifest:
    """Publish a version of these files, and of those that are there where they are kept."""
    with lock(dataset) as publication:
        kept = publication.files if keep else []
        manifest = publication.commit(kept, written(publication, files), {"b": STATE, "a": STATE})
        publication.clean()
    return manifest


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Return a dataset of one version with one file."""
    publish(tmp_path / "dataset", {path_of("a"): b"one"})
    return tmp_path / "dataset"


def contents(dataset: Path) -> dict[str, bytes]:
    version = pin(dataset)
    return {file.path: (version / file.path).read_bytes() for file in read_manifest(version).files}


def names(dataset: Path) -> list[str]:
    return sorted(path.name[:8] for path in (dataset / "versions").iterdir())


def test_the_manifest_tells_where_a_version_comes_from_and_what_is_in_it(tmp_path: Path) -> None:
    dataset = tmp_path / "dataset"
    files = {path_of("b"): b"12", path_of("a"): b"3456", path_of("a", "documents"): b"7"}
    first = publish(dataset, files)
    assert first == read_manifest(pin(dataset))
    assert first.parent is None
    assert first.id == f"00000001-{seal(first)}"
    assert first.tools == installed_tools()
    assert [*first.snapshots] == ["a", "b"]
    assert [file.path for file in first.files] == sorted(files)
    assert first.counts["specs"] == 6
    assert first.counts["documents"] == 1
    assert {count for table, count in first.counts.items()} == {6, 1, 0}
    second = publish(dataset, {path_of("c"): b"8"}, keep=True)
    assert second.parent == first.id
    assert second.id == f"00000002-{seal(second)}"
    assert second.counts["specs"] == 7
    assert publish(dataset, {path_of("d"): b"9"}).parent == second.id


def test_a_file_without_rows_or_table_counts_for_none(tmp_path: Path) -> None:
    with lock(tmp_path) as publication:
        (one, folder), (other, _) = written(publication, {path_of("a"): b"1", "note": b"22"})
        one = msgspec.structs.replace(one, rows=None)
        other = msgspec.structs.replace(other, table=None)
        manifest = publication.commit([], [(one, folder), (other, folder)], {"a": STATE})
    assert set(manifest.counts.values()) == {0}


def test_what_is_kept_is_the_same_file(dataset: Path) -> None:
    before = (pin(dataset) / path_of("a")).stat()
    publish(dataset, {path_of("b"): b"two"}, keep=True)
    after = (pin(dataset) / path_of("a")).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert contents(dataset) == {path_of("a"): b"one", path_of("b"): b"two"}


def fail_links(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def fail(path: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(target), None, str(path))

    monkeypatch.setattr(Path, "hardlink_to", fail)


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP])
def test_where_links_fail_what_is_kept_is_copied_and_synced(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = (pin(dataset) / path_of("a")).stat()
    fail_links(monkeypatch, number)
    steps: list[str] = []
    monkeypatch.setattr(failpoints, "reached", steps.append)
    publish(dataset, {path_of("b"): b"two"}, keep=True)
    after = (pin(dataset) / path_of("a")).stat()
    assert after.st_ino != before.st_ino
    assert after.st_mode & 0o777 == 0o444
    assert contents(dataset) == {path_of("a"): b"one", path_of("b"): b"two"}
    assert steps[steps.index("link file") :][:4] == [
        *("link file", "create file", "write file", "sync file")
    ]


def test_any_other_failure_to_link_is_one(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = pin(dataset)
    fail_links(monkeypatch, errno.ENOSPC)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        publish(dataset, {path_of("b"): b"two"}, keep=True)
    assert pin(dataset) == before


@pytest.mark.parametrize("damage", ["gone", "cut", "longer", "a folder"])
def test_what_is_damaged_is_not_carried_on(dataset: Path, damage: str) -> None:
    before = pin(dataset)
    path = before / path_of("a")
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage != "gone":
        path.write_bytes(b"on" if damage == "cut" else b"ones")
    with pytest.raises(DatasetError) as caught:
        publish(dataset, {path_of("b"): b"two"}, keep=True)
    told = [line.strip() for line in str(caught.value).splitlines()]
    assert told[0] == f"{path} is missing or cut short: the dataset is damaged"
    for step in (
        "see what else is: census verify",
        "mend it: census verify --repair SOURCE",
        "or drop the snapshots that SOURCE lacks: census build SOURCE --prune",
    ):
        assert any(line.endswith(step) for line in told), told
    assert pin(dataset) == before
    assert not (dataset / "staging").exists()


def test_the_same_files_are_no_new_version(dataset: Path) -> None:
    old = read_manifest(pin(dataset))
    with lock(dataset) as publication:
        assert publication.commit(publication.files, [], publication.snapshots) == old
    assert names(dataset) == ["00000001"]


@pytest.mark.parametrize("other", ["format", "snapshots", "files"])
def test_another_format_or_state_or_file_is_a_new_version(dataset: Path, other: str) -> None:
    with lock(dataset) as publication:
        assert publication.manifest is not None
        states, files = publication.snapshots, publication.files
        if other == "format":
            older = msgspec.structs.replace(publication.manifest, format=-1)
            publication.manifest = older
        elif other == "snapshots":
            states = {name: msgspec.structs.replace(STATE, source_revision="s") for name in states}
        else:
            files = []
        publication.commit(files, [], states)
    assert names(dataset) == ["00000001", "00000002"]
    assert pin(dataset).name.startswith("00000002")


def test_other_tools_alone_are_no_new_version(dataset: Path) -> None:
    with lock(dataset) as publication:
        assert publication.manifest is not None
        publication.manifest = msgspec.structs.replace(publication.manifest, tools={})
        publication.commit(publication.files, [], publication.snapshots)
    assert names(dataset) == ["00000001"]


def test_a_repair_is_a_new_version_though_its_files_are_the_same(dataset: Path) -> None:
    with lock(dataset) as publication:
        assert (publication.damaged, publication.repairing) == (frozenset(), False)
    with lock(dataset, damaged=["a"]) as publication:
        assert (publication.damaged, publication.repairing) == ({"a"}, True)
    with lock(dataset, damaged=[]) as publication:
        assert publication.repairing
        publication.commit(publication.files, [], publication.snapshots)
    assert names(dataset) == ["00000001", "00000002"]


class Disk:
    """What reaches the disk, in order: steps, and the paths that were synced."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.seen: list[str] = []
        fsync = os.fsync

        def synced(descriptor: int) -> None:
            self.seen.append(f"synced {Path(f'/proc/self/fd/{descriptor}').readlink()}")
            fsync(descriptor)

        monkeypatch.setattr(failpoints, "reached", self.seen.append)
        monkeypatch.setattr(os, "fsync", synced)

    def until(self, step: str) -> list[str]:
        return self.seen[: self.seen.index(step)]

    def between(self, one: str, other: str) -> list[str]:
        return self.seen[self.seen.index(one) : self.seen.index(other)]


def test_each_step_reaches_the_disk_before_the_next_may_count_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = tmp_path / "dataset"
    disk = Disk(monkeypatch)
    with lock(dataset) as publication:
        tree, staging = publication.tree, publication.staging
        moved = written(publication, {path_of("a"): b"one"})
        publication.commit([], moved, {"a": STATE})
    # The folder of versions is on the disk, then every file, then every folder of the version,
    # those inside before those around them; then it is moved.
    assert f"synced {dataset}" in disk.until("create file")
    before = disk.until("move version")
    assert f"synced {staging / 'task-0' / path_of('a')}" in before
    assert f"synced {tree / 'manifest.json'}" in before
    folders = [tree / path_of("a")]
    while folders[-1] != tree:
        folders.append(folders[-1].parent)
    wanted = [f"synced {folder}" for folder in folders[1:]]
    assert [each for each in before if each in wanted] == wanted
    assert before.index(f"synced {tree / 'manifest.json'}") < before.index(wanted[-1])
    # It has its place before a link names it, and the link is on the disk before the build ends.
    assert f"synced {dataset / 'versions'}" in disk.between("move version", "make link")
    assert disk.seen.index("make link") < disk.seen.index("replace link")
    assert disk.seen[disk.seen.index("replace link") + 1 :][:2] == [
        *("sync folder", f"synced {dataset}")
    ]


def test_the_steps_of_a_second_version(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in "23":
        publish(dataset, {path_of(number): number.encode()}, keep=True)
    age(dataset, {}, now=1_600_000_000)
    disk = Disk(monkeypatch)
    publish(dataset, {path_of("4"): b"4"}, keep=True)
    steps = [step for step in disk.seen if not step.startswith("synced")]
    of_others = {"sync folder", "open lock", "take turn", "end turn"}  # locks, and folders
    assert [step for step in steps if step not in of_others] == [
        "empty staging",
        *("create file", "write file", "sync file"),
        *(["link file"] * 3),
        "move file",
        *("create file", "write file", "sync file"),
        *("move version", "make link", "replace link"),
        *("clean up", "discard version", "remove staging"),
    ]
    assert steps[0] == "open lock"


def test_where_the_last_sync_fails_it_is_told_what_is_current(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = pin(dataset)
    sync = durable.sync

    def fail(folder: Path) -> None:
        if folder == dataset and pin(dataset) != before:
            raise OSError(errno.EIO, "Input/output error")
        sync(folder)

    monkeypatch.setattr(durable, "sync", fail)
    with pytest.raises(DatasetError) as caught:
        publish(dataset, {path_of("b"): b"two"})
    after = pin(dataset)
    assert str(caught.value).splitlines()[0] == (
        f"{dataset}: version {after.name} is current, but the disk did not confirm it: "
        "Input/output error"
    )
    assert str(caught.value).splitlines()[1].strip() == "check the disk, then: census verify"


def test_staging_that_is_a_link_is_removed_and_not_followed(dataset: Path, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    (precious / "folder").mkdir(parents=True)
    (precious / "file").write_text("kept")
    (dataset / "staging").symlink_to(precious)
    publish(dataset, {path_of("b"): b"two"})
    assert (precious / "file").read_text() == "kept"
    assert [path.name for path in sorted(precious.iterdir())] == ["file", "folder"]
    assert not (dataset / "staging").is_symlink()
    assert not (dataset / "staging").exists()


def test_a_link_to_nowhere_hinders_no_build(dataset: Path) -> None:
    (dataset / "staging").symlink_to(dataset / "nowhere")
    publish(dataset, {path_of("b"): b"two"})
    assert not (dataset / "staging").is_symlink()


def test_staging_of_a_dead_build_that_cannot_be_read_stops_the_next(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (dataset / "staging" / "dead").mkdir(parents=True)

    def fail(path: Path) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(removal.shutil, "rmtree", fail)
    with pytest.raises(OSError, match="Input/output error"):
        publish(dataset, {path_of("b"): b"two"})


def test_an_error_in_between_clears_staging_and_keeps_the_version(dataset: Path) -> None:
    before = pin(dataset)

    def fail(_step: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), lock(dataset) as publication:
        fail(str(written(publication, {path_of("b"): b"two"})))
    assert not (dataset / "staging").exists()
    assert pin(dataset) == before


def test_a_lock_is_held_for_as_long_as_it_may_wait(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[Any] = []
    hold = module.locking.hold

    def note(*arguments: Any) -> Any:
        held.append(arguments)
        return hold(*arguments)

    monkeypatch.setattr(module.locking, "hold", note)
    with lock(dataset, 7):
        assert held == [(dataset, 7)]


def test_a_version_that_was_moved_and_never_made_current_goes(dataset: Path) -> None:
    for name in ("00000000-0123456789abcdef", "00000002-0123456789abcdef", "00000009-" + "f" * 16):
        (dataset / "versions" / name).mkdir()
    with lock(dataset):
        assert names(dataset) == ["00000000", "00000001"]
    # Of a dataset without a version, all of them.
    (dataset / "current").unlink()
    with lock(dataset):
        assert names(dataset) == ["00000000"]


def age(dataset: Path, ages: Mapping[str, float], now: float = NOW) -> None:
    """Make each version as old as told, in seconds by its number, the others very old."""
    for path in (dataset / "versions").iterdir():
        when = now - ages.get(path.name[:8].lstrip("0"), 1000 * HOUR)
        os.utime(path, (when, when))


@pytest.mark.parametrize(
    ("ages", "left"),
    [
        # The last three stay, however old.
        ({}, "567"),
        # A version was current until the next was made: 2 until 3 was.
        ({"3": HOUR - 1}, "2567"),
        ({"3": HOUR}, "2567"),
        ({"3": HOUR + 1}, "567"),
        ({"5": HOUR - 1, "2": 0}, "14567"),
        ({"6": 0, "7": 0, "1": 0}, "567"),
    ],
)
def test_a_version_stays_for_an_hour_after_the_next(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, ages: dict[str, float], left: str
) -> None:
    for number in "234567":
        publish(dataset, {path_of(number): number.encode()})
    assert names(dataset) == [f"0000000{number}" for number in range(1, 8)], "all of this hour"
    age(dataset, ages)
    monkeypatch.setattr(module.time, "time", lambda: NOW)
    with lock(dataset) as publication:
        publication.clean()
    assert names(dataset) == [f"0000000{number}" for number in left]
    assert contents(dataset) == {path_of("7"): b"7"}


def test_a_version_that_goes_is_out_of_sight_before_it_is_taken_apart(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in "234":
        publish(dataset, {path_of(number): number.encode()})
    age(dataset, {})
    removed: list[str] = []
    rmtree = removal.shutil.rmtree

    def note(path: Path) -> None:
        removed.append(path.parent.parent.name)
        assert names(dataset) == ["00000002", "00000003", "00000004"]
        rmtree(path)

    monkeypatch.setattr(module.time, "time", lambda: NOW)
    with lock(dataset) as publication:
        monkeypatch.setattr(removal.shutil, "rmtree", note)
        publication.clean()
    assert removed[0] == "staging"
