"""Several caches together: the union of what they hold, and which of them has what."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.environments.closures import knows_dependencies
from support.command_line import Census, rows

HERE = Path(__file__).parents[1]
WORKBENCH = HERE / "environments" / "workbench" / "spack.lock"
SNAPSHOT = "develop-2026-01-11"
OLD, NEW = "develop-2024-06-02", "develop-2024-06-09"


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(HERE / "corpus" / "buildcache" / "v3", dataset)
    return dataset


@pytest.fixture
def census(shipped: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(shipped, capsys)


def hits(dataset: Path | list[Path], snapshot: str | list[str]) -> set[str | None]:
    return {each.hash for each in sc.environment(dataset, WORKBENCH, snapshot).having("hit")}


def test_a_lockfile_against_two_snapshots_is_the_union(shipped: Path) -> None:
    alone = [hits(shipped, name) for name in (OLD, NEW)]
    found = sc.environment(shipped, WORKBENCH, [OLD, NEW])
    assert {each.hash for each in found.having("hit")} == alone[0] | alone[1]
    for each in found.having("hit"):
        assert each.caches == tuple(
            name for name, held in zip((OLD, NEW), alone, strict=True) if each.hash in held
        )
    assert found.snapshot == f"{OLD} and {NEW}"


def test_what_one_cache_lacks_another_may_have(
    indexed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An index without one of sqlite's dependencies is a hole alone, and none beside the whole."""
    source = HERE / "corpus" / "buildcache" / "v3"
    with sc.connect(indexed) as con:
        sql = (
            "select distinct s.hash from specs as s join dependencies as d"
            " on d.dependency_hash = s.hash where s.package = 'readline'"
        )
        readlines = {hash_ for (hash_,) in con.sql(sql).fetchall()}
    holed = tmp_path / "holed"
    sc.build(without(source, readlines, tmp_path / "mirror"), holed)
    (tmp_path / "spack.yaml").write_text("spack: {specs: [sqlite, zlib-ng]}")
    (sqlite, zlib) = sc.environment(holed, tmp_path).specs
    assert (sqlite.status, zlib.status) == ("hole", "hit")
    assert sqlite.compiles
    assert [each.partition("/")[0] for each in sqlite.lacking] == ["readline"]
    (sqlite, _) = sc.environment([holed, indexed], tmp_path).specs
    assert sqlite.status == "hit"
    assert sqlite.lacking == ()
    census = Census(holed, capsys)
    found = rows(census("find", "sqlite", "--format", "json").out)
    assert len(found) == 2
    ran = census("find", "sqlite", "--installable", "--format", "json")
    assert rows(ran.out) == []
    assert "needs readline/" in ran.err
    both = ("--dataset", str(indexed))
    found = rows(census("find", "sqlite", "--installable", *both, "--format", "json").out)
    assert len(found) == 2
    # The binary itself is in both; installed from one alone it would lack readline.
    assert [len(row["caches"]) for row in found] == [2, 2]
    ladder = sc.why(holed, "sqlite")
    assert ladder.broken is not None
    assert (ladder.broken.attribute, ladder.broken.num_specs) == ("needs", 0)


def without(source: Path, hashes: set[str], place: Path) -> Path:
    """Return a mirror of one index of the source, some binaries of which are gone."""
    (blob,) = [path for path in source.rglob("b7*/*") if path.is_file()]
    data = blob.read_bytes()
    index = json.loads(gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data)
    for hash_ in hashes:
        index["database"]["installs"][hash_]["in_buildcache"] = False
    folder = place / SNAPSHOT / "build_cache"
    folder.mkdir(parents=True)
    (folder / "index.json.gz").write_bytes(gzip.compress(json.dumps(index).encode(), mtime=0))
    url = f"s3://spack-binaries/{SNAPSHOT}/build_cache/index.json"
    listing = {SNAPSHOT: [{"label": "root", "url": url}]}
    (place / "cache_spack_io_index.json").write_text(json.dumps(listing))
    return place


def test_a_snapshot_that_only_one_dataset_has(shipped: Path, indexed: Path, tmp_path: Path) -> None:
    (tmp_path / "spack.yaml").write_text("spack: {specs: [sqlite]}")
    (fit,) = sc.environment([shipped, indexed], tmp_path, OLD).specs
    assert (fit.status, fit.caches) == ("hit", (f"{shipped}: {OLD}",))
    with pytest.raises(sc.errors.UnknownNameError, match="no snapshot 'nothing'"):
        sc.environment([shipped, indexed], tmp_path, "nothing")


def test_the_best_answer_of_several_counts(shipped: Path, indexed: Path, tmp_path: Path) -> None:
    texts = ["parallel", "tmux@3.6", "hdf5 ^intel-oneapi-mpi", "nonsense ["]
    (tmp_path / "spack.yaml").write_text(f"spack: {{specs: {json.dumps(texts)}}}")
    found = sc.environment([shipped, indexed], tmp_path).specs
    statuses = [each.status for each in found]
    assert statuses == ["miss", "hit", "hit", "cannot tell"]
    assert found[1].caches == (f"{indexed}: {SNAPSHOT}",)


def test_find_over_two_datasets(indexed: Path, census: Census) -> None:
    options = ("--dataset", str(indexed), "--format", "json")
    found = rows(census("find", "tmux", *options).out)
    assert [row["version"] for row in found] == ["3.6", "3.4", "3.4"]
    assert found[0]["caches"] == [f"{indexed}: {SNAPSHOT}"]
    # Documents cannot answer for dependencies: the index does.
    ran = census("find", "hdf5", "^intel-oneapi-mpi", *options)
    assert (ran.code, len(rows(ran.out))) == (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        ("find", "hdf5", "--os", "rhel9", "--os", "rhel8"),
        ("why", "hdf5", "--host", "zen4", "--host=zen3"),
        ("env", "x", "--format", "csv", "--format", "json"),
        ("coverage", "--target", "zen4", "--target", "zen3"),
        ("diff", "--package", "a", "--package", "b"),
    ],
)
def test_a_repeated_option_is_never_silently_the_last(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(list(words)) == 2
    assert "is given 2 times" in capsys.readouterr().err


def test_ranking_is_of_one_dataset(indexed: Path, census: Census) -> None:
    ran = census("env", str(WORKBENCH), "--all-snapshots", "--dataset", str(indexed))
    assert (ran.code, "ranks all snapshots of one dataset" in ran.err) == (2, True)


def test_find_ends_with_what_to_paste(census: Census) -> None:
    ran = census("find", "HDF5@1.8", "+fortran")
    assert ran.code == 0
    assert "HDF5 is read as hdf5" in ran.err
    lines = ran.out.splitlines()
    (hash_,) = {word for word in lines[1].split() if len(word) == 32}
    assert f"  spack install --cache-only hdf5/{hash_}" in lines
    assert f"  spack mirror add {NEW} https://binaries.spack.io/{NEW}" in lines


def test_find_without_a_hit_tells_where_specs_drop_out(census: Census) -> None:
    ran = census("find", "hdf5@9:")
    assert "meets this condition: @9:" in " ".join(ran.out.split())
    ran = census("find", "hdf5@9:", "--format", "csv")
    assert ran.out.count("\n") == 1
    assert "meets this condition: @9:" in " ".join(ran.err.split())


def test_documents_cannot_tell_what_is_installable(census: Census, shipped: Path) -> None:
    with sc.connect(shipped) as con:
        assert not knows_dependencies(con, NEW)
    ran = census("find", "hdf5", "--installable")
    assert (ran.code, "does not tell what depends on what" in ran.err) == (2, True)


def test_exit_codes_of_env(census: Census, tmp_path: Path) -> None:
    def code(*roots: str) -> int:
        (tmp_path / "spack.yaml").write_text(f"spack: {{specs: {json.dumps(list(roots))}}}")
        return census("env", str(tmp_path), "--exit-code").code

    assert code("sqlite") == 0
    assert code("sqlite", "what [") == 3
    assert code("sqlite", "what [", "no-such-package") == 1
