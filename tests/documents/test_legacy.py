"""Documents of generations 1 to 3, and the spec files beside them."""

from __future__ import annotations

import io
import json
import os
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.building import builder
from spack_census.documents import legacy, parsing
from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Reason, Reject
from spack_census.errors import SourceError
from spack_census.sources.git import open_repository
from support.documents_made import hash_of
from support.repositories import init

Reader = Callable[[Path, str], list[dict[str, Any]]]
FLAGS = {name: [] for name in ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return tmp_path / "dataset"


@pytest.fixture
def source(corpus: Path, tmp_path: Path) -> Path:
    """Return a copy of the documents, old enough for their fingerprints to be trusted."""
    folder = tmp_path / "source"
    shutil.copytree(corpus / "legacy", folder)
    make_old(folder)
    return folder


def make_old(folder: Path) -> None:
    for path in folder.rglob("*.*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def node(**changes: Any) -> dict[str, Any]:
    """Return the node of a spec file, with these keys instead; None takes one away."""
    made = {
        "name": "zlib",
        "version": "1.2.11",
        "arch": {"platform": "linux", "platform_os": "ubuntu18.04", "target": "x86_64"},
        "compiler": {"name": "gcc", "version": "7.5.0"},
        "parameters": {"shared": True, "pic": False, **FLAGS},
        "hash": hash_of("zlib"),
        **changes,
    }
    return {key: value for key, value in made.items() if value is not None}


def spec_file(**changes: Any) -> bytes:
    return json.dumps({"spec": {"nodes": [node(**changes)]}}).encode()


def text(files: str = " - spec-0.json\n", names: str = " - 'zlib@1.2.11 ^x'\n") -> bytes:
    head = '---\ntitle: "zlib"\nlayout: cache\ncategories: [package, v0.18]\nmeta: {}\n'
    return f"{head}spec_files: \n{files}spec_names:\n{names}---".encode()


def parse(data: bytes, **beside: bytes) -> Document:
    """Parse a document with spec files beside it: `spec_0=b'…'` is spec-0.json."""
    named = {f"{name.replace('_', '-')}.json": content for name, content in beside.items()}
    found = parsing.parse(data, "zlib/specs.md", None, named.get)
    assert isinstance(found, Document)
    return found


def rejected(data: bytes, **beside: bytes) -> tuple[Reason, str]:
    """Return reason and place of the only problem of the only spec."""
    found = parse(data, **beside)
    [problem] = found.problems
    assert (found.records, found.num_specs_seen) == ((), 1)
    return problem.reason, problem.place


def test_each_generation_gives_its_rows(source: Path, dataset: Path, read_rows: Reader) -> None:
    for package, generation in (("adiak", 1), ("axl", 2), ("v0.18/arborx", 3)):
        name = package.rpartition("/")[2]
        sc.build(source / "_cache" / package, dataset, rename=name)
        rows = [row for row in read_rows(dataset, "specs") if row["snapshot"] == name]
        expected = {
            "package": name,
            "compiler_name": "gcc",
            "compiler_version": "7.5.0",
            "os": "ubuntu18.04",
            "platform": "linux",
            "namespace": "builtin",
            "variants": ["+mpi", "build_type=RelWithDebInfo", "patches=16d2a1b,7a9a4f1", "~ipo"],
            "stacks": [],
            "size_bytes": None,
            "package_hash": hash_of(f"{name}package") if generation == 3 else None,
        }
        assert [{key: row[key] for key in expected} for row in rows] == [expected] * 2
        assert {(row["version"], row["target"], row["hash"]) for row in rows} == {
            ("0.2.1", "x86_64_v3", hash_of(f"{name}0")),
            ("0.2.0", "zen2", hash_of(f"{name}1")),
        }
        [document] = [r for r in read_rows(dataset, "documents") if r["snapshot"] == name]
        assert document["generation"] == generation
        assert document["num_specs_declared"] == document["num_specs_written"] == 2
        assert document["warnings"] == []


def test_dependencies_are_those_of_the_spec_file(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    sc.build(source / "_cache" / "v0.18" / "arborx", dataset)
    rows = read_rows(dataset, "dependencies")
    assert len(rows) == 2
    found = [(r["dependency"], r["dependency_hash"], r["deptypes"]) for r in rows]
    assert found == [("zlib", hash_of("zlib"), ["build", "link"])] * 2


def test_a_spec_without_its_file_is_a_reject_of_its_own(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    result = sc.build(source / "_cache" / "v0.18", dataset)
    totals = result.totals
    assert (totals.specs_seen, totals.specs_written, totals.specs_rejected) == (5, 4, 1)
    [row] = read_rows(dataset, "rejects")
    assert (row["reason"], row["place"], row["package"]) == ("no-hash", "spec_files[2]", "cmake")
    assert "spec-2.json" in row["message"]
    assert "cmake@3.23.1" in row["message"]
    assert "^zlib" not in row["message"]


def test_documents_without_a_snapshot_are_rejected_and_told_of_as(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    sc.build(source, dataset)
    rows = [row for row in read_rows(dataset, "rejects") if row["reason"] == "missing-key"]
    assert [row["path"] for row in rows] == ["_cache/adiak/index.md", "_cache/axl/specs.md"]
    assert all("--as" in row["remedy"] for row in rows)


def test_another_name_for_the_same_documents_is_no_change_of_the_first(
    source: Path, dataset: Path
) -> None:
    for name in ("v0.16", "v0.17"):
        [outcome] = sc.build(source / "_cache" / "adiak", dataset, rename=name).outcomes
        assert (outcome.snapshot, outcome.status) == (name, "new")
    assert not sc.build(source / "_cache" / "adiak", dataset, rename="v0.16").published


def test_a_spec_file_that_changes_changes_the_snapshot(
    source: Path, dataset: Path, read_rows: Reader
) -> None:
    place = source / "_cache" / "v0.18" / "arborx"
    sc.build(place, dataset)
    assert not sc.build(place, dataset).published
    file = place / "spec-0.json"
    file.write_text(file.read_text().replace("0.2.1", "0.2.9"))
    make_old(source)
    assert sc.build(place, dataset).published
    assert {row["version"] for row in read_rows(dataset, "specs")} == {"0.2.0", "0.2.9"}
    file.unlink()
    assert sc.build(place, dataset, replace=True).totals.specs_rejected == 1


def test_a_spec_file_that_is_a_link_is_not_read(source: Path, dataset: Path) -> None:
    place = source / "_cache" / "v0.18" / "arborx"
    (place / "spec-0.json").rename(source / "elsewhere.json")
    (place / "spec-0.json").symlink_to(source / "elsewhere.json")
    assert sc.build(place, dataset).totals.specs_rejected == 1


def test_git_and_archives_give_the_same_rows(
    source: Path, tmp_path: Path, dataset: Path, read_rows: Reader
) -> None:
    place = source / "_cache" / "v0.18"
    sc.build(place, dataset)
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as made:
        made.add(place, ".")
    (tmp_path / "v0.18.tar").write_bytes(stream.getvalue())
    sc.build(tmp_path / "v0.18.tar", tmp_path / "from tar")
    repository = init(tmp_path / "repository")
    shutil.copytree(place, repository.root, dirs_exist_ok=True)
    repository.commit("2022-06-01T00:00:00Z")
    builder.build(open_repository(repository.root), tmp_path / "from git")
    for table in ("specs", "documents", "rejects", "dependencies"):
        expected = read_rows(dataset, table)
        assert read_rows(tmp_path / "from tar", table) == expected
        assert read_rows(tmp_path / "from git", table) == expected


def test_git_dates_what_names_no_snapshot_by_the_last_change(
    source: Path, tmp_path: Path, dataset: Path
) -> None:
    repository = init(tmp_path / "repository")
    shutil.copytree(source, repository.root, dirs_exist_ok=True)
    repository.commit("2021-03-04T00:00:00Z")
    (repository.root / "README.md").write_text("no document")
    repository.commit("2022-01-01T00:00:00Z")
    result = builder.build(open_repository(repository.root), dataset)
    assert [o.snapshot for o in result.outcomes] == ["unnamed@2021-03-04", "v0.18"]
    repository.git("rm", "--quiet", "-r", "_cache/v0.18")
    repository.commit("2022-02-01T00:00:00Z")
    result = builder.build(open_repository(repository.root, unnamed="v0.17"), dataset)
    assert [outcome.snapshot for outcome in result.outcomes] == ["v0.17"]


def test_git_and_archives_see_a_spec_file_that_changes(
    source: Path, tmp_path: Path, dataset: Path
) -> None:
    repository = init(tmp_path / "repository")
    shutil.copytree(source / "_cache" / "v0.18", repository.root / "develop")
    repository.commit("2022-06-01T00:00:00Z")
    builder.build(open_repository(repository.root), dataset)
    file = repository.root / "develop" / "arborx" / "spec-0.json"
    file.write_text(file.read_text().replace("0.2.1", "0.2.9"))
    repository.commit("2022-06-02T00:00:00Z")
    builder.build(open_repository(repository.root), dataset)
    versions = sc.scan(dataset).select("snapshot", "package", "version").collect().rows()
    assert ("develop@2022-06-01", "arborx", "0.2.1") in versions
    assert ("develop@2022-06-02", "arborx", "0.2.9") in versions
    assert ("develop@2022-06-02", "arborx", "0.2.1") not in versions


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{\n "a"}', (Reason.BAD_JSON, "spec_files[0]: line 2, column 5")),
        (b"\xff", (Reason.NOT_UTF8, "spec_files[0]: byte 0")),
        (b"[]", (Reason.MISSING_KEY, "spec_files[0].spec.nodes[0]")),
        (b'{"spec": {"nodes": []}}', (Reason.MISSING_KEY, "spec_files[0].spec.nodes[0]")),
        (spec_file(name="other"), (Reason.NO_HASH, "spec_files[0].name")),
        (spec_file(hash=None), (Reason.NO_HASH, "spec_files[0].hash")),
        (spec_file(hash="short"), (Reason.BAD_HASH, "spec_files[0].hash")),
        (spec_file(version=1.1), (Reason.WRONG_TYPE, "spec_files[0].version")),
        (spec_file(arch="linux"), (Reason.WRONG_TYPE, "spec_files[0].arch")),
        (b" " * (LIMITS.spec_file_bytes + 1), (Reason.TOO_LARGE, "spec_files[0]")),
        (b'{"a":' * 100_000, (Reason.TOO_DEEP, "spec_files[0]")),
    ],
)
def test_a_bad_spec_file_rejects_its_spec_alone(data: bytes, expected: tuple[Reason, str]) -> None:
    assert rejected(text(), spec_0=data) == expected
    files, names = " - spec-0.json\n - spec-1.json\n", " - 'a'\n - 'b'\n"
    found = parse(text(files, names), spec_0=data, spec_1=spec_file())
    assert [record.hash for record in found.records] == [hash_of("zlib")]


def test_a_spec_file_of_before_spack_0_17_is_read() -> None:
    fields = node()
    named = json.dumps({"spec": [{fields.pop("name"): fields}]}).encode()
    new, old = parse(text(), spec_0=spec_file()), parse(text(), spec_0=named)
    assert old.records == new.records
    assert len(old.records) == 1


@pytest.mark.parametrize(
    "name", ["../spec-0.json", "/etc/passwd", "spec-0.json\\n", "spec-.json", "index.json"]
)
def test_no_other_file_can_be_named(name: str) -> None:
    def read(name: str) -> bytes:
        raise AssertionError(name)

    data = text(files=f' - "{name}"\n')
    found = parsing.parse(data, "zlib/specs.md", None, read)
    assert isinstance(found, Document)
    assert [problem.reason for problem in found.problems] == [Reason.UNSAFE_NAME]


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (" - spec-0.json\n - spec-1.json\n", " - 'a'\n"),
        (" - spec-0.json\n", " - 'a'\n - 'b'\n"),
        (" - [spec-0.json]\n", " - 'a'\n"),
        (" - 1\n", " - 'a'\n"),
    ],
)
def test_lists_that_do_not_match_reject_the_document(files: str, names: str) -> None:
    found = parsing.parse(text(files, names), "zlib/specs.md")
    assert isinstance(found, Reject)
    assert (found.problem.reason, found.snapshot) == (Reason.WRONG_TYPE, "v0.18")


def test_one_hash_twice_is_one_spec_and_a_reject() -> None:
    files, names = " - spec-0.json\n - spec-1.json\n", " - 'a'\n - 'b'\n"
    found = parse(text(files, names), spec_0=spec_file(), spec_1=spec_file())
    assert [problem.reason for problem in found.problems] == [Reason.DUPLICATE_HASH]
    assert (len(found.records), found.num_specs_seen) == (1, 2)


def test_lists_of_megabytes_are_read_and_the_yaml_reader_agrees() -> None:
    number = 20_000
    files = "".join(f" - spec-{index}.json\n" for index in range(number))
    names = "".join(f" - 'zlib@{index} {'+x' * 50}'\n" for index in range(number))
    data = text(files, names)
    assert len(data) > 2 * LIMITS.yaml_bytes
    found = parsing.parse(data, "zlib/specs.md")
    assert isinstance(found, Document)
    assert {problem.reason for problem in found.problems} == {Reason.NO_HASH}
    assert found.num_specs_seen == number
    few = b"\n".join(data.splitlines()[5:10]) + b"\nspec_names:\n - 'it'\n - \"is\"\n"
    import yaml

    assert legacy.lists(few)[0] == yaml.safe_load(few)


def test_the_fingerprint_covers_the_spec_files() -> None:
    hashes = {
        parse(text(), spec_0=spec_file()).sha256,
        parse(text(), spec_0=spec_file(version="2")).sha256,
        parse(text()).sha256,
    }
    assert len(hashes) == 3


def test_a_source_of_only_old_documents_tells_how_to_name_them(source: Path, dataset: Path) -> None:
    with pytest.raises(SourceError) as caught:
        sc.build(source / "_cache" / "adiak", dataset)
    assert "names no snapshot" in str(caught.value)
