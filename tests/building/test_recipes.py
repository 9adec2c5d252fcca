"""The table of recipes: it outlives builds, is read by everything, and mended by its command."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

import spack_census as sc
from spack_census.building import migrate
from spack_census.building.recipes import publish
from spack_census.dataset import schema
from spack_census.dataset.layout import pin, read_manifest
from spack_census.dataset.verify import verify
from spack_census.disk import failpoints
from spack_census.errors import DatasetError
from spack_census.recipes.repository import Recipes, read_recipes
from spack_census.spack.versions import version_key
from support.command_line import Census
from support.documents_made import Spec, hash_of, write_document
from support.formats_made import FORMATS
from support.query_cases import OF_RECIPES
from support.recipes_made import recipe, write_repository
from support.repositories import init
from torture.decay import flip

DAY = dt.date(2025, 7, 1)
ZLIB = recipe(
    "Zlib",
    'maintainers("me")\nlicense("Zlib", when="@1:")\nversion("1.3")\n'
    'version("1.2", deprecated=True)\nprovides("zlib-api", when="+x")',
    "MakefilePackage",
)
RECIPES = {"zlib": ZLIB, "broken": "class (", "cuda": recipe("Cuda", "version(x)")}
Rows = Callable[[Path, str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Recipes:
    return read_recipes(write_repository(tmp_path_factory.mktemp("repo"), RECIPES))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    write_document(tmp_path / "source", "zlib", "v1.0", [Spec(version="1.2", hash=hash_of(1))])
    sc.build(tmp_path / "source", tmp_path / "dataset")
    return tmp_path / "dataset"


def files(dataset: Path) -> dict[str, str]:
    """Return path → SHA-256 of all files of the current version but those that tell of all."""
    manifest = read_manifest(pin(dataset))
    return {file.path: file.sha256 for file in manifest.files if file.table is not None}


def test_each_file_is_a_row(dataset: Path, found: Recipes, read_rows: Rows) -> None:
    done = publish(found, dataset, DAY)
    assert done.is_new
    assert done.manifest.counts["recipes"] == 3
    broken, cuda, zlib = read_rows(dataset, "recipes")
    assert zlib == {
        "namespace": "builtin",
        "package": "zlib",
        "path": "repos/spack_repo/builtin/packages/zlib/package.py",
        "sha256": zlib["sha256"],
        "reading": "whole",
        "versions": [
            {**_version("1.3"), "is_deprecated": False},
            {**_version("1.2"), "is_deprecated": True},
        ],
        "maintainers": ["me"],
        "licenses": [{"license": "Zlib", "conditions": ["@1:"]}],
        "build_systems": ["makefile"],
        "provides": [{"virtual": "zlib-api", "conditions": ["+x"]}],
        "unread": [],
        "num_unread": 0,
        "reason": None,
        "place": None,
        "message": None,
        "source": "directory",
        "revision": found.revision,
        "revision_date": None,
        "read_date": DAY,
    }
    assert (cuda["reading"], cuda["num_unread"]) == ("partly", 1)
    assert cuda["unread"] == ["line 5: version: x is no constant"]
    assert (broken["reading"], broken["reason"], broken["place"]) == (
        "rejected",
        "bad-python",
        "line 1",
    )
    assert verify(dataset).findings == ()
    with sc.connect(dataset) as con:
        assert con.sql("select count(*) from recipes").fetchall() == [(3,)]
    frame = sc.scan(dataset, "recipes").collect()
    assert frame["package"].to_list() == ["broken", "cuda", "zlib"]
    assert frame.columns == [column.name for column in schema.RECIPES.columns]


def _version(text: str) -> dict[str, Any]:
    return {"version": text, "version_key": version_key(text), "is_preferred": False}


def test_what_stands_beside_it_stays(dataset: Path, found: Recipes) -> None:
    before = files(dataset)
    publish(found, dataset, DAY)
    after = files(dataset)
    assert {path: sha for path, sha in after.items() if not path.startswith("recipes/")} == before


def test_the_same_again_publishes_nothing_whatever_the_day(dataset: Path, found: Recipes) -> None:
    first = publish(found, dataset, DAY)
    again = publish(found, dataset, DAY + dt.timedelta(days=1))
    assert not again.is_new
    assert again.manifest == first.manifest


def test_the_same_recipes_give_the_same_bytes(
    dataset: Path, found: Recipes, tmp_path: Path
) -> None:
    other = Path(shutil.copytree(dataset, tmp_path / "other", symlinks=True))
    turned = write_repository(tmp_path / "repo", dict(reversed(RECIPES.items())))
    assert (
        publish(found, dataset, DAY).manifest == publish(read_recipes(turned), other, DAY).manifest
    )


def test_reading_anew_replaces_all_that_was_read(
    dataset: Path, found: Recipes, tmp_path: Path, read_rows: Rows
) -> None:
    publish(found, dataset, DAY)
    repository = init(tmp_path / "repo")
    write_repository(repository.root, {"hdf5": recipe("Hdf5", "")}, namespace="site")
    commit = repository.commit("2025-06-01T12:00:00Z")
    publish(read_recipes(repository.root, rev="HEAD"), dataset, DAY)
    (row,) = read_rows(dataset, "recipes")
    assert (row["package"], row["namespace"], row["source"]) == ("hdf5", "site", "git")
    assert (row["revision"], row["revision_date"]) == (commit, dt.date(2025, 6, 1))
    assert verify(dataset).findings == ()


def test_a_build_leaves_it_as_it_is(dataset: Path, found: Recipes, tmp_path: Path) -> None:
    publish(found, dataset, DAY)
    kept = {path: sha for path, sha in files(dataset).items() if path.startswith("recipes/")}
    source = tmp_path / "source"
    write_document(source, "zlib", "v2.0", [Spec(version="1.3", hash=hash_of(2))])
    assert sc.build(source, dataset).published
    shutil.rmtree(next(source.rglob("v1.0")))
    assert sc.build(source, dataset, prune=True, replace=True).published
    assert not sc.build(source, dataset).published
    assert {p: s for p, s in files(dataset).items() if p.startswith("recipes/")} == kept
    assert verify(dataset).findings == ()


def test_a_dataset_of_an_older_format_takes_it(
    tmp_path: Path, found: Recipes, read_rows: Rows
) -> None:
    old = Path(shutil.copytree(FORMATS / "1", tmp_path / "old", symlinks=True))
    with sc.connect(old) as con:
        before = con.sql("select * from specs order by all").fetchall()
    assert publish(found, old, DAY).manifest.format == schema.FORMAT
    assert not migrate.plan(old).needed
    with sc.connect(old) as con:
        assert con.sql("select * from specs order by all").fetchall() == before
    assert len(read_rows(old, "recipes")) == 3
    assert verify(old).findings == ()


def test_a_dataset_without_it_says_nothing_of_it(dataset: Path) -> None:
    version = pin(dataset)
    assert "recipes" not in read_manifest(version).counts
    assert '"recipes"' not in (version / "datapackage.json").read_text()
    with sc.connect(dataset) as con:
        assert con.sql("from recipes").fetchall() == []
        assert con.sql("from recipes").columns == [c.name for c in schema.RECIPES.columns]
    for name in OF_RECIPES:
        with pytest.raises(duckdb.Error, match="census recipes REPO"):
            sc.query(dataset, name).fetchall()


def test_what_has_decayed_is_found_and_read_anew(dataset: Path, found: Recipes) -> None:
    publish(found, dataset, DAY)
    path = next(pin(dataset).glob("recipes/*.parquet"))
    flip(path, path.stat().st_size * 4)
    (finding,) = verify(dataset).findings
    assert (finding.kind, finding.remedy) == ("file", "read the recipes anew: census recipes REPO")
    assert publish(found, dataset, DAY).is_new
    assert verify(dataset).findings == ()
    next(pin(dataset).glob("recipes/*.parquet")).unlink()
    with pytest.raises(DatasetError, match="census recipes REPO"):
        sc.build(dataset.parent / "source", dataset, damaged=[])
    assert publish(found, dataset, DAY).is_new
    assert verify(dataset).findings == ()


def test_a_reading_that_is_cut_short_leaves_the_old_or_the_new(
    dataset: Path, found: Recipes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        pass

    steps: list[str] = []
    copies = iter(range(1000))

    def copied() -> Path:
        place = tmp_path / f"copy-{next(copies)}"
        return Path(shutil.copytree(dataset, place, symlinks=True))

    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "reached", steps.append)
        publish(found, copied(), DAY)
    seen = set()
    for number in range(0, len(steps), 3):
        left = iter(range(number, -1, -1))

        def cut(_step: str, left: Any = left) -> None:
            if next(left, 0) == 0:
                raise Cut

        place = copied()
        with monkeypatch.context() as patched:
            patched.setattr(failpoints, "reached", cut)
            with pytest.raises(Cut):
                publish(found, place, DAY)
        seen.add(read_manifest(pin(place)).counts.get("recipes", 0))
        assert [each.kind for each in verify(place).findings if each.kind != "leftover"] == []
        publish(found, place, DAY)
        assert [each.kind for each in verify(place).findings if each.kind != "leftover"] == []
    assert seen == {0, 3}


def test_the_command(dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    census = Census(dataset, capsys)
    repository = init(tmp_path / "repo")
    write_repository(repository.root, RECIPES)
    commit = repository.commit("2025-06-01T12:00:00Z")
    ran = census("recipes", str(repository.root), "--rev", "HEAD")
    assert ran.code == 0
    assert f"package repository builtin, commit {commit[:12]} of 2025-06-01" in ran.out
    assert "3 files seen = 1 read whole + 1 in part + 1 rejected" in ran.out
    assert "version 2" in ran.out
    assert "coverage.recipes_unread" in ran.err
    ran = census("recipes", str(repository.root), "--rev", "HEAD")
    assert "up to date" in ran.out
    ran = census("recipes", str(repository.root))
    assert "as its files lie there" in ran.out
    assert "--rev HEAD" in ran.err
    out = census("query coverage.recipe_versions --format json").out
    assert '"deprecated": ["1.2"]' in out or '"deprecated":["1.2"]' in out
    assert census("check").code == 0


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("recipes {0}/nothing", "is no folder"),
        ("recipes {0}/source", "no package repository of Spack is there"),
        ("recipes {0}/source --rev HEAD", "is no git repository"),
        ("recipes {0}/dataset", "lies in that of the dataset"),
        ("recipes {0}/source --dataset {0}/none", "no dataset in"),
    ],
)
def test_the_command_names_what_is_wrong(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, message: str
) -> None:
    words = line.format(tmp_path)
    census = Census(dataset, capsys)
    ran = census.bare(words) if "--dataset" in words else census(words)
    assert ran.code == 2
    assert message in ran.err
    assert "Traceback" not in ran.err
