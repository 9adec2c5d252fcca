"""A build on a real Dask cluster writes the same bytes, also where workers die at it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.building import cluster, convert, workers
from spack_census.cli import main
from spack_census.documents.records import Reject
from spack_census.errors import ClusterError
from spack_census.sources.directory import Directory
from support.documents_made import Spec, hash_of, write_document
from support.dying_workers import Deadly

dask = pytest.importorskip("dask", reason="the extra dask is not installed")
distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")


def content(dataset: Path) -> dict[str, bytes]:
    """Return path → bytes of every file of the current version, the manifest among them."""
    version = (dataset / "current").resolve()
    return {
        str(path.relative_to(version)): path.read_bytes()
        for path in version.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six snapshots on three targets: four files each."""
    folder = tmp_path_factory.mktemp("source") / "documents"
    for week in range(1, 7):
        for package in ("zlib", "hdf5"):
            specs = [
                Spec(target=target, hash=hash_of((week, package, target)))
                for target in ("x86_64_v3", "x86_64_v4", "neoverse_v2")
            ]
            write_document(folder, package, f"develop-2025-01-0{week}", specs)
    return folder


@pytest.fixture(scope="module")
def expected(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return what one process writes."""
    dataset = tmp_path_factory.mktemp("expected") / "dataset"
    sc.build(source, dataset, jobs=1)
    found = content(dataset)
    assert len(found) > 24
    return found


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """Return the address of a cluster of two worker processes."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=":0"
    ) as local:
        yield local.scheduler_address


@pytest.fixture
def make_deadly(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Path]:
    """Return a function that makes so many readers of any source die, and returns their graves."""

    def make(num_deaths: int) -> Path:
        graves = tmp_path / "graves"
        graves.mkdir()
        deadly = Deadly(source, graves=graves, num_deaths=num_deaths)
        for place in ("building.builder", "fetch.opening"):
            monkeypatch.setattr(f"spack_census.{place}.open_source", lambda *_, **__: deadly)
        return graves

    return make


def test_two_workers_of_a_cluster_write_the_same_bytes(
    source: Path, expected: dict[str, bytes], scheduler: str, tmp_path: Path
) -> None:
    dataset = tmp_path / "dataset"
    command = ["build", str(source), "--dataset", str(dataset), "--scheduler", scheduler]
    assert main(command) == 0
    assert content(dataset) == expected
    with cluster.connect(scheduler) as connected:
        assert connected.num_workers == 2
        assert sc.build(source, dataset, executor=connected.executor).published is False
    assert not (dataset / "staging").exists()


def test_a_worker_killed_midway_leaves_no_trace(
    make_deadly: Callable[[int], Path],
    source: Path,
    expected: dict[str, bytes],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    graves = make_deadly(1)
    command = ["build", str(source), "--dataset", str(tmp_path / "dataset"), "--dask"]
    assert main([*command, "--jobs", "2"]) == 0
    assert "127.0.0.1" in capsys.readouterr().err
    assert list(graves.iterdir())
    assert content(tmp_path / "dataset") == expected
    assert not (tmp_path / "dataset" / "staging").exists()


def test_a_snapshot_that_kills_every_worker_is_given_up(
    make_deadly: Callable[[int], Path], source: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    sc.build(source, tmp_path / "dataset", jobs=1)
    (tmp_path / "dataset" / "fingerprints.json").unlink()
    make_deadly(100)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        pytest.raises(ClusterError, match="died of the same snapshot"),
        cluster.connect(jobs=1) as connected,
    ):
        sc.build(source, tmp_path / "dataset", executor=connected.executor)
    assert content(tmp_path / "dataset") == expected


def test_workers_with_other_tools_are_refused(
    source: Path, scheduler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = workers.installed_tools() | {"pyarrow": "0.1"}
    monkeypatch.setattr(workers, "installed_tools", lambda: tools)
    with (
        cluster.connect(scheduler) as connected,
        pytest.raises(ClusterError, match=r"has pyarrow .*; this build has pyarrow 0\.1") as caught,
    ):
        sc.build(source, tmp_path / "dataset", executor=connected.executor)
    assert "install the same versions" in str(caught.value)


def test_a_worker_that_does_not_see_the_dataset_is_named(source: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "not mounted" / "task-0"
    task = convert.Task(Directory(source), "develop-2025-01-01", "any", (), scratch)
    with pytest.raises(ClusterError, match=r"does not see .*not mounted") as caught:
        convert.convert(task)
    assert "share" in str(caught.value)


def test_no_scheduler_is_an_error_that_names_the_address(
    source: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(cluster, "_CONNECT_SECONDS", 0.2)
    command = ["build", str(source), "--dataset", str(tmp_path / "dataset")]
    assert main([*command, "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not (tmp_path / "dataset").exists()


def test_a_scheduler_and_processes_of_our_own_exclude_each_other(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["build", str(source), "--dataset", str(tmp_path), "--scheduler", "tcp://h:1"]
    assert main([*command, "--jobs", "2"]) == 2
    assert "--jobs" in capsys.readouterr().err


def test_missing_dask_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match="not installed") as caught, cluster.connect():
        pass
    assert "spack-census[dask]" in str(caught.value)


def test_any_executor_will_do(source: Path, expected: dict[str, bytes], tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        sc.build(source, tmp_path / "dataset", executor=pool)
        assert pool.submit(lambda: 1).result() == 1
    assert content(tmp_path / "dataset") == expected


def test_two_tries_of_a_task_share_no_file(source: Path, tmp_path: Path) -> None:
    found = dict(each for each in Directory(source).entries() if not isinstance(each, Reject))
    paths = tuple(entry.path for entry, name in found.items() if name == "develop-2025-01-01")
    task = convert.Task(
        Directory(source), "develop-2025-01-01", "develop-2025-01-01", paths, tmp_path / "task-0"
    )
    first, second = convert.convert(task), convert.convert(task)
    assert first.files == second.files
    assert first.scratch != second.scratch
    assert first.scratch.parent == second.scratch.parent == tmp_path
