"""Index views: a mirror's named subsets become stacks, with a default index or without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.errors import RefusedError, SourceError, UnknownNameError
from spack_census.fetch.fetching import fetch
from spack_census.fetch.patience import Patience
from support import mirrors, naive_index
from support.web import Site, serve

Reader = Callable[[Path, str], list[dict[str, Any]]]
QUICK = Patience(attempts=2, pause_seconds=0.01)
SNAPSHOT = "develop-2026-06-28"
TRUTH = mirrors.CORPUS.parent


def rows(read_rows: Reader, source: Path | str, dataset: Path, **options: Any) -> list[Any]:
    sc.build(source, dataset, **options)
    return sorted(read_rows(dataset, "specs"), key=lambda row: str(row["hash"]))


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    return mirrors.with_views(tmp_path / SNAPSHOT)


def test_views_beside_the_default_index_are_stacks(
    mirror: Path, tmp_path: Path, read_rows: Reader
) -> None:
    listed = rows(read_rows, TRUTH, tmp_path / "listed")
    assert rows(read_rows, mirror, tmp_path / "viewed") == listed
    stacks = {stack for row in listed for stack in row["stacks"]}
    assert stacks == {"root", *mirrors.STACKS}
    for check in ("conservation", "declared_counts", "dependencies", "duplicate_hash"):
        assert len(sc.query(tmp_path / "viewed", f"checks.{check}").pl()) == 0


def test_a_mirror_with_views_only_gives_their_union(tmp_path: Path, read_rows: Reader) -> None:
    mirror = mirrors.with_views(tmp_path / "site", default=False)
    found = rows(read_rows, mirror, tmp_path / "dataset", rename=SNAPSHOT)
    expected: dict[str, list[str]] = {}
    for stack in mirrors.STACKS:
        path = mirrors.CORPUS / stack / "build_cache" / "index.json.gz"
        for key, record in naive_index.installs(path).items():
            if record["in_buildcache"]:
                expected.setdefault(key, []).append(stack)
    assert {row["hash"]: row["stacks"] for row in found} == expected


@pytest.mark.parametrize("view", mirrors.STACKS)
def test_one_view_alone(mirror: Path, tmp_path: Path, read_rows: Reader, view: str) -> None:
    alone = rows(read_rows, mirror, tmp_path / "option", view=view)
    assert {tuple(row["stacks"]) for row in alone} == {(view,)}
    file = mirror / "v3" / "manifests" / "index" / view / "index.manifest.json"
    assert rows(read_rows, file, tmp_path / "file") == alone
    arguments = ["build", str(mirror), "--view", view, "--dataset", str(tmp_path / "command")]
    assert main(arguments) == 0
    assert len(read_rows(tmp_path / "command", "specs")) == len(alone)


def test_a_view_that_is_not_there_names_those_that_are(mirror: Path, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no index view 'splice'") as unknown:
        sc.build(mirror, tmp_path / "dataset", view="splice")
    assert unknown.value.nearest == ["spliced"]


@pytest.mark.parametrize("view", ["..", "a/../b", "/a", "a/", "a//b", ""])
def test_a_view_never_becomes_a_path(mirror: Path, tmp_path: Path, view: str) -> None:
    with pytest.raises((UnknownNameError, SourceError), match="index view"):
        sc.build(mirror, tmp_path / "dataset", view=view)
    with serve(mirror) as site, pytest.raises(SourceError, match="no name of an index view"):
        fetch(site.url, tmp_path / "folder", views=[view], patience=QUICK)


def test_names_of_views_may_have_parts(tmp_path: Path, read_rows: Reader) -> None:
    """A view below a view, and two that differ in their first part only."""
    mirror = tmp_path / SNAPSHOT
    names = {"gpu": "spliced", "gpu/rocm": mirrors.STACKS[0], "cpu/rocm": mirrors.STACKS[1]}
    mirrors.put_index(mirror, mirrors.database())
    for name, stack in names.items():
        mirrors.put_index(mirror, mirrors.database(stack), name)
    found = rows(read_rows, mirror, tmp_path / "dataset")
    assert {stack for row in found for stack in row["stacks"]} == {"root", *names}
    assert {row["path"] for row in read_rows(tmp_path / "dataset", "documents")} == {
        f"{SNAPSHOT}/{name}" for name in ("root", *names)
    }
    # Another build finds them all again; without one of them it stops.
    assert not sc.build(mirror, tmp_path / "dataset").published
    alone = rows(read_rows, mirror, tmp_path / "alone", view="gpu/rocm")
    assert {tuple(row["stacks"]) for row in alone} == {("gpu/rocm",)}
    manifest = mirror / "v3/manifests/index/gpu/rocm/index.manifest.json"
    assert rows(read_rows, manifest, tmp_path / "file") == alone
    with serve(mirror) as site:
        fetch(site.url, tmp_path / "folder" / SNAPSHOT, views=["gpu/rocm"], patience=QUICK)
    fetched = rows(read_rows, tmp_path / "folder" / SNAPSHOT, tmp_path / "fetched")
    assert [row["hash"] for row in fetched] == [row["hash"] for row in alone]
    manifest.unlink()
    with pytest.raises(RefusedError, match="gpu/rocm"):
        sc.build(mirror, tmp_path / "dataset")


def test_documents_have_no_views(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no mirror with index views"):
        sc.build(tmp_path, tmp_path / "dataset", view="e4s")


def test_a_list_has_no_views(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lists snapshots"):
        sc.build(TRUTH, tmp_path / "dataset", view="e4s")


def test_a_view_called_as_the_default_index_is_read_alone(
    mirror: Path, tmp_path: Path, read_rows: Reader
) -> None:
    mirrors.put_index(mirror, mirrors.database("spliced"), "root")
    with pytest.raises(SourceError, match="has the name of the default index"):
        sc.build(mirror, tmp_path / "dataset")
    found = rows(read_rows, mirror, tmp_path / "dataset", view="root")
    assert {tuple(row["stacks"]) for row in found} == {("root",)}


def test_a_list_may_name_the_manifests_of_views(tmp_path: Path, read_rows: Reader) -> None:
    mirrors.with_views(tmp_path / SNAPSHOT)
    index = f"s3://spack-binaries/{SNAPSHOT}/v3/manifests/index"
    items = [{"label": "root", "url": f"{index}/index.manifest.json"}]
    items += [
        {"label": each, "url": f"{index}/{each}/index.manifest.json"} for each in mirrors.STACKS
    ]
    (tmp_path / "cache_spack_io_index.json").write_text(json.dumps({SNAPSHOT: items, "empty": []}))
    with serve(tmp_path) as site:
        fetched = fetch(site.url, tmp_path / "folder", patience=QUICK)
    assert fetched.missing == ("any index of empty",)
    assert fetched.num_files == 1 + 2 * 3
    expected = rows(read_rows, TRUTH, tmp_path / "listed")
    assert rows(read_rows, tmp_path / "folder", tmp_path / "dataset") == expected


def test_a_snapshot_without_an_index_is_told(tmp_path: Path, read_rows: Reader) -> None:
    source = Path(shutil.copytree(TRUTH, tmp_path / "source"))
    path = source / "cache_spack_io_index.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "develop-2026-07-05": []}))
    sc.build(source, tmp_path / "dataset")
    (reject,) = read_rows(tmp_path / "dataset", "rejects")
    assert (reject["path"], reject["reason"], reject["message"]) == (
        "develop-2026-07-05",
        "missing-index",
        "the list names no index",
    )


def viewed(site: Site, folder: Path, *views: str) -> set[str]:
    fetch(site.url, folder, views=views, patience=QUICK)
    return {path.parent.name for path in folder.glob("v3/manifests/index/**/index.manifest.json")}


def test_fetch_brings_a_view_with_its_blob(mirror: Path, tmp_path: Path, read_rows: Reader) -> None:
    expected = rows(read_rows, mirror, tmp_path / "local", view="spliced")
    with serve(mirror) as site:
        assert viewed(site, tmp_path / "folder", "spliced") == {"spliced"}
        place = f"{site.url}/v3/manifests/index/spliced/index.manifest.json"
        named = fetch(place, tmp_path / "named", patience=QUICK)
        assert (named.num_files, named.num_new) == (2, 2)
        # The default index, and what the folder holds besides.
        assert viewed(site, tmp_path / "folder") == {"spliced", "index"}
    options = {"rename": SNAPSHOT, "view": "spliced"}
    for folder in ("folder", "named"):
        assert rows(read_rows, tmp_path / folder, tmp_path / f"of-{folder}", **options) == expected


def test_an_old_view_never_stands_beside_a_new_index(mirror: Path, tmp_path: Path) -> None:
    with serve(mirror) as site:
        viewed(site, tmp_path / "folder", "spliced")
        mirrors.put_index(mirror, mirrors.database("tools-darwin-m4"), "spliced")
        viewed(site, tmp_path / "folder")
        theirs = mirror / "v3" / "manifests" / "index" / "spliced" / "index.manifest.json"
        ours = tmp_path / "folder" / theirs.relative_to(mirror)
        assert ours.read_bytes() == theirs.read_bytes()
        theirs.unlink()
        assert viewed(site, tmp_path / "folder") == {"index"}


@pytest.mark.parametrize("view", ["", "spliced"])
def test_what_lacks_its_blob_is_never_said_to_be_fetched(
    mirror: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], view: str
) -> None:
    mirrors.put_index(mirror, mirrors.database("spliced"), view).unlink()
    options = ["--view", view] if view else []
    with serve(mirror) as site:
        assert main(["fetch", site.url, "--to", str(tmp_path / "folder"), *options]) == 2
    out, err = capsys.readouterr()
    assert "names a blob that the server does not have" in err
    assert "fetched" not in out + err


def test_a_mirror_of_views_says_how_to_fetch_them(tmp_path: Path) -> None:
    mirror = mirrors.with_views(tmp_path / SNAPSHOT, default=False)
    with serve(mirror) as site:
        with pytest.raises(SourceError, match="there is no build cache") as missing:
            fetch(site.url, tmp_path / "folder", patience=QUICK)
        assert any("--view NAME" in step for step in missing.value.next_steps)
        with pytest.raises(SourceError, match="no index view 'e4s'"):
            viewed(site, tmp_path / "folder", "e4s", "spliced")
        assert viewed(site, tmp_path / "folder", *mirrors.STACKS) == set(mirrors.STACKS)
