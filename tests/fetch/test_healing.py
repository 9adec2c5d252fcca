"""A fetch heals itself: whatever became of what was fetched, the next fetch is whole."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from spack_census.cli import main
from spack_census.disk import durable
from spack_census.errors import CensusError, SourceError
from spack_census.fetch import parts
from spack_census.fetch.fetching import fetch
from spack_census.fetch.parts import Part
from spack_census.fetch.patience import Patience
from support.web import Handler, Site, serve

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache"
LISTING = "cache_spack_io_index.json"
V2_ROOT = "develop-2024-06-09/build_cache/index.json.gz"
V3 = "v3/develop-2026-01-11/e4s-oneapi"
QUICK = Patience(attempts=2, pause_seconds=0.01)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a copy of the corpus that a test may change."""
    with serve(Path(shutil.copytree(CORPUS, tmp_path / "site"))) as served:
        yield served


def bring(site: Site, folder: Path, place: str) -> None:
    fetch(f"{site.url}/{place}", folder, with_sizes=place == V3, patience=QUICK)


def tree(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != "LOCK")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def flip(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 4]) + data[middle + 1 :]


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut to nothing": lambda _data: b"",
    "cut to half": lambda data: data[: len(data) // 2],
    "a bit flipped": flip,
}
KINDS = [
    ("v2", LISTING),
    ("v2", f".{LISTING}"),
    ("v2", ".fetched.json"),
    ("v2", V2_ROOT),
    (V3, "v3/manifests/index/index.manifest.json"),
    (V3, "blobs/sha256/30/*"),
    (V3, "v3/manifests/spec/*/*.spec.manifest.json"),
]


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize(("place", "pattern"), KINDS)
def test_whatever_became_of_a_file_the_next_fetch_is_whole(
    site: Site, tmp_path: Path, place: str, pattern: str, damage: str
) -> None:
    folder = tmp_path / "folder"
    bring(site, folder, place)
    whole = tree(folder)
    path = next(iter(sorted(folder.glob(pattern))))
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(DAMAGE[damage](data))
    bring(site, folder, place)
    assert tree(folder) == whole


@pytest.mark.parametrize(("place", "pattern"), KINDS)
def test_a_file_that_is_gone_is_fetched_again(
    site: Site, tmp_path: Path, place: str, pattern: str
) -> None:
    folder = tmp_path / "folder"
    bring(site, folder, place)
    whole = tree(folder)
    next(iter(sorted(folder.glob(pattern)))).unlink()
    bring(site, folder, place)
    assert tree(folder) == whole


def test_list_of_a_snapshot_that_the_server_dropped_survives(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    bring(site, folder, "v2")
    theirs = site.root / "v2" / LISTING
    listed = json.loads(theirs.read_text())
    theirs.write_text(json.dumps({"develop-2024-06-09": listed["develop-2024-06-09"]}))
    (folder / LISTING).unlink()
    bring(site, folder, "v2")
    assert json.loads((folder / LISTING).read_text()).keys() == listed.keys()


def break_off(handler: Handler, data: bytes) -> None:
    handler.answer(200, data[: len(data) // 2], claimed=len(data), ETag=handler.etag(data))


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("suffix", [".part", ".json"])
def test_what_waits_for_its_rest_is_not_built_upon_if_it_changed(
    site: Site, tmp_path: Path, suffix: str, damage: str
) -> None:
    folder = tmp_path / "folder"
    site.tricks = {V2_ROOT: [break_off, lambda handler, _data: handler.answer(503, b"")]}
    with pytest.raises(SourceError):
        bring(site, folder, "v2")
    (path,) = (folder / ".parts").glob(f"*{suffix}")
    path.write_bytes(DAMAGE[damage](path.read_bytes()))
    bring(site, folder, "v2")
    assert (folder / V2_ROOT).read_bytes() == (CORPUS / "v2" / V2_ROOT).read_bytes()
    assert not (folder / ".parts").exists()


def test_what_came_after_the_note_is_not_built_upon(tmp_path: Path) -> None:
    part = Part(tmp_path, "index.json")
    part.begin(0, '"tag"')
    part.add(b"hello ")
    part.keep()
    (path,) = (tmp_path / ".parts").glob("*.part")
    path.write_bytes(path.read_bytes() + b"what a kill left")
    again = Part(tmp_path, "index.json")
    assert again.resume() == '"tag"'
    again.begin(again.size, '"tag"')
    again.add(b"world")
    again.put(tmp_path / "index.json")
    assert (tmp_path / "index.json").read_bytes() == b"hello world"


def test_parts_are_limited_in_size_and_age(tmp_path: Path) -> None:
    for name in "abc":
        part = Part(tmp_path, name)
        part.begin(0, '"tag"')
        part.add(bytes(1000))
        part.keep()
    waiting = tmp_path / ".parts"
    for number, path in enumerate(sorted(waiting.glob("*.part"))):
        os.utime(path, (1_000_000_000 + number, 1_000_000_000 + number))
    parts.clean(tmp_path, most_bytes=2500, most_seconds=1e12)
    assert len([*waiting.glob("*.part")]) == 2
    parts.clean(tmp_path)
    assert [*waiting.glob("*.part")] == []


def test_a_file_is_on_the_disk_before_it_has_its_name(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    fsync, replace, sync = os.fsync, Path.replace, durable.sync

    def record(what: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            name = getattr(arguments[0], "suffix", "")
            events.append(f"{what}{name}")
            return real(*arguments)

        return call

    folder = tmp_path / "folder"
    bring(site, folder, "v2/develop-2024-06-02")
    (folder / "build_cache/index.json.gz").unlink()
    monkeypatch.setattr(os, "fsync", record("sync", fsync))
    monkeypatch.setattr(Path, "replace", record("name", replace))
    monkeypatch.setattr(durable, "sync", record("folder", sync))
    bring(site, folder, "v2/develop-2024-06-02")
    at = events.index("name.part")
    assert "sync" in events[:at]
    assert events[at + 1] == "folder"


def test_not_modified_is_an_error_for_what_is_not_there(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [lambda handler, _data: handler.answer(304, b"")] * 9}
    with pytest.raises(SourceError, match=r"index\.json\.gz: .*not changed"):
        bring(site, tmp_path / "folder", "v2")
    assert not (tmp_path / "folder" / V2_ROOT).exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_full_disk_is_told_with_the_file(
    site: Site,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    number: int,
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Part, "add", full)
        code = main(["fetch", f"{site.url}/v2", "--to", str(tmp_path / "folder")])
    assert code == 2
    err = capsys.readouterr().err
    assert f"{tmp_path / 'folder' / f'.{LISTING}'}: {os.strerror(number)}" in err
    assert "what was fetched is kept" in err
    assert "fault of census" not in err
    bring(site, tmp_path / "folder", "v2")


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/nosuch"])
def test_a_folder_that_cannot_be_is_told(site: Site, tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CensusError, match=r"(?i)exists|directory|permission"):
        bring(site, tmp_path / place, "v2")
