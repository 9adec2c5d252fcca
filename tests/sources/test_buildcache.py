"""Build cache indexes: the rows they give, and what a missing or broken one may not do."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.errors import RefusedError, SourceError
from support import naive_index

Reader = Callable[[Path, str], list[dict[str, Any]]]
Edit = Callable[[dict[str, Any]], None]

HERE = Path(__file__).parents[1]
V2 = HERE / "corpus" / "buildcache" / "v2"
V3 = HERE / "corpus" / "buildcache" / "v3"
SPACK_1_3 = HERE / "corpus" / "buildcache" / "v3-2026"
V3_SNAPSHOT = "develop-2026-01-11"
STACKS = ("build_systems", "e4s-neoverse-v2")
DOCUMENTS = HERE.parent / "documents"


def build(source: Path | str, dataset: Path, **options: Any) -> Path:
    sc.build(source, dataset, **options)
    return dataset


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    return Path(shutil.copytree(V2, tmp_path / "v2"))


@pytest.fixture
def v3(tmp_path: Path) -> Path:
    return Path(shutil.copytree(V3, tmp_path / "v3"))


def index_of(source: Path, snapshot: str, label: str) -> Path:
    """Return the file that holds a listed index."""
    listed = json.loads((source / "cache_spack_io_index.json").read_text())
    (url,) = [each["url"] for each in listed[snapshot] if each["label"] == label]
    path = source / url.removeprefix("s3://spack-binaries/")
    return path if path.exists() else path.with_name(f"{path.name}.gz")


def edit(path: Path, change: Edit) -> None:
    """Change an index file of the v2 layout."""
    value = json.loads(gzip.decompress(path.read_bytes()))
    change(value["database"])
    path.write_bytes(gzip.compress(json.dumps(value).encode()))


def specs(read_rows: Reader, dataset: Path) -> list[dict[str, Any]]:
    return sorted(read_rows(dataset, "specs"), key=lambda row: (row["snapshot"], row["hash"]))


def without(rows: list[dict[str, Any]], *columns: str) -> list[dict[str, Any]]:
    return [{key: row[key] for key in row if key not in columns} for row in rows]


def test_rows_equal_those_of_the_documents(tmp_path: Path, read_rows: Reader) -> None:
    from_index = specs(read_rows, build(V2, tmp_path / "index"))
    snapshots = {row["snapshot"] for row in from_index}
    present = {*STACKS, "root"}
    from_documents = [
        row | {"stacks": sorted(present & set(row["stacks"]))}
        for row in specs(read_rows, build(DOCUMENTS, tmp_path / "documents"))
        if row["snapshot"] in snapshots and not set(STACKS).isdisjoint(row["stacks"])
    ]
    only_index = ("namespace", "package_hash")
    assert len(snapshots) == 2
    assert without(from_index, *only_index) == without(from_documents, *only_index)


@pytest.mark.parametrize("source", [V2, V3, SPACK_1_3], ids=["v2", "v3", "v3-2026"])
def test_rows_and_dependencies_equal_the_naive_readers(
    tmp_path: Path, read_rows: Reader, source: Path
) -> None:
    dataset = build(source, tmp_path / "dataset")
    found = specs(read_rows, dataset)
    edges = {
        (row["snapshot"], row["hash"], row["dependency"], row["dependency_hash"]): (
            row["deptypes"],
            row["virtuals"],
        )
        for row in read_rows(dataset, "dependencies")
    }
    expected: list[dict[str, Any]] = []
    expected_externals: list[dict[str, Any]] = []
    expected_edges = {}
    for snapshot, items in json.loads((source / "cache_spack_io_index.json").read_text()).items():
        paths = {item["label"]: index_of(source, snapshot, item["label"]) for item in items}
        expected += naive_index.rows(paths, snapshot)
        expected_externals += naive_index.externals(paths, snapshot)
        for key, record in naive_index.installs(paths["root"]).items():
            for name, dependency, deptypes, virtuals in naive_index.edges(record):
                expected_edges[snapshot, key, name, dependency] = (deptypes, virtuals)
    expected.sort(key=lambda row: (row["snapshot"], row["hash"]))
    assert without(found, "version_key", "size_bytes", "tarball_url") == expected
    assert edges == expected_edges
    externals = read_rows(dataset, "externals")
    externals.sort(key=lambda row: (row["snapshot"], row["hash"]))
    assert without(externals, "version_key", "size_bytes", "tarball_url") == expected_externals
    assert {row["package"] for row in externals} >= {"glibc"}
    assert any(row["compiler_name"] for row in found)


@pytest.mark.parametrize("source", [V2, V3], ids=["v2", "v3"])
def test_each_check_holds(tmp_path: Path, source: Path) -> None:
    dataset = build(source, tmp_path / "dataset")
    assert main(["check", "--dataset", str(dataset)]) == 0


def test_a_mirror_alone_gives_the_rows_of_its_index(tmp_path: Path, read_rows: Reader) -> None:
    whole = specs(read_rows, build(V3, tmp_path / "whole"))
    alone = specs(read_rows, build(V3 / V3_SNAPSHOT, tmp_path / "alone"))
    assert without(alone, "stacks") == without(whole, "stacks")
    assert {tuple(row["stacks"]) for row in alone} == {("root",)}


def test_a_stack_below_a_snapshot_names_both(tmp_path: Path, read_rows: Reader) -> None:
    rows = specs(read_rows, build(V3 / V3_SNAPSHOT / "e4s-oneapi", tmp_path / "dataset"))
    assert {(row["snapshot"], *row["stacks"]) for row in rows} == {(V3_SNAPSHOT, "e4s-oneapi")}
    assert len(rows) == 51


def test_an_index_file_needs_a_name(tmp_path: Path, read_rows: Reader) -> None:
    path = tmp_path / "site.json"
    path.write_bytes(gzip.decompress(index_of(V2, "develop-2024-06-09", "root").read_bytes()))
    with pytest.raises(SourceError, match="which snapshot"):
        build(path, tmp_path / "dataset")
    rows = specs(read_rows, build(path, tmp_path / "dataset", rename="site-2024"))
    assert {(row["snapshot"], *row["stacks"]) for row in rows} == {("site-2024", "root")}


def test_a_second_build_reads_nothing_anew(tmp_path: Path, v2: Path) -> None:
    build(v2, tmp_path / "dataset")
    result = sc.build(v2, tmp_path / "dataset")
    assert not result.published
    assert {outcome.status for outcome in result.outcomes} == {"unchanged"}


def test_without_root_the_stacks_answer_together(
    tmp_path: Path, v2: Path, read_rows: Reader
) -> None:
    snapshot = "develop-2024-06-09"
    first = index_of(v2, snapshot, STACKS[0])
    key = naive_index.rows({"root": first}, snapshot)[0]["hash"]
    record = naive_index.installs(first)[key]
    both = lambda database: database["installs"].update({key: record})  # noqa: E731 - one use
    edit(index_of(v2, snapshot, STACKS[1]), both)
    whole = specs(read_rows, build(v2, tmp_path / "whole"))
    for path in v2.glob("*/build_cache/index.json.gz"):
        path.unlink()
    dataset = build(v2, tmp_path / "union")
    union = specs(read_rows, dataset)
    for row in whole:
        row["stacks"] = [stack for stack in row["stacks"] if stack != "root"]
    assert union == whole
    assert {row["reason"] for row in read_rows(dataset, "rejects")} == {"missing-index"}
    assert main(["check", "--dataset", str(dataset)]) == 0


def test_specs_that_root_lacks_are_told(tmp_path: Path, v2: Path, read_rows: Reader) -> None:
    snapshot = "develop-2024-06-09"
    key = next(iter(naive_index.rows({"root": index_of(v2, snapshot, STACKS[0])}, snapshot)))[
        "hash"
    ]
    edit(index_of(v2, snapshot, "root"), lambda database: database["installs"].pop(key))
    dataset = build(v2, tmp_path / "dataset")
    (document,) = [
        row for row in read_rows(dataset, "documents") if row["path"] == f"{snapshot}/{STACKS[0]}"
    ]
    assert key in document["warnings"][0]
    paths = {label: index_of(v2, snapshot, label) for label in ("root", *STACKS)}
    found = [row for row in specs(read_rows, dataset) if row["snapshot"] == snapshot]
    expected = sorted(naive_index.rows(paths, snapshot), key=lambda row: str(row["hash"]))
    assert without(found, "version_key", "size_bytes", "tarball_url") == expected
    holes = sc.query(dataset, "coverage.holes", snapshot=snapshot).pl().to_dicts()
    assert [row["hash"] for row in holes if row["hole"] == "not in root"] == [key]
    assert main(["check", "--dataset", str(dataset)]) == 0


def test_a_missing_stack_is_a_reject_of_a_new_snapshot(
    tmp_path: Path, v2: Path, read_rows: Reader
) -> None:
    index_of(v2, "develop-2024-06-09", STACKS[0]).unlink()
    dataset = build(v2, tmp_path / "dataset")
    (reject,) = read_rows(dataset, "rejects")
    assert (reject["reason"], reject["path"]) == (
        "missing-index",
        f"develop-2024-06-09/{STACKS[0]}",
    )
    rows = [row for row in specs(read_rows, dataset) if row["snapshot"] == "develop-2024-06-09"]
    assert {stack for row in rows for stack in row["stacks"]} == {STACKS[1], "root"}


def test_a_missing_stack_never_changes_a_snapshot_that_is_there(
    tmp_path: Path, v2: Path, read_rows: Reader
) -> None:
    dataset = build(v2, tmp_path / "dataset")
    before = specs(read_rows, dataset)
    index_of(v2, "develop-2024-06-09", STACKS[0]).unlink()
    with pytest.raises(RefusedError, match="without some of its indexes") as refused:
        build(v2, dataset)
    assert f"develop-2024-06-09/{STACKS[0]}" in str(refused.value)
    assert specs(read_rows, dataset) == before
    build(v2, dataset, allow_partial=True)
    assert specs(read_rows, dataset) != before


def test_a_snapshot_without_any_index_is_left_out(
    tmp_path: Path, v2: Path, read_rows: Reader
) -> None:
    shutil.rmtree(v2 / "develop-2024-06-02")
    dataset = build(v2, tmp_path / "dataset")
    assert {row["snapshot"] for row in read_rows(dataset, "snapshots")} == {"develop-2024-06-09"}
    (reject,) = read_rows(dataset, "rejects")
    assert (reject["path"], reject["reason"]) == ("develop-2024-06-02", "missing-index")


BROKEN: dict[str, Callable[[bytes], bytes]] = {
    "cut short": lambda data: data[: len(data) // 2],
    "not gzip, not JSON": lambda _: b"<html>Not found</html>",
    "another JSON": lambda _: gzip.compress(b'{"database": []}'),
    "another version": lambda data: _replaced(data, b'"version":"7"', b'"version":"10"'),
    "a version that does not exist yet": lambda data: _replaced(
        data, b'"version":"7"', b'"version":"9"'
    ),
    "no build cache": lambda data: _replaced(
        data, b'"in_buildcache":true', b'"in_buildcache":false'
    ),
    "a hash twice": lambda data: gzip.compress(_twice(gzip.decompress(data))),
    "something behind it": lambda data: data + b"more",
}


def _replaced(data: bytes, old: bytes, new: bytes) -> bytes:
    compact = json.dumps(json.loads(gzip.decompress(data)), separators=(",", ":")).encode()
    assert old in compact
    return gzip.compress(compact.replace(old, new))


def _twice(data: bytes) -> bytes:
    installs = json.loads(data)["database"]["installs"]
    key, record = next(iter(installs.items()))
    again = f'"{key}": {json.dumps(record)}, '.encode()
    return data.replace(b'"installs":', b'"installs":', 1).replace(
        f'"{key}":'.encode(), again + f'"{key}":'.encode(), 1
    )


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_index_refuses_its_snapshot(tmp_path: Path, v2: Path, broken: str) -> None:
    path = index_of(v2, "develop-2024-06-09", STACKS[0])
    path.write_bytes(BROKEN[broken](path.read_bytes()))
    with pytest.raises(RefusedError, match="without some of its indexes"):
        build(v2, tmp_path / "dataset")
    assert not (tmp_path / "dataset" / "current").exists()


def test_a_blob_with_another_checksum_is_broken(tmp_path: Path, v3: Path) -> None:
    path = index_of(v3, V3_SNAPSHOT, "e4s-oneapi")
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(RefusedError, match="has the SHA-256"):
        build(v3, tmp_path / "dataset")


def test_a_manifest_without_its_blob_is_missing(tmp_path: Path, v3: Path) -> None:
    mirror = v3 / V3_SNAPSHOT / "e4s-oneapi"
    shutil.rmtree(mirror / "blobs")
    with pytest.raises(SourceError, match="holds no usable document among 1 file"):
        build(mirror, tmp_path / "dataset")


def _spec(change: Edit) -> Edit:
    def edit_first(database: dict[str, Any]) -> None:
        record = next(each for each in database["installs"].values() if each["in_buildcache"])
        change(record["spec"])

    return edit_first


BAD_SPECS: dict[str, tuple[Edit, str, str]] = {
    "version": (lambda spec: spec.update(version=7), "wrong-type", ".spec.version"),
    "arch": (lambda spec: spec.pop("arch"), "missing-key", ".spec"),
    "target": (
        lambda spec: spec["arch"].update(target="../etc"),
        "unsafe-name",
        ".spec.arch.target",
    ),
    "hash": (lambda spec: spec.update(hash="a" * 32), "bad-hash", ".spec.hash"),
    "name": (lambda spec: spec.update(name=" "), "empty-name", ".spec.name"),
    "dependency": (
        lambda spec: spec.update(dependencies=[{"name": "gmake", "hash": "x"}]),
        "bad-hash",
        ".spec.dependencies",
    ),
    "parameters": (
        lambda spec: spec.update(parameters={"a": 1}),
        "wrong-type",
        ".spec.parameters[...]",
    ),
}


@pytest.mark.parametrize("name", BAD_SPECS)
def test_one_bad_spec_is_rejected_alone(
    tmp_path: Path, v2: Path, read_rows: Reader, name: str
) -> None:
    change, reason, place = BAD_SPECS[name]
    before = specs(read_rows, build(v2, tmp_path / "before"))
    edit(index_of(v2, "develop-2024-06-09", "root"), _spec(change))
    dataset = build(v2, tmp_path / "dataset")
    (reject,) = read_rows(dataset, "rejects")
    assert (reject["scope"], reject["reason"]) == ("spec", reason)
    assert reject["place"].endswith(place)
    assert len(specs(read_rows, dataset)) == len(before) - 1
    assert main(["check", "--dataset", str(dataset)]) == 0


def test_nodes_of_older_databases(tmp_path: Path, read_rows: Reader) -> None:
    """Version 5: the name is a key, dependencies are a mapping with `type`, the hash is outside."""

    def age(database: dict[str, Any]) -> None:
        database["version"] = "5"
        for record in database["installs"].values():
            spec = record["spec"]
            spec.pop("hash")
            spec["dependencies"] = {
                edge["name"]: {"hash": edge["hash"], "type": edge["parameters"]["deptypes"]}
                for edge in spec.get("dependencies", [])
            }
            record["spec"] = {spec.pop("name"): spec}

    source = tmp_path / "mirror" / "build_cache" / "index.json.gz"
    source.parent.mkdir(parents=True)
    shutil.copy(index_of(V2, "develop-2024-06-09", "root"), source)
    young = build(source.parents[1], tmp_path / "young", rename="site")
    edit(source, age)
    old = build(source.parents[1], tmp_path / "old", rename="site")
    assert specs(read_rows, old) == specs(read_rows, young)
    kinds = [
        sorted((row["hash"], row["dependency"], *row["deptypes"]) for row in rows)
        for rows in (read_rows(old, "dependencies"), read_rows(young, "dependencies"))
    ]
    assert kinds[0] == kinds[1]
    epochs = [read_rows(each, "snapshots")[0]["hash_epoch"] for each in (old, young)]
    assert epochs == [None, 6]


@pytest.mark.parametrize(("version", "epoch"), [("5", 8), ("6", 6), ("7", 6), ("8", 8)])
def test_an_index_tells_its_epoch_before_the_name_of_its_release(
    tmp_path: Path, read_rows: Reader, version: str, epoch: int
) -> None:
    source = tmp_path / "mirror" / "build_cache" / "index.json.gz"
    source.parent.mkdir(parents=True)
    shutil.copy(index_of(V2, "develop-2024-06-09", "root"), source)
    # Of version 5 nothing is known, so the name of the release has to do.
    edit(source, lambda database: database.update(version=version))
    dataset = build(source.parents[1], tmp_path / "dataset", rename="v2025.11.0")
    assert [row["hash_epoch"] for row in read_rows(dataset, "snapshots")] == [epoch]


@pytest.mark.parametrize("version", ["9", 9, "10", "4", "0"])
def test_a_database_version_that_is_not_known_is_refused_by_number(
    tmp_path: Path, v2: Path, version: str | int
) -> None:
    path = index_of(v2, "develop-2024-06-09", "root")
    edit(path, lambda database: database.update(version=version))
    with pytest.raises(RefusedError, match=f"database version '?{version}'?; 5 to 8 are read"):
        build(v2, tmp_path / "dataset")


def test_a_compiler_noted_when_an_old_index_was_upgraded(tmp_path: Path, read_rows: Reader) -> None:
    def upgrade(database: dict[str, Any]) -> None:
        database["version"] = "8"
        for record in database["installs"].values():
            compiler = record["spec"].pop("compiler")
            noted = f"{compiler['name']}@={compiler['version']}"
            record["spec"]["annotations"] = {"original_specfile_version": 4, "compiler": noted}

    source = tmp_path / "mirror" / "build_cache" / "index.json.gz"
    source.parent.mkdir(parents=True)
    shutil.copy(index_of(V2, "develop-2024-06-09", "root"), source)
    before = build(source.parents[1], tmp_path / "before", rename="site")
    edit(source, upgrade)
    after = build(source.parents[1], tmp_path / "after", rename="site")
    assert specs(read_rows, after) == specs(read_rows, before)


def test_sizes_come_from_spec_manifests(tmp_path: Path, v3: Path, read_rows: Reader) -> None:
    expected = {}
    for path in v3.glob("*/*/v3/manifests/spec/*/*.json"):
        (tarball,) = [
            each for each in json.loads(path.read_text())["data"] if "install" in each["mediaType"]
        ]
        expected[path.name.removesuffix(".spec.manifest.json")[-32:]] = tarball["contentLength"]
    dataset = build(v3, tmp_path / "dataset")
    assert {row["size_bytes"] for row in specs(read_rows, dataset)} == {None}
    build(v3, dataset, with_sizes=True)
    rows = specs(read_rows, dataset)
    assert {row["hash"]: row["size_bytes"] for row in rows if row["size_bytes"]} == expected
    assert len(expected) == 11


LISTINGS = {
    "no JSON": b"<html>",
    "no list": b'{"develop-2026-01-11": 1}',
    "no url": b'{"develop-2026-01-11": [{"label": "e4s"}]}',
    "a label twice": b'{"d": [{"label": "e4s", "url": "a"}, {"label": "e4s", "url": "b"}]}',
    "a snapshot twice": b'{"d": [{"label": "e4s", "url": "a"}], "d": []}',
    "no label": b'{"d": [{"label": "", "url": "a"}]}',
}


@pytest.mark.parametrize("name", LISTINGS)
def test_a_bad_list_names_itself(tmp_path: Path, name: str) -> None:
    path = tmp_path / "cache_spack_io_index.json"
    path.write_bytes(LISTINGS[name])
    with pytest.raises(SourceError, match=r"cache_spack_io_index\.json"):
        build(path, tmp_path / "dataset")


@pytest.mark.parametrize("place", ["../secret.json", "link.json", "a/../../secret.json"])
def test_a_list_leads_nowhere_else(tmp_path: Path, place: str, read_rows: Reader) -> None:
    secret = tmp_path / "secret.json"
    secret.write_bytes(gzip.decompress(index_of(V2, "develop-2024-06-09", "root").read_bytes()))
    source = tmp_path / "source"
    source.mkdir()
    (source / "link.json").symlink_to(secret)
    good = {"label": "good", "url": "good.json"}
    shutil.copy(secret, source / "good.json")
    listed = {"develop-2026-01-11": [good, {"label": "e4s", "url": f"s3://spack-binaries/{place}"}]}
    (source / "cache_spack_io_index.json").write_text(json.dumps(listed))
    with pytest.raises(RefusedError):
        build(source, tmp_path / "dataset")
    dataset = build(source, tmp_path / "dataset", allow_partial=True)
    assert {tuple(row["stacks"]) for row in specs(read_rows, dataset)} == {("good",)}


def test_a_snapshots_name_never_becomes_a_path(tmp_path: Path, read_rows: Reader) -> None:
    source = tmp_path / "source"
    source.mkdir()
    data = gzip.decompress(index_of(V2, "develop-2024-06-09", "root").read_bytes())
    (source / "index.json").write_bytes(data)
    items = [{"label": "root", "url": "index.json"}]
    listed = {"../../etc": items, "develop-2024-06-09": items}
    (source / "cache_spack_io_index.json").write_text(json.dumps(listed))
    dataset = build(source, tmp_path / "dataset")
    assert [row["reason"] for row in read_rows(dataset, "rejects")] == ["unsafe-name"]
    assert {row["snapshot"] for row in specs(read_rows, dataset)} == {"develop-2024-06-09"}


def test_the_same_bytes_wherever_the_source_lies(tmp_path: Path, v2: Path) -> None:
    index_of(v2, "develop-2024-06-09", STACKS[0]).unlink()
    moved = Path(shutil.copytree(v2, tmp_path / "elsewhere" / "cache"))
    made = tmp_path / "datasets"
    ids = {sc.build(source, made / source.name).manifest.id for source in (v2, moved)}
    assert len(ids) == 1


def test_blob_names_in_the_corpus_are_their_checksums() -> None:
    blobs = [path for path in V3.glob("**/blobs/sha256/*/*") if path.is_file()]
    assert len(blobs) == 3
    for path in blobs:
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
