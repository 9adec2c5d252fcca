"""`verify` finds whatever is not as it was written; `--repair` mends what a source can mend."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import spack_census as sc
from spack_census.dataset import laws
from spack_census.dataset.layout import Manifest, encode_manifest, pin, read_manifest, seal
from spack_census.dataset.publication import lock
from spack_census.dataset.verify import Finding, verify
from spack_census.errors import DatasetError
from support.command_line import Census, rows
from support.documents_made import Spec, hash_of, write_document
from support.repositories import init
from support.web import serve
from torture.decay import flip

SNAPSHOTS = ("develop", "develop-2025-01-05")
PACKAGES = ("hdf5", "zlib", "zlib-ng")
TARGETS = ("x86_64_v3", "zen4")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("verify") / "source"
    for snapshot in SNAPSHOTS:
        for package in PACKAGES:
            specs = [
                Spec(target=target, hash=hash_of((snapshot, package, target))) for target in TARGETS
            ]
            bad = Spec(os="", hash=hash_of((snapshot, package)))
            write_document(folder, package, snapshot, [*specs, bad])
    return folder


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    """Return a dataset of two versions; the current one has files of its own and hard links."""
    dataset = source.parent / "dataset"
    sc.build(source / "_cache" / SNAPSHOTS[0], dataset)
    sc.build(source, dataset)
    return dataset


@pytest.fixture
def dataset(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "dataset", symlinks=True))


def found(dataset: Path) -> list[Finding]:
    return list(verify(dataset).findings)


def parts(dataset: Path) -> list[Path]:
    return sorted(pin(dataset).rglob("*.parquet"))


def rewrite(path: Path, data: bytes) -> None:
    path.chmod(0o644)
    path.write_bytes(data)


def test_nothing_is_wrong_with_what_a_build_wrote(dataset: Path) -> None:
    seen = verify(dataset)
    assert seen.findings == ()
    assert seen.num_bytes == sum(
        path.stat().st_size
        for path in seen.version.rglob("*")
        if path.name != "manifest.json"
        if path.is_file()
    )


def test_a_flipped_bit_is_found_in_every_file(dataset: Path) -> None:
    version = pin(dataset)
    files = [path for path in sorted(version.rglob("*")) if path.is_file()]
    assert len(files) > 10
    for number, path in enumerate(files):
        size = 8 * path.stat().st_size
        for bit in (0, number * 977 % size, size - 1):
            flip(path, bit)
            try:
                named = {each.path for each in verify(dataset).findings}
            except DatasetError as error:
                named = {str(path.relative_to(dataset))} if path.name in str(error) else set()
            assert str(path.relative_to(dataset)) in named, (path, bit)
            flip(path, bit)
    assert found(dataset) == []


def swap(one: Path, other: Path) -> None:
    one.rename(one.with_name("aside"))
    other.rename(one)
    one.with_name("aside").rename(other)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "shorter": lambda path: rewrite(path, path.read_bytes()[:-1]),
    "longer": lambda path: rewrite(path, path.read_bytes() + b"\0"),
    "empty": lambda path: rewrite(path, b""),
    "gone": Path.unlink,
    "a folder": lambda path: (path.unlink(), path.mkdir()),  # type: ignore[dict-item, func-returns-value]
    "a link": lambda path: path.rename(path.parents[3] / "aside") and path.symlink_to("aside"),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_with_its_snapshot(dataset: Path, damage: str) -> None:
    path = next(each for each in parts(dataset) if "specs/" in str(each))
    snapshot = path.parent.name.removeprefix("snapshot=")
    DAMAGES[damage](path)
    seen = [each for each in found(dataset) if each.path == str(path.relative_to(dataset))]
    assert [(each.kind, each.snapshot) for each in seen] == [("file", snapshot)]
    assert ("bytes instead of" in seen[0].message) == (damage in ("shorter", "longer", "empty"))
    assert "census verify --repair" in seen[0].remedy


def test_two_files_swapped_are_both_found(dataset: Path) -> None:
    one, other = [path for path in parts(dataset) if "target=zen4" in str(path)]
    swap(one, other)
    named = {each.path for each in found(dataset) if each.kind == "file"}
    assert named == {str(path.relative_to(dataset)) for path in (one, other)}


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("current/specs/part-0.parquet", "readers take it"),
        ("current/specs/platform=linux/target=zen4/snapshot=x/part-0.parquet", "readers take it"),
        ("current/notes.txt", "readers take it"),
        ("staging/1234/version/manifest.json", "cut short"),
        (".fingerprints.json.draft", "cut short"),
        (".owners.json.draft", "cut short"),
        ("versions/00000099-0123456789abcdef/manifest.json", "never became current"),
        ("versions/copy/manifest.json", "no version"),
        ("notes.txt", "no part of a dataset"),
    ],
)
def test_a_stray_file_is_found_and_nothing_else(dataset: Path, place: str, told: str) -> None:
    path = dataset / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"")
    (seen,) = found(dataset)
    real = str(path.resolve().relative_to(dataset.resolve()))
    assert (seen.kind, seen.snapshot) == ("leftover", None)
    assert real.startswith(seen.path)
    assert told in seen.message
    assert seen.remedy


def test_what_a_running_build_has_in_hand_is_no_leftover(dataset: Path) -> None:
    with lock(dataset) as publication:
        (publication.staging / "task-0").mkdir()
        (dataset / "versions" / "00000099-0123456789abcdef").mkdir()
        assert found(dataset) == []
    assert len(found(dataset)) == 2


def test_a_version_published_meanwhile_is_no_leftover(
    dataset: Path, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = shutil.copytree(source, tmp_path / "more")
    write_document(more, "new", "develop", [Spec()])
    check = laws.check

    def and_publish(*arguments: Any) -> Iterator[laws.Breach]:
        yield from check(*arguments)
        sc.build(more, dataset, jobs=1)

    monkeypatch.setattr(laws, "check", and_publish)
    assert found(dataset) == []
    assert pin(dataset).name.startswith("00000003")


def forge(dataset: Path, path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change a file's rows and make the manifest vouch for it: only the laws can tell."""
    version = pin(dataset)
    manifest = read_manifest(version)
    table = change(pq.ParquetFile(path).read())
    path.unlink()
    pq.write_table(table, path)
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    path = path.rename(path.with_name(f"part-{digest[:16]}.parquet"))
    old = next(file for file in manifest.files if (version / file.path).parent == path.parent)
    new = msgspec.structs.replace(
        old,
        path=str(path.relative_to(version)),
        size_bytes=len(data),
        rows=table.num_rows,
        sha256=digest,
    )
    files = [new if file == old else file for file in manifest.files]
    counts = dict(manifest.counts)
    assert old.table is not None
    assert old.rows is not None
    counts[old.table] += table.num_rows - old.rows
    publish(dataset, msgspec.structs.replace(manifest, files=files, counts=counts))


def publish(dataset: Path, manifest: Manifest) -> None:
    """Write a manifest over the current one and seal it."""
    version = pin(dataset)
    manifest = msgspec.structs.replace(manifest, id=f"{manifest.id[:9]}{seal(manifest)}")
    rewrite(version / "manifest.json", encode_manifest(manifest))
    version.rename(version.with_name(manifest.id))
    (dataset / "current").unlink()
    (dataset / "current").symlink_to(f"versions/{manifest.id}")


def doubled(table: pa.Table) -> pa.Table:
    return pa.concat_tables([table, table]).sort_by("hash")


def nullable(table: pa.Table) -> pa.Table:
    return table.cast(pa.schema([field.with_nullable(nullable=True) for field in table.schema]))


FORGERIES: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "not sorted": ("specs", lambda table: table.take(list(reversed(range(table.num_rows))))),
    "specs, 6 accounted for": ("specs", lambda table: table.slice(1)),
    "specs, 6 accounted": ("specs", doubled),
    "columns are not those": ("specs", lambda table: table.drop(["os"])),
    "columns are not those of": ("specs", nullable),
    "another description": (
        "specs",
        lambda table: table.cast(pa.schema([field.remove_metadata() for field in table.schema])),
    ),
    "packages have not the specs": (
        "specs",
        lambda table: table.set_column(
            table.schema.names.index("package"),
            table.schema.field("package"),
            pa.array(["a", *table["package"].to_pylist()[1:]]),
        ),
    ),
    "rejects of specs": ("rejects", lambda table: table.slice(1)),
    "documents, 3 accounted for": ("documents", lambda table: table.slice(1)),
    "specs seen": (
        "documents",
        lambda table: table.set_column(
            table.schema.names.index("num_specs_seen"),
            table.schema.field("num_specs_seen"),
            pc.add(table["num_specs_seen"], 1).cast(table["num_specs_seen"].type),
        ),
    ),
}


@pytest.mark.parametrize("told", FORGERIES)
def test_rows_that_break_a_law_are_found_though_every_hash_is_right(
    dataset: Path, told: str
) -> None:
    table, change = FORGERIES[told]
    manifest = read_manifest(pin(dataset))
    file = next(each for each in manifest.files if each.table == table and each.snapshot)
    forge(dataset, pin(dataset) / file.path, change)
    seen = found(dataset)
    assert [each for each in seen if told in each.message], seen
    assert {each.kind for each in seen} <= {"rows", "counts"}
    assert {each.snapshot for each in seen} == {file.snapshot}


def test_a_forged_manifest_is_found_though_its_id_is_right(dataset: Path) -> None:
    manifest = read_manifest(pin(dataset))
    state = msgspec.structs.replace(manifest.snapshots["develop"], num_packages=99)
    publish(
        dataset,
        msgspec.structs.replace(manifest, snapshots={**manifest.snapshots, "develop": state}),
    )
    messages = [each.message for each in found(dataset)]
    assert any("packages with specs, 99 accounted for" in each for each in messages)
    assert any("num_packages is not the same in table and manifest" in each for each in messages)


def test_a_file_in_the_folder_of_another_snapshot_is_found(dataset: Path) -> None:
    manifest = read_manifest(pin(dataset))
    file = next(each for each in manifest.files if each.table == "specs")
    other = file.path.replace(f"snapshot={file.snapshot}", "snapshot=..%2F")
    files = [
        msgspec.structs.replace(each, path=other) if each == file else each
        for each in manifest.files
    ]
    (pin(dataset) / other).parent.mkdir()
    (pin(dataset) / file.path).rename(pin(dataset) / other)
    (pin(dataset) / file.path).parent.rmdir()
    publish(dataset, msgspec.structs.replace(manifest, files=files))
    assert any("no value may have" in each.message for each in found(dataset))


@pytest.fixture
def census(dataset: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(dataset, capsys)


def test_verify_says_what_it_read_and_exits_with_0(census: Census) -> None:
    ran = census("verify")
    assert (ran.code, ran.err) == (0, "")
    assert "rows" in ran.out
    assert "all as it was written" in ran.out
    assert rows(census("verify --format json").out) == []


def test_verify_names_damage_and_how_to_mend_it_and_exits_with_1(
    census: Census, dataset: Path
) -> None:
    path = parts(dataset)[0]
    flip(path, 100)
    ran = census("verify")
    assert ran.code == 1
    assert str(path.relative_to(dataset)) in ran.out
    assert "census verify --repair SOURCE" in ran.out
    (row,) = rows(census("verify --format json").out)
    assert row["path"] == str(path.relative_to(dataset))


def test_repair_brings_every_row_back(
    census: Census, dataset: Path, source: Path, built: Path, read_rows: Any
) -> None:
    specs = [path for path in parts(dataset) if "specs/" in str(path)]
    documents = [path for path in parts(dataset) if "documents/" in str(path)]
    flip(specs[0], 1000)
    specs[1].unlink()
    rewrite(documents[0], b"")
    (pin(dataset) / "specs" / "stray.parquet").write_bytes(b"")
    old = pin(dataset)
    ran = census("verify --repair", str(source))
    assert ran.code == 0, ran.err
    assert "4 found wrong" in ran.err
    assert "repaired" in ran.err
    assert "all as it was written" in ran.out
    assert pin(dataset) != old
    for table in ("specs", "documents", "rejects", "snapshots"):
        key = str
        assert sorted(read_rows(dataset, table), key=key) == sorted(
            read_rows(built, table), key=key
        )


def test_repair_mends_a_manifest_and_small_tables(
    census: Census, dataset: Path, source: Path
) -> None:
    version = pin(dataset)
    rewrite(version / "manifest.json", (version / "manifest.json").read_bytes() + b" ")
    rewrite(next((version / "snapshots").iterdir()), b"no Parquet")
    assert {each.kind for each in found(dataset)} == {"manifest", "file"}
    assert census("verify --repair", str(source)).code == 0
    assert found(dataset) == []


def repaired(census: Census, dataset: Path, source: Path | str, options: str) -> None:
    flip(next(each for each in parts(dataset) if "specs/" in str(each)), 100)
    assert found(dataset) != []
    ran = census(f"verify {options} --repair", str(source))
    assert (ran.code, found(dataset)) == (0, []), ran.err


@pytest.mark.parametrize("options", ["", "--as kept", "--git", "--git --rev HEAD --every week"])
def test_repair_takes_the_options_of_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: str
) -> None:
    made = init(tmp_path / "repository")
    for day in (6, 7):
        made.write("develop", "zlib", f"1.{day}")
        made.commit(f"2025-01-0{day}T10:00:00Z")
    census = Census(tmp_path / "dataset", capsys)
    assert census(f"build {options}", str(made.root)).code == 0
    repaired(census, tmp_path / "dataset", made.root, options)


def test_repair_with_the_sizes_that_were_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = Path(__file__).parents[1] / "corpus" / "buildcache" / "v3"
    census = Census(tmp_path / "dataset", capsys)
    assert census("build --with-sizes", str(source)).code == 0
    sizes = sc.scan(tmp_path / "dataset").select("hash", "size_bytes").collect().rows()
    repaired(census, tmp_path / "dataset", source, "--with-sizes")
    again = sc.scan(tmp_path / "dataset").select("hash", "size_bytes").collect().rows()
    assert sorted(again, key=str) == sorted(sizes, key=str)


def test_repair_from_addresses(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = Path(__file__).parents[1] / "corpus" / "buildcache"
    shutil.copytree(corpus, tmp_path / "site")
    census = Census(tmp_path / "dataset", capsys)
    with serve(tmp_path / "site") as site, chdir(tmp_path):
        for address in (f"{site.url}/v3", (tmp_path / "site" / "v3").as_uri()):
            assert census("build", address).code == 0
            repaired(census, tmp_path / "dataset", address, "")


def test_repair_from_a_source_without_the_snapshot_is_refused(
    census: Census, dataset: Path, source: Path
) -> None:
    path = next(each for each in parts(dataset) if "snapshot=develop-2025-01-05" in str(each))
    flip(path, 5)
    before = pin(dataset)
    ran = census("verify --repair", str(source / "_cache" / "develop"))
    assert (ran.code, ran.out) == (2, "")
    assert "none of the damaged snapshots: develop-2025-01-05" in ran.err
    assert pin(dataset) == before


def test_repair_leaves_what_only_a_person_can_judge(
    census: Census, dataset: Path, source: Path
) -> None:
    (dataset / "notes.txt").write_text("mine")
    ran = census("verify --repair", str(source))
    assert ran.code == 1
    assert "notes.txt" in ran.out
    assert (dataset / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("data", [b"", b"{]", b"{}", b'{"id": "\xb7"}'])
def test_a_manifest_past_reading_is_trouble_with_a_way_back(
    census: Census, dataset: Path, data: bytes
) -> None:
    rewrite(pin(dataset) / "manifest.json", data)
    for command in ("verify", "snapshots"):
        ran = census(command)
        assert (ran.code, ran.out) == (2, "")
        assert "manifest.json cannot be read" in ran.err
        assert "go back: ln -s versions/00000001-" in ran.err


def test_the_id_vouches_for_what_no_law_is_about(dataset: Path) -> None:
    version = pin(dataset)
    manifest = read_manifest(version)
    tools = {**manifest.tools, "duckdb": "0.1"}
    rewrite(
        version / "manifest.json", encode_manifest(msgspec.structs.replace(manifest, tools=tools))
    )
    (seen,) = found(dataset)
    assert (seen.kind, seen.path) == ("manifest", f"versions/{version.name}/manifest.json")


def test_verify_needs_to_write_nothing(dataset: Path) -> None:
    if os.getuid() == 0:
        before = {path: path.lstat().st_mtime_ns for path in dataset.rglob("*")}
        assert found(dataset) == []
        assert {path: path.lstat().st_mtime_ns for path in dataset.rglob("*")} == before
        return
    for folder in (dataset, *(path for path in dataset.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    assert found(dataset) == []
    for folder in (dataset, *(path for path in dataset.rglob("*") if path.is_dir())):
        folder.chmod(0o755)
