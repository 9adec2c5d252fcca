"""What a build may not take away unasked, and whose a snapshot is; one test a kind of loss."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.building.outcomes import BuildResult
from spack_census.dataset.layout import OWNERS, pin, read_manifest
from spack_census.errors import RefusedError
from spack_census.sources import directory
from support.documents_made import Spec, hash_of, write_document

OLD, NEW = "develop-2025-01-05", "develop-2025-01-12"
PACKAGES = [f"package-{number:02}" for number in range(20)]
Change = Callable[[Path], None]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return fill(tmp_path / "source", OLD)


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


def fill(folder: Path, snapshot: str, seed: str = "", num_packages: int = 20) -> Path:
    """Write documents of two specs each, on two targets; the first has a third one."""
    for number, package in enumerate(PACKAGES[:num_packages]):
        targets = ["x86_64_v3", "zen4", *(["zen5"] if number == 0 else [])]
        specs = [
            Spec(target=target, hash=hash_of((snapshot, package, target, seed)))
            for target in targets
        ]
        write_document(folder, package, snapshot, specs)
    return folder


def specs_of(dataset: Path) -> dict[str, int]:
    manifest = read_manifest(pin(dataset))
    return {name: state.num_specs for name, state in manifest.snapshots.items()}


def rewritten(folder: Path, number: int, *specs: Spec, snapshot: str = OLD) -> None:
    write_document(folder, PACKAGES[number], snapshot, specs)


def halve(folder: Path) -> None:
    """Every package stays, with one of its two specs."""
    for number, package in enumerate(PACKAGES):
        target = "zen5" if number == 0 else "zen4" if number % 2 else "x86_64_v3"
        rewritten(folder, number, Spec(target=target, hash=hash_of((OLD, package, target, ""))))


def drop_target(folder: Path) -> None:
    """One spec of 41 goes, and with it the only one of its target."""
    kept = [Spec(target=t, hash=hash_of((OLD, PACKAGES[0], t, ""))) for t in ("x86_64_v3", "zen4")]
    rewritten(folder, 0, *kept)


def drop_documents(folder: Path) -> None:
    for package in PACKAGES[5:8]:
        shutil.rmtree(folder / "_cache" / OLD / package)


def other_hashes(folder: Path) -> None:
    """As many specs of as many packages and targets: not one of them is the same."""
    fill(folder, OLD, "of another mirror")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (halve, f"{OLD}: 21 of 41 specs would go"),
        (drop_target, f"{OLD}: all of linux/zen5 would go: 1 spec"),
        (drop_documents, f"{OLD}: 3 of 20 packages would go: package-05, package-06, package-07"),
        (other_hashes, f"{OLD}: 41 of 41 specs would go"),
    ],
)
def test_a_loss_is_refused_by_name_and_number_and_let_through_when_meant(
    source: Path, dataset: Path, change: Change, told: str
) -> None:
    sc.build(source, dataset)
    version = pin(dataset)
    change(source)
    with pytest.raises(RefusedError) as caught:
        sc.build(source, dataset)
    assert told in caught.value.next_steps
    assert "--replace" in str(caught.value)
    with pytest.raises(RefusedError):
        sc.build(source, dataset, allow_partial=True)
    assert pin(dataset) == version
    assert sc.build(source, dataset, replace=True).published


def test_a_few_specs_may_go(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    for number in (1, 2):
        rewritten(source, number, Spec(hash=hash_of((OLD, PACKAGES[number], "x86_64_v3", ""))))
    sc.build(source, dataset)
    assert specs_of(dataset) == {OLD: 39}


def test_develop_may_be_built_anew_but_not_shrink(tmp_path: Path, dataset: Path) -> None:
    source = fill(tmp_path / "source", "develop")
    sc.build(source, dataset)
    fill(source, "develop", "the next night")
    assert sc.build(source, dataset).published
    for package in PACKAGES[1:6]:
        write_document(source, package, "develop", [Spec(hash=hash_of(package))])
    with pytest.raises(RefusedError) as caught:
        sc.build(source, dataset)
    assert "develop: 5 of 41 specs would go" in caught.value.next_steps


# --- indexes -------------------------------------------------------------------------------------


def index(*keys: str) -> dict[str, Any]:
    installs = {
        hash_of(key): {
            "in_buildcache": True,
            "spec": {
                "name": key.partition("-")[0],
                "version": "1.0",
                "arch": {"platform": "linux", "platform_os": "ubuntu22.04", "target": "zen4"},
                "compiler": {"name": "gcc", "version": "12.3.0"},
                "parameters": {"shared": True},
                "hash": hash_of(key),
            },
        }
        for key in keys
    }
    return {"database": {"version": "6", "installs": installs}}


def mirror(folder: Path, stacks: dict[str, list[str]], snapshot: str = OLD) -> Path:
    """Write a list of one snapshot, and the indexes that it names."""
    listed = []
    for label, keys in stacks.items():
        path = f"{snapshot}/{label}/build_cache/index.json"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        data = gzip.compress(json.dumps(index(*keys)).encode(), mtime=0)
        (folder / f"{path}.gz").write_bytes(data)
        listed.append({"label": label, "url": f"s3://spack-binaries/{path}"})
    (folder / "cache_spack_io_index.json").write_text(json.dumps({snapshot: listed}))
    return folder


A = [f"hdf5-{number}" for number in range(50)]
B = [f"zlib-{number}" for number in range(50)]


@pytest.mark.parametrize("flags", [{"replace": True}, {"allow_partial": True, "replace": True}])
def test_an_index_that_is_named_no_more_is_refused_by_name(
    tmp_path: Path, dataset: Path, flags: dict[str, bool]
) -> None:
    sc.build(mirror(tmp_path / "mirror", {"a": A, "b": B}), dataset)
    mirror(tmp_path / "mirror", {"a": A})
    with pytest.raises(RefusedError) as caught:
        sc.build(tmp_path / "mirror", dataset)
    assert f"{OLD}: 1 index: b (50 specs)" in caught.value.next_steps
    assert "--allow-partial or --replace" in str(caught.value)
    sc.build(tmp_path / "mirror", dataset, **flags)
    assert specs_of(dataset) == {OLD: 50}


def test_an_index_whose_specs_all_stay_may_go_with_allow_partial(
    tmp_path: Path, dataset: Path
) -> None:
    sc.build(mirror(tmp_path / "mirror", {"a": A, "b": A[:9], "root": A}), dataset)
    mirror(tmp_path / "mirror", {"a": A, "root": A})
    with pytest.raises(RefusedError, match=r"b \(9 specs\)"):
        sc.build(tmp_path / "mirror", dataset)
    assert sc.build(tmp_path / "mirror", dataset, allow_partial=True).published


def test_an_index_cut_to_a_spec_a_package_is_refused(tmp_path: Path, dataset: Path) -> None:
    sc.build(mirror(tmp_path / "mirror", {"root": A + B}), dataset)
    mirror(tmp_path / "mirror", {"root": [A[0], B[0]]})
    with pytest.raises(RefusedError) as caught:
        sc.build(tmp_path / "mirror", dataset)
    assert f"{OLD}: 98 of 100 specs would go" in caught.value.next_steps


# --- pruning -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("there", "gone", "asks"), [(4, 1, True), (10, 1, False), (30, 2, True)])
def test_prune_of_more_than_one_or_a_tenth_asks(
    tmp_path: Path, dataset: Path, there: int, gone: int, *, asks: bool
) -> None:
    names = [f"v0.{number}.0" for number in range(there)]
    for name in names:
        write_document(tmp_path / "source", "zlib", name, [Spec(hash=hash_of(name))])
    sc.build(tmp_path / "source", dataset)
    for name in names[:gone]:
        shutil.rmtree(tmp_path / "source" / "_cache" / name)
    if asks:
        told = f"would remove {gone} of {there} snapshots with {gone} spec"
        with pytest.raises(RefusedError, match=told):
            sc.build(tmp_path / "source", dataset, prune=True)
        assert len(specs_of(dataset)) == there
    sc.build(tmp_path / "source", dataset, prune=True, replace=asks)
    assert len(specs_of(dataset)) == there - gone


# --- owners --------------------------------------------------------------------------------------


def test_another_source_is_refused_unless_told(source: Path, tmp_path: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    other = fill(tmp_path / "other", OLD)
    drop_target(other)
    with pytest.raises(RefusedError, match="snapshots of another source") as caught:
        sc.build(other, dataset)
    assert f"{OLD} is of {source}" in caught.value.next_steps
    sc.build(other, dataset, replace=True)
    # Now it is the other's, and the first one is the stranger.
    with pytest.raises(RefusedError, match=f"{OLD} is of {other}"):
        sc.build(source, dataset)


def test_as_over_another_source_is_refused(source: Path, tmp_path: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    other = fill(tmp_path / "other", NEW, "of another mirror")
    with pytest.raises(RefusedError, match=f"{OLD} is of {source}"):
        sc.build(other, dataset, rename=OLD)
    sc.build(other, dataset)
    assert specs_of(dataset) == {OLD: 41, NEW: 41}


def one_more(folder: Path) -> None:
    write_document(folder, "new", OLD, [Spec(hash=hash_of("new"))])


def test_what_is_the_same_source_may_go_on(source: Path, tmp_path: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    # A part of it, or what it is part of.
    one_more(source)
    assert sc.build(source / "_cache", dataset).published
    assert sc.build(source, dataset).published
    # A copy that says the same, or more.
    copy = tmp_path / "copy"
    shutil.copytree(source, copy)
    sc.build(copy, dataset)
    # One that moved: what it was is no more.
    sc.build(source, dataset)
    source.rename(tmp_path / "moved")
    (tmp_path / "moved" / "_cache" / OLD / PACKAGES[3] / "specs.md").unlink()
    assert sc.build(tmp_path / "moved", dataset).published


def test_lost_or_broken_owners_cost_no_rows(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    for text in (None, "{]", "[1]", "\udcff"):
        (dataset / OWNERS).unlink()
        if text is not None:
            (dataset / OWNERS).write_bytes(text.encode(errors="surrogateescape"))
        assert not sc.build(source, dataset).published
        assert json.loads((dataset / OWNERS).read_text()) == {OLD: str(source)}


def test_owners_are_forgotten_with_their_snapshots(
    source: Path, tmp_path: Path, dataset: Path
) -> None:
    sc.build(source, dataset)
    sc.build(fill(tmp_path / "other", NEW), dataset, prune=True, replace=True)
    assert json.loads((dataset / OWNERS).read_text()) == {NEW: str(tmp_path / "other")}


def test_a_place_that_is_not_utf8_owns_as_well(tmp_path: Path, dataset: Path) -> None:
    folder = tmp_path / "caf\udce9"
    try:
        fill(folder, OLD)
    except OSError:
        pytest.skip("this file system takes no such name")
    sc.build(directory.Directory(folder), dataset)
    assert not sc.build(directory.Directory(folder), dataset).published


# --- scant new snapshots -------------------------------------------------------------------------


def statuses(result: BuildResult) -> dict[str, str]:
    return {outcome.snapshot: outcome.status for outcome in result.outcomes}


@pytest.mark.parametrize(
    ("num_packages", "status"), [(0, "held back"), (9, "held back"), (10, "new"), (20, "new")]
)
def test_a_scant_new_snapshot_is_held_back(
    source: Path, dataset: Path, num_packages: int, status: str
) -> None:
    sc.build(source, dataset)
    fill(source, NEW, num_packages=num_packages)
    for package in PACKAGES[num_packages:]:
        write_document(source, package, NEW, [])
    seen: list[str] = []
    result = sc.build(source, dataset, observe=lambda outcome, _total: seen.append(outcome.status))
    assert statuses(result) == {OLD: "unchanged", NEW: status}
    assert sorted(seen) == sorted(statuses(result).values())
    assert (NEW in specs_of(dataset)) == (status == "new")
    if status == "held back":
        number = 2 * num_packages + (num_packages > 0)
        reason = f"{number} specs, where {OLD} has 41" if number else "it has no spec"
        hint = "to take it all the same: --allow-partial"
        assert result.notes == [f"{NEW} is held back: {reason}; {hint}"]
        assert (result.totals.documents_held, result.totals.specs_held) == (20, number)
        # Nor is it taken the second time; told to, it is.
        assert statuses(sc.build(source, dataset))[NEW] == "held back"
        assert statuses(sc.build(source, dataset, allow_partial=True))[NEW] == "new"
        assert specs_of(dataset) == {OLD: 41, NEW: number}


def test_what_is_held_back_is_taken_when_it_is_whole(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    fill(source, NEW, num_packages=3)
    assert not sc.build(source, dataset).published
    fill(source, NEW)
    assert statuses(sc.build(source, dataset))[NEW] == "new"


def test_each_is_held_to_the_last_that_was_taken(source: Path, dataset: Path) -> None:
    sc.build(source, dataset)
    fill(source, NEW, num_packages=4)
    fill(source, "develop-2025-01-19", num_packages=8)
    fill(source, "develop-2025-01-26", num_packages=19)
    fill(source, "develop-2025-02-02", num_packages=9)
    assert statuses(sc.build(source, dataset)) == {
        OLD: "unchanged",
        NEW: "held back",
        "develop-2025-01-19": "held back",
        "develop-2025-01-26": "new",
        "develop-2025-02-02": "held back",
    }


def test_a_series_that_begins_is_taken_as_it_comes(source: Path, dataset: Path) -> None:
    fill(source, NEW, num_packages=2)
    fill(source, "v0.22.0")
    fill(source, "mine")
    sc.build(source, dataset)
    fill(source, "v1.0.0", num_packages=2)
    fill(source, "others", num_packages=1)
    expected = {"v1.0.0": "held back", "others": "new", NEW: "unchanged"}
    assert statuses(sc.build(source, dataset)).items() >= expected.items()


def test_a_dataset_of_nothing_but_the_held_back_is_refused(tmp_path: Path, dataset: Path) -> None:
    write_document(tmp_path / "source", "zlib", NEW, [])
    with pytest.raises(RefusedError, match="it has no spec"):
        sc.build(tmp_path / "source", dataset)
    assert not (dataset / "current").exists()
    assert sc.build(tmp_path / "source", dataset, allow_partial=True).published
