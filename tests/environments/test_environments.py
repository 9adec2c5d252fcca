"""Environments against snapshots: hits counted by hand, what differs, what compiles, for whom."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.ask.hosts import Host
from spack_census.cli import main
from spack_census.environments import fitting
from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.manifests.reading import read_manifest
from spack_census.environments.model import EnvironmentFit, SpecFit
from spack_census.errors import CensusError, EnvironmentFileError, UnknownNameError
from spack_census.reports import environment
from support import naive_index
from support.command_line import Census, rows
from support.documents_made import write_document
from torture.mutations import mutated

HERE = Path(__file__).parents[1]
LOCKS = HERE / "environments"
WORKBENCH = LOCKS / "workbench" / "spack.lock"
APRIL = LOCKS / "solvers-april" / "spack.lock"
SMALL = LOCKS / "e4s-small-2026-01-11" / "spack.lock"
V2, V3 = (HERE / "corpus" / "buildcache" / name for name in ("v2", "v3"))


@pytest.fixture
def census(shipped: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(shipped, capsys)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(V3, dataset)
    return dataset


def locked(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text())["concrete_specs"]
    return found


def by_name(found: EnvironmentFit, package: str) -> SpecFit:
    (fit,) = [each for each in found.specs if each.package == package]
    return fit


@pytest.mark.parametrize(
    ("path", "snapshot", "hits"),
    [
        (WORKBENCH, "develop-2024-06-09", 57),
        (WORKBENCH, "develop-2024-06-02", 43),
        (WORKBENCH, "develop-2024-04-28", 0),
        (APRIL, "develop-2024-04-28", 53),
        (APRIL, "develop-2024-06-09", 0),
    ],
)
def test_hits_are_the_hashes_that_the_snapshot_holds(
    shipped: Path, path: Path, snapshot: str, hits: int
) -> None:
    found = sc.environment(shipped, path, snapshot)
    held = set(
        sc.scan(shipped).filter(snapshot=snapshot).select("hash").collect()["hash"].to_list()
    )
    specs = locked(path)
    assert {each.hash for each in found.having("hit")} == held & specs.keys()
    assert len(found.having("hit")) == hits
    assert {each.package for each in found.having("external")} == {"glibc"}
    assert len(found.specs) == len(specs)
    assert len(found.having("miss")) == len(specs) - hits - 1


def test_hits_in_an_index(indexed: Path) -> None:
    found = sc.environment(indexed, SMALL)
    (root,) = (V3 / "develop-2026-01-11" / "blobs").rglob("b7*/*")
    held = {key for key, each in naive_index.installs(root).items() if each["in_buildcache"]}
    specs = locked(SMALL)
    assert {each.hash for each in found.having("hit")} == held & specs.keys()
    assert {each.package for each in found.having("external")} == {"gcc", "glibc"}


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xfe",
        b'{"unknown": "\xb7", ' + WORKBENCH.read_bytes().lstrip()[1:],
        WORKBENCH.read_bytes().replace(b'"target":', b'"target":' + b"[" * 20_000, 1),
    ],
    ids=["other encoding", "broken where it is passed over", "deep"],
)
def test_a_lockfile_that_is_broken_anywhere_is_refused(tmp_path: Path, data: bytes) -> None:
    assert b'"target":' in WORKBENCH.read_bytes()
    (tmp_path / "spack.lock").write_bytes(data)
    with pytest.raises(EnvironmentFileError, match=r"is no spack\.lock") as caught:
        read_lockfile(tmp_path / "spack.lock")
    assert caught.value.next_steps


def test_what_is_nearest_and_how_it_differs(shipped: Path) -> None:
    found = sc.environment(shipped, WORKBENCH, "develop-2024-06-09")
    jq, parallel = by_name(found, "jq"), by_name(found, "parallel")
    assert [(one.attribute, one.wanted, one.cached) for one in jq.nearest.differences] == [  # type: ignore[union-attr]
        ("os", "ubuntu22.04", "ubuntu20.04")
    ]
    assert parallel.nearest is None
    assert (jq.needed_by, parallel.needed_by) == (("jq",), ("parallel",))
    assert fitting.differing(parallel) == ("package",)


def test_where_only_the_hash_differs_the_first_dependency_is_named(
    shipped: Path, tmp_path: Path
) -> None:
    """The same lockfile against documents, which know no dependencies, and against indexes."""
    lock = json.loads(WORKBENCH.read_text())
    specs = lock["concrete_specs"]
    zlib = next(key for key, spec in specs.items() if spec["name"] == "zlib-ng")
    cached = "develop-2024-06-02"
    changed = json.loads(json.dumps(lock).replace(zlib, "a" * 32))
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(changed))
    plain = by_name(sc.environment(shipped, path, cached), "zlib-ng")
    assert fitting.differing(plain) == ("hash",)
    assert environment.told(plain) == "only the hash: a dependency or the recipe differs"
    sc.build(V2, tmp_path / "dataset")
    known = by_name(sc.environment(tmp_path / "dataset", path, cached), "zlib-ng")
    assert "dependencies" in fitting.differing(known)


def test_what_is_needed_only_to_build_what_is_cached_does_not_compile(
    shipped: Path, tmp_path: Path
) -> None:
    lock = json.loads(WORKBENCH.read_text())
    (cmake,) = [key for key, spec in lock["concrete_specs"].items() if spec["name"] == "cmake"]
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(lock).replace(cmake, "a" * 32))
    found = sc.environment(shipped, path, "develop-2024-06-09")
    fit = by_name(found, "cmake")
    assert (fit.status, fit.compiles) == ("miss", False)
    assert "1 missing spec is needed by nothing that would compile." in environment.notes(found)
    assert environment.headline(found).startswith("56 of 61 specs (91.8%) install from binaries")


def test_the_snapshot_to_pin(shipped: Path) -> None:
    with sc.connect(shipped) as con:
        april, workbench = (
            fitting.rank(con, fitting.read(path), Host()) for path in (APRIL, WORKBENCH)
        )
    assert (april[0].snapshot, april[0].num_hits) == ("develop-2024-04-28", 53)
    assert [(each.snapshot, each.num_hits) for each in workbench][:2] == [
        ("develop-2024-06-09", 57),
        ("develop-2024-06-02", 43),
    ]


def test_a_host_limits_what_can_be_used(shipped: Path) -> None:
    found = sc.environment(shipped, WORKBENCH, "develop-2024-06-09", host="neoverse_v1")
    assert not found.having("hit")
    jq = by_name(found, "zlib-ng")
    assert fitting.differing(jq) == ("target",)
    old = sc.environment(shipped, WORKBENCH, "develop-2024-06-09", "zen4", "centos7")
    assert fitting.differing(by_name(old, "zlib-ng")) == ("os",)


def test_the_headline_says_what_compiles_and_for_whom(census: Census) -> None:
    ran = census("env", str(WORKBENCH.parent))
    assert ran.code == 0
    text = " ".join(ran.out.split())
    assert "57 of 61 specs (93.4%) install from binaries in develop-2024-06-09" in text
    assert "4 would compile: they are needed by jq, parallel, tree." in text
    assert census("env", str(WORKBENCH), "--exit-code").code == 1
    assert census("env", str(APRIL), "--exit-code", "--all-snapshots").code == 0


def test_rows_of_a_lockfile(census: Census) -> None:
    ran = census("env", str(WORKBENCH), "--format", "json")
    found = rows(ran.out)
    assert list(found[0]) == [
        *("package", "version", "hash", "status", "stacks", "nearest_hash", "differs"),
        *("needed_by", "reason", "lacking", "unmet", "group", "caches"),
    ]
    assert len(found) == 62
    ranked = rows(census("env", str(WORKBENCH), "--all-snapshots", "--format", "json").out)
    assert (ranked[0]["snapshot"], ranked[0]["num_hits"]) == ("develop-2024-06-09", 57)


SPACK_YAML = """
spack:
  definitions:
  - compilers: ['%gcc@11', '%clang']
  - libraries: [hdf5+mpi, zlib-ng]
  - libraries: [zfp]
  specs:
  - "cmake@3.29:"
  - matrix:
    - [$libraries]
    - [$compilers]
    exclude:
    - zfp%clang
  - parallel
"""


def test_roots_of_a_spack_yaml(tmp_path: Path, shipped: Path) -> None:
    path = tmp_path / "spack.yaml"
    path.write_text(SPACK_YAML)
    assert [root.text for root in read_manifest(path).roots] == [
        "cmake@3.29:",
        *("hdf5+mpi %gcc@11", "hdf5+mpi %clang", "zlib-ng %gcc@11", "zlib-ng %clang"),
        *("zfp %gcc@11", "parallel"),
    ]
    found = sc.environment(shipped, tmp_path, "develop-2024-06-09")
    statuses = {each.needed_by[0]: each.status for each in found.specs}
    assert statuses == {
        "cmake@3.29:": "hit",
        "hdf5+mpi %gcc@11": "hit",
        "hdf5+mpi %clang": "miss",
        "zlib-ng %gcc@11": "hit",
        "zlib-ng %clang": "hit",
        "zfp %gcc@11": "hit",
        "parallel": "miss",
    }
    (hdf5,) = [each for each in found.specs if each.needed_by == ("hdf5+mpi %clang",)]
    assert [one.attribute for one in hdf5.nearest.differences] == ["compiler"]  # type: ignore[union-attr]
    assert "5 of 7 roots (71.4%)" in environment.headline(found)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("specs: [zlib]", "no `spack:`"),
        ("spack: {specs: 7}", "specs is no list"),
        ("spack: {definitions: 7}", "definitions is no list"),
        ("spack: {definitions: [7]}", "is no NAME"),
        ("spack: [", "is no YAML"),
        ("spack: {specs: [zlib], specs: [hdf5]}", "'specs' stands twice"),
        ("spack: {packages: {all: {}, hdf5: {require: a, require: b}}}", "'require' stands twice"),
    ],
)
def test_a_spack_yaml_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "spack.yaml"
    path.write_text(text)
    with pytest.raises(CensusError) as caught:
        read_manifest(path)
    assert said in str(caught.value)
    assert "spack.yaml" in str(caught.value)


Edit = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lock: lock["_meta"].update({"lockfile-version": 0}), "not supported"),
        (lambda lock: lock["_meta"].update({"lockfile-version": 99}), "not supported"),
        (lambda lock: lock.pop("roots"), "no spack.lock"),
        (lambda lock: lock["roots"].append({"hash": "x", "spec": "zlib"}), "lacks the root zlib"),
        (lambda lock: lock["concrete_specs"].popitem(), "lacks"),
        (
            lambda lock: next(iter(lock["concrete_specs"].values())).update(version="a b"),
            "is no version",
        ),
    ],
)
def test_a_lockfile_that_cannot_be_used(tmp_path: Path, change: Edit, said: str) -> None:
    lock = json.loads(WORKBENCH.read_text())
    change(lock)
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(lock))
    with pytest.raises(EnvironmentFileError) as caught:
        fitting.read(path)
    assert said in str(caught.value)


def test_snapshots_without_specs_hold_nothing_of_any_environment(tmp_path: Path) -> None:
    for snapshot in ("develop-2025-01-05", "develop-2025-01-12"):
        write_document(tmp_path / "source", "zlib", snapshot, [])
    sc.build(tmp_path / "source", tmp_path / "dataset", allow_partial=True)
    manifest = tmp_path / "spack.yaml"
    manifest.write_text("spack:\n  specs: [zlib]\n")
    for path, number in ((WORKBENCH, 61), (manifest, 1)):
        ran = main(["env", str(path), "--all-snapshots", "--dataset", str(tmp_path / "dataset")])
        assert ran == 0
        with sc.connect(tmp_path / "dataset") as con:
            ranks = fitting.rank(con, fitting.read(path), Host())
        newest_first = ["develop-2025-01-12", "develop-2025-01-05"]
        assert [(each.snapshot, each.num_hits) for each in ranks] == [(n, 0) for n in newest_first]
        assert all(each.num_specs == number for each in ranks)


@pytest.mark.parametrize("annotation", ["None", "", None])
def test_no_compiler_noted_is_no_compiler(tmp_path: Path, annotation: str | None) -> None:
    lock = json.loads(WORKBENCH.read_text())
    hash_, node = next(iter(lock["concrete_specs"].items()))
    node.pop("compiler")
    node["annotations"] = {"compiler": annotation}
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(lock))
    assert read_lockfile(path).specs[hash_].build.compiler == ""


def test_an_exclude_names_a_compiler_by_either_of_its_names(tmp_path: Path) -> None:
    path = tmp_path / "spack.yaml"
    path.write_text(
        "spack:\n  specs:\n  - matrix:\n    - [zlib]\n    - ['%clang', '%gcc']\n"
        "    exclude: ['%llvm']\n"
    )
    assert [root.text for root in read_manifest(path).roots] == ["zlib %gcc"]


def test_a_spoiled_lockfile_is_refused_or_read(tmp_path: Path) -> None:
    data = WORKBENCH.read_bytes()
    dice = random.Random(7)  # noqa: S311 - dice, no secret
    path = tmp_path / "spack.lock"
    refused = 0
    for _ in range(300):
        path.write_bytes(mutated(data, [data], dice))
        try:
            fitting.read(path)
        except EnvironmentFileError:
            refused += 1
    assert 50 < refused < 300


def test_a_folder_without_an_environment(tmp_path: Path, shipped: Path) -> None:
    with pytest.raises(EnvironmentFileError, match="neither"):
        sc.environment(shipped, tmp_path)
    shutil.copy(WORKBENCH, tmp_path)
    assert sc.environment(shipped, tmp_path).locked


def test_find_lists_what_satisfies_a_constraint(census: Census, shipped: Path) -> None:
    text = "hdf5@1.14: +mpi target=x86_64_v3 %gcc@11:"
    found = rows(census("find", *text.split(), "--format", "json").out)
    frame = sc.scan(shipped).filter(snapshot="develop-2024-06-09", package="hdf5").collect()
    expected = {
        row["hash"]
        for row in frame.to_dicts()
        if row["version"].startswith("1.14")
        and "+mpi" in row["variants"]
        and row["compiler_name"] == "gcc"
        and int(row["compiler_version"].split(".")[0]) >= 11
        and row["target"] == "x86_64_v3"
    }
    assert {row["hash"] for row in found} == expected
    assert len(expected) == 4
    assert {row[-2] for row in sc.find(shipped, text).fetchall()} == expected


def test_why_counts_what_is_left_at_each_step(shipped: Path, census: Census) -> None:
    found = sc.why(shipped, "hdf5 %gcc@12", host="zen4", os="rhel9")
    frame = sc.scan(shipped).filter(snapshot="develop-2024-06-09", package="hdf5").collect()
    old = ("centos7", "ubuntu18.04", "ubuntu20.04")
    linux = [row for row in frame.to_dicts() if row["platform"] == "linux"]
    cpu = [row for row in linux if row["target"].startswith("x86_64")]
    counts = [len(frame), len(linux), len(cpu), sum(row["os"] in old for row in cpu), 0]
    assert [rung.num_specs for rung in found.rungs] == counts
    assert found.broken is found.rungs[-1]
    assert set(found.rungs[-1].there) == {
        f"gcc@{row['compiler_version']}" for row in cpu if row["os"] in old
    }
    ran = census("why", "hdf5", "%gcc@12", "--host", "zen4", "--exit-code")
    assert ran.code == 1
    assert "meets this condition: %gcc@12" in " ".join(ran.out.split())
    assert census("why", "hdf5", "--exit-code").code == 0


@pytest.mark.parametrize("name", ["hdf5 --host zen44", "hdf5 --os rhel99", "hdf55"])
def test_near_names_are_suggested(census: Census, name: str) -> None:
    ran = census("why", *name.split())
    assert (ran.code, ran.out) == (2, "")
    assert "nearest: " in ran.err


def test_apple_cpus_are_of_darwin(shipped: Path) -> None:
    (platform,) = [
        rung.condition
        for rung in sc.why(shipped, "hdf5", host="m1").rungs
        if rung.attribute == "platform"
    ]
    assert platform == "platform=darwin"


def test_coverage_of_a_host_and_its_system(census: Census) -> None:
    every, old = (
        rows(census("coverage", "--host", "zen4", *more, "--format", "json").out)
        for more in ([], ["--os", "centos7"])
    )
    count = [sum(row["covered"] for row in found) for found in (every, old)]
    assert count[0] > count[1] > 0
    ran = census("coverage", "--os", "centos7")
    assert (ran.code, "--host CPU" in ran.err) == (2, True)


def test_a_system_that_nobody_knows(shipped: Path) -> None:
    with pytest.raises(UnknownNameError, match="rhel99"):
        sc.environment(shipped, WORKBENCH, os="rhel99")
