"""A full disk, no permission, a source that changes underfoot: told plainly, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.dataset.layout import pin
from spack_census.dataset.verify import verify
from spack_census.sources import directory
from spack_census.sources.directory import Directory
from support.command_line import Census
from support.documents_made import Spec, hash_of, write_document

RUN = """
import json, resource, sys
from spack_census.cli import main
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
print([int(main(line)) for line in json.loads(sys.argv[2])])
"""
NOBODY = 65534


def write_source(folder: Path, packages: int, version: str = "1.0") -> Path:
    for number in range(packages):
        name = f"package-{number:03}"
        specs = [Spec(version=version, hash=hash_of((name, version)))]
        write_document(folder, name, "develop", specs)
    return folder


def run(*lines: Sequence[str | Path], limit: int = 0, prefix: Sequence[str] = ()) -> Any:
    """Run command lines in one process of its own; return its exit codes and what it said."""
    words = json.dumps([[str(word) for word in line] for line in lines])
    ran = subprocess.run(
        [*prefix, sys.executable, "-c", RUN, str(limit), words],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ran.stderr, ran.stderr
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout.splitlines()[-1]), ran.stderr


@pytest.fixture
def place() -> Iterator[Path]:
    """Return a folder that another user may enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@pytest.fixture
def source(place: Path) -> Path:
    return write_source(place / "source", 40)


@pytest.fixture
def dataset(place: Path, source: Path) -> Path:
    sc.build(source, place / "dataset")
    return place / "dataset"


def demand_intact(dataset: Path, before: Path) -> None:
    assert pin(dataset) == before
    assert verify(dataset).findings == ()


@pytest.mark.parametrize("limit", [10, 1000, 4000, 8000])
def test_a_file_that_cannot_grow_is_named_and_costs_nothing(
    dataset: Path, place: Path, limit: int
) -> None:
    before = pin(dataset)
    newer = write_source(place / "newer", 40, "2.0")
    codes, told = run(["build", newer, "--dataset", dataset, "--replace"], limit=limit)
    assert codes == [2]
    assert told.startswith("census: ") or "\ncensus: " in told
    assert str(dataset) in told
    assert "File too large" in told
    assert "build again" in told
    demand_intact(dataset, before)
    assert sc.build(newer, dataset, replace=True).published
    assert verify(dataset).findings == ()


def test_a_full_disk_is_named_and_costs_nothing(place: Path) -> None:
    mount = place / "small"
    mount.mkdir()
    small, large = write_source(place / "a", 10), write_source(place / "b", 4000, "2.0")
    dataset = mount / "dataset"
    script = 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"'
    # In a name space of its own the mount ends with the process, however that ends.
    prefix = ["unshare", "--map-root-user", "--mount", "sh", "-c", script, str(mount)]
    tried = subprocess.run([*prefix, "true"], capture_output=True, text=True, check=False)
    if tried.returncode:
        pytest.skip(f"no small file system can be mounted here: {tried.stderr.strip()}")
    verified = ["verify", "--dataset", dataset, "--format", "json"]
    codes, told = run(
        ["build", small, "--dataset", dataset],
        ["build", large, "--dataset", dataset, "--replace"],
        verified,
        ["query", "coverage.by_target", "--dataset", dataset],
        ["build", small, "--dataset", dataset],
        verified,
        prefix=prefix,
    )
    assert codes == [0, 2, 0, 0, 0, 0], told
    assert "No space left on device" in told
    assert str(dataset) in told


@pytest.fixture
def as_another(place: Path) -> Callable[..., Any]:
    """Return a runner as a user who is not root, to whom permissions mean something."""
    if os.getuid() != 0:
        return run
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    tried = subprocess.run(
        [*prefix, sys.executable, "-c", "import spack_census"],
        capture_output=True,
        text=True,
        check=False,
    )
    if tried.returncode:
        pytest.skip(f"root, and cannot be another here: {tried.stderr.strip()[-200:]}")
    # What root wrote must be the other's own, so that the one thing forbidden below is why.
    for path in place.rglob("*"):
        os.chown(path, NOBODY, NOBODY, follow_symlinks=False)
    return lambda *lines: run(*lines, prefix=prefix)


@pytest.mark.parametrize("place_of_it", ["", "versions", "LOCK"])
def test_a_dataset_that_may_not_be_written_is_named(
    dataset: Path, place: Path, as_another: Callable[..., Any], place_of_it: str
) -> None:
    before = pin(dataset)
    newer = write_source(place / "newer", 40, "2.0")
    forbidden = dataset / place_of_it
    forbidden.chmod(0o400 if forbidden.is_file() else 0o500)
    codes, told = as_another(["build", newer, "--dataset", dataset, "--replace"])
    forbidden.chmod(0o755)
    assert codes == [2]
    assert f"census: {forbidden}" in told
    assert "Permission denied" in told
    demand_intact(dataset, before)


@pytest.mark.parametrize("name", ["specs.md", ""])
def test_a_source_that_may_not_be_read_is_named(
    dataset: Path, source: Path, as_another: Callable[..., Any], name: str
) -> None:
    before = pin(dataset)
    forbidden = source / "_cache" / "develop" / "package-007" / name
    os.utime(forbidden)
    forbidden.chmod(0)
    codes, told = as_another(["build", source, "--dataset", dataset])
    forbidden.chmod(0o755)
    assert codes == [2]
    assert str(forbidden) in told
    assert "Permission denied" in told
    assert "make it readable" in told
    demand_intact(dataset, before)


def vanish(source: Directory, paths: Sequence[str]) -> None:
    (source.root / paths[3]).unlink()


def vanish_whole(source: Directory, _paths: Sequence[str]) -> None:
    shutil.rmtree(source.root)


def become_a_link(source: Directory, paths: Sequence[str]) -> None:
    (source.root / paths[3]).unlink()
    (source.root / paths[3]).symlink_to(source.root / paths[4])


def move_to_another_snapshot(source: Directory, paths: Sequence[str]) -> None:
    path = source.root / paths[3]
    path.write_bytes(path.read_bytes().replace(b"[package, develop]", b"[package, v0.23.1]"))


@pytest.mark.parametrize(
    ("change", "told", "named"),
    [
        (vanish, "No such file", "package-003"),
        (vanish_whole, "No such file", "newer"),
        (become_a_link, "cannot be read", "package-003"),
        # The first one moved says that the folder is no shelf, and all is looked at again.
        (move_to_another_snapshot, "changed while it was read", "package-004"),
    ],
)
def test_a_source_that_changes_underfoot_is_named_and_costs_nothing(
    dataset: Path,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    change: Callable[[Directory, Sequence[str]], None],
    told: str,
    named: str,
) -> None:
    before = pin(dataset)
    newer = write_source(source.parent / "newer", 40, "2.0")
    read = Directory.documents

    def change_and_read(self: Directory, paths: Sequence[str]) -> Iterator[Any]:
        change(self, sorted(paths))
        return read(self, paths)

    monkeypatch.setattr(Directory, "documents", change_and_read)
    ran = Census(dataset, capsys)("build --jobs 1", str(newer))
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert named in ran.err
    assert "run the build again" in ran.err
    demand_intact(dataset, before)


def test_a_document_that_is_cut_while_it_is_read_is_named(
    dataset: Path, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = pin(dataset)
    newer = write_source(source.parent / "newer", 40, "2.0")
    status = os.fstat

    class Cutting:
        """`os` as the reader sees it: a file is cut right after its size was asked for."""

        def __getattr__(self, name: str) -> Any:
            return getattr(os, name)

        def fstat(self, descriptor: int) -> os.stat_result:
            found = status(descriptor)
            os.truncate(Path(f"/proc/self/fd/{descriptor}").readlink(), found.st_size // 2)
            return found

    monkeypatch.setattr(directory, "os", Cutting())
    ran = Census(dataset, capsys)("build --jobs 1", str(newer))
    assert (ran.code, ran.out) == (2, "")
    assert "became shorter while it was read" in ran.err
    assert str(newer) in ran.err
    demand_intact(dataset, before)
