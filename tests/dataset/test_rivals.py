"""Where the lock does not hold, two builds cost an error, never one that was acknowledged."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.dataset import turns
from spack_census.dataset.layout import pin, read_manifest
from spack_census.dataset.turns import TURN
from spack_census.dataset.verify import verify
from spack_census.disk import failpoints, locking
from spack_census.errors import BusyError, CensusError
from support.documents_made import Spec, hash_of, write_document
from torture.children import finished, forked, say

ROUNDS, BUILDERS = 8, 4


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def filled(folder: Path, seed: str) -> Path:
    """Write a snapshot of a seed's own name, and `develop`, which differs from seed to seed."""
    for snapshot in (f"made-{seed}", "develop"):
        for package in ("hdf5", "zlib"):
            write_document(folder, package, snapshot, [Spec(hash=hash_of((snapshot, seed)))])
    return folder


@pytest.fixture
def lying_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everyone gets the lock, as through a file system that does not share it."""
    monkeypatch.setattr(locking.fcntl, "flock", lambda _descriptor, _kind: None)


def chain(dataset: Path) -> list[str]:
    """Return the current version and all that it came from."""
    name: str | None = pin(dataset).name
    found = []
    while name is not None:
        found.append(name)
        name = read_manifest(dataset / "versions" / name).parent
    return found


def whole(dataset: Path) -> bool:
    """Tell whether nothing is wrong but what a refused rival may leave for the next to remove."""
    return {finding.kind for finding in verify(dataset).findings} <= {"leftover"}


@pytest.mark.usefixtures("lying_lock")
def test_no_acknowledged_build_is_lost_though_nobody_is_kept_out(
    tmp_path: Path, dataset: Path
) -> None:
    sc.build(filled(tmp_path / "first", "first"), dataset)
    acknowledged, refused = [], 0
    for number in range(ROUNDS):
        gate, starter = os.pipe()

        def work(pipe: int, seed: str, gate: int = gate) -> None:
            source = filled(tmp_path / seed, seed)
            os.read(gate, 1)
            try:
                result = sc.build(source, dataset, jobs=1, replace=True)
            except CensusError as error:
                say(pipe, refused=str(error))
            else:
                say(pipe, done=result.manifest.id)

        children = [
            forked(lambda pipe, seed=f"{number}-{each}": work(pipe, seed))
            for each in range(BUILDERS)
        ]
        os.write(starter, b"g" * BUILDERS)
        said = [line for child in children for line in finished(*child)]
        os.close(gate)
        os.close(starter)
        acknowledged += [line["done"] for line in said if "done" in line]
        refused += sum("refused" in line for line in said)
        assert len(said) == BUILDERS
        assert whole(dataset)
        assert set(acknowledged) <= set(chain(dataset))
    assert len(acknowledged) + refused == ROUNDS * BUILDERS
    assert acknowledged


@pytest.mark.usefixtures("lying_lock")
def test_whoever_finds_another_version_current_publishes_nothing(
    tmp_path: Path, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sc.build(filled(tmp_path / "first", "first"), dataset)
    first, second = filled(tmp_path / "a", "a"), filled(tmp_path / "b", "b")
    reached = failpoints.reached
    rivals = []

    def meanwhile(step: str) -> None:
        reached(step)
        # The second time, for the first is when a build clears up.
        if step == "take turn" and len(rivals) < 2:
            rivals.append(step)
            if len(rivals) == 2:
                rivals.append(sc.build(second, dataset, replace=True).manifest.id)

    monkeypatch.setattr(failpoints, "reached", meanwhile)
    with pytest.raises(CensusError) as caught:
        sc.build(first, dataset, replace=True)
    assert pin(dataset).name == rivals[2]
    assert verify(dataset).findings == ()
    assert "No such file" in str(caught.value) or "another build made" in str(caught.value)


def test_a_rival_is_told_where_current_went(dataset: Path, tmp_path: Path) -> None:
    sc.build(filled(tmp_path / "first", "first"), dataset)
    before = turns.head(dataset)
    sc.build(filled(tmp_path / "b", "b"), dataset, replace=True)
    now = turns.head(dataset)
    told = f"another build made {now} current"
    with pytest.raises(BusyError, match=told), turns.turn(dataset, before, []):
        pytest.fail("it was nobody's turn")
    assert not (dataset / TURN).exists()


def test_a_turn_that_cannot_be_ended_is_a_warning(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def strike(step: str) -> None:
        if step == "end turn":
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(failpoints, "reached", strike)
    built = sc.build(filled(tmp_path / "first", "first"), dataset)
    assert built.published
    assert [f"{dataset / TURN} stays, the next build removes it: Input/output error"] * 2 == [
        warning for warning in built.warnings if "stays" in warning
    ]
    assert (dataset / TURN).exists()
    monkeypatch.undo()
    assert sc.build(filled(tmp_path / "b", "b"), dataset, replace=True).published
    assert not (dataset / TURN).exists()


def signature(host: str | None = None, boot: str | None = None, process: int = 0) -> str:
    own = turns._signature().split("\n")
    return f"{host or own[0]}\n{boot or own[1]}\n{process or own[2]}\n"


@pytest.fixture
def living() -> Iterator[int]:
    with subprocess.Popen(["sleep", "60"]) as process:
        yield process.pid
        process.kill()


def dead() -> int:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    return process.pid


@pytest.mark.parametrize(
    ("left", "old", "blocks"),
    [
        ("dead", False, False),
        ("of another start of the machine", False, False),
        ("living", False, True),
        ("living", True, False),
        ("elsewhere", False, True),
        ("elsewhere", True, False),
        ("empty", False, True),
        ("empty", True, False),
    ],
)
def test_a_turn_that_was_cut_short_blocks_nobody(
    dataset: Path,
    tmp_path: Path,
    living: int,
    monkeypatch: pytest.MonkeyPatch,
    left: str,
    *,
    old: bool,
    blocks: bool,
) -> None:
    texts = {
        "dead": signature(process=dead()),
        "of another start of the machine": signature(boot="another", process=living),
        "living": signature(process=living),
        "elsewhere": signature(host="elsewhere"),
        "empty": "",
    }
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", 0.05)
    source = filled(tmp_path / "first", "first")
    dataset.mkdir()
    (dataset / TURN).write_text(texts[left])
    if old:
        then = time.time() - (10 if left == "empty" else 3600)
        os.utime(dataset / TURN, (then, then))
    if blocks:
        with pytest.raises(BusyError, match="does not come to an end"):
            sc.build(source, dataset)
        (dataset / TURN).unlink()
    assert sc.build(source, dataset).published
    assert {path.name for path in dataset.iterdir()} - {"fingerprints.json"} == {
        "LOCK",
        "current",
        "owners.json",
        "versions",
    }


def test_a_version_that_a_rival_left_is_not_removed_out_of_turn(
    dataset: Path, tmp_path: Path, living: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be about to become current: to remove it would leave `current` without its version."""
    source = filled(tmp_path / "first", "first")
    sc.build(source, dataset)
    (dataset / "versions" / "00000002-0123456789abcdef").mkdir()
    (dataset / TURN).write_text(signature(process=living))
    monkeypatch.setattr(turns, "_PATIENCE_SECONDS", 0.05)
    with pytest.raises(BusyError):
        sc.build(source, dataset)
    assert (dataset / "versions" / "00000002-0123456789abcdef").is_dir()


# --- the lock itself -----------------------------------------------------------------------------


def test_the_lock_is_closed_to_others_though_the_dataset_is_not(
    dataset: Path, tmp_path: Path
) -> None:
    source = filled(tmp_path / "first", "first")
    sc.build(source, dataset)
    lock = dataset / locking.LOCK
    assert lock.stat().st_mode & 0o777 == 0o600
    # One that an older version made.
    lock.chmod(0o644)
    sc.build(source, dataset)
    assert lock.stat().st_mode & 0o777 == 0o600


def test_who_may_not_open_the_lock_takes_it_that_someone_builds(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sc.build(filled(tmp_path / "first", "first"), dataset)
    (dataset / "staging").mkdir()
    opened = os.open

    def denied(path: str | Path, *arguments: int, **named: int) -> int:
        if Path(path).name == locking.LOCK:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **named)

    assert [finding.path for finding in verify(dataset).findings] == ["staging"]
    monkeypatch.setattr(os, "open", denied)
    assert locking.holder(dataset) == "another process"
    assert verify(dataset).findings == ()


@pytest.fixture
def through_fuse(dataset: Path, tmp_path: Path) -> Iterator[Path]:
    """Yield another path of the dataset, through bindfs, which shares no lock."""
    if shutil.which("bindfs") is None or not os.access("/dev/fuse", os.W_OK):
        pytest.skip("bindfs is not here, or may not mount")
    dataset.mkdir()
    other = tmp_path / "fuse"
    other.mkdir()
    # Without this flag bindfs lets the kernel keep locks, one for each path.
    tried = subprocess.run(["bindfs", str(dataset), str(other)], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip(f"bindfs mounts nothing here: {tried.stderr.decode().strip()}")
    yield other
    subprocess.run(["fusermount", "-u", str(other)], check=False)


def test_a_build_through_fuse_costs_an_error_at_most(
    dataset: Path, through_fuse: Path, tmp_path: Path
) -> None:
    sc.build(filled(tmp_path / "first", "first"), dataset)
    acknowledged = []
    for number in range(4):
        gate, starter = os.pipe()

        def work(pipe: int, place: Path, seed: str, gate: int = gate) -> None:
            source = filled(tmp_path / seed, seed)
            os.read(gate, 1)
            try:
                result = sc.build(source, place, jobs=1, replace=True)
            except CensusError as error:
                say(pipe, refused=str(error))
            else:
                say(pipe, done=result.manifest.id)

        pairs = [(dataset, f"real-{number}"), (through_fuse, f"fuse-{number}")]
        children = [forked(lambda pipe, pair=pair: work(pipe, pair[0], pair[1])) for pair in pairs]
        os.write(starter, b"gg")
        said = [line for child in children for line in finished(*child)]
        os.close(gate)
        os.close(starter)
        acknowledged += [line["done"] for line in said if "done" in line]
        assert set(acknowledged) <= set(chain(dataset))
        assert whole(dataset)
