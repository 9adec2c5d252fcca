"""Fetching over HTTP from a server on loopback that is slow, broken, and dishonest."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.disk.locking import hold
from spack_census.errors import BusyError, RefusedError, SourceError, UnknownNameError
from spack_census.fetch import addresses
from spack_census.fetch.fetching import Fetched, fetch
from spack_census.fetch.patience import Patience
from support.web import Handler, Site, Trick, serve

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache"
LISTING = "cache_spack_io_index.json"
V2_ROOT = "develop-2024-06-09/build_cache/index.json.gz"
QUICK = Patience(attempts=3, pause_seconds=0.01)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """Serve a copy of the corpus that a test may change."""
    with serve(Path(shutil.copytree(CORPUS, tmp_path / "site"))) as served:
        yield served


def fetched(site: Site, folder: Path, place: str = "v2", **options: object) -> Fetched:
    return fetch(f"{site.url}/{place}", folder, patience=QUICK, **options)  # type: ignore[arg-type]


def manifest_id(source: Path | str, dataset: Path) -> str:
    return sc.build(source, dataset).manifest.id


@pytest.mark.parametrize(
    ("place", "original"),
    [
        ("v2", "v2"),
        (f"v2/{LISTING}", "v2"),
        ("v3", "v3"),
        ("v3/develop-2026-01-11", "v3/develop-2026-01-11"),
        ("v3/develop-2026-01-11/e4s-oneapi", "v3/develop-2026-01-11/e4s-oneapi"),
        ("v2/develop-2024-06-09", "v2/develop-2024-06-09"),
        ("v2/develop-2024-06-09/build_cache/index.json.gz", "v2/develop-2024-06-09"),
        (
            "v3/develop-2026-01-11/v3/manifests/index/index.manifest.json",
            "v3/develop-2026-01-11",
        ),
    ],
)
def test_a_fetched_folder_gives_the_dataset_of_the_original(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, original: str
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = fetch(f"{site.url}/{place}", patience=QUICK).folder
    assert folder.is_relative_to(tmp_path / "output" / "cache")
    assert manifest_id(folder, tmp_path / "a") == manifest_id(CORPUS / original, tmp_path / "b")


def test_build_takes_an_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["build", f"{site.url}/v3/{LISTING}", "--dataset", "dataset"]) == 0
    out, err = capsys.readouterr()
    assert "107 specs seen = 107 written" in out
    assert "fetched 4 of 4 files" in err
    assert manifest_id(f"{site.url}/v3", tmp_path / "api") == manifest_id(
        CORPUS / "v3", tmp_path / "files"
    )


def test_what_has_not_changed_is_not_sent_again(site: Site, tmp_path: Path) -> None:
    first = fetched(site, tmp_path / "folder")
    sent = site.num_bytes
    second = fetched(site, tmp_path / "folder")
    assert (first.num_new, second.num_new) == (first.num_files, 0)
    assert second.num_files == first.num_files
    missed = sum(count for _, status, count in site.requests if status == 404) // 2
    assert site.num_bytes - sent == missed
    assert second.num_bytes == 0


def test_what_has_changed_is_sent_again(site: Site, tmp_path: Path) -> None:
    fetched(site, tmp_path / "folder")
    path = site.root / "v2" / V2_ROOT
    path.write_bytes(path.read_bytes()[:-1])
    assert fetched(site, tmp_path / "folder").num_new == 1
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == path.read_bytes()


def test_only_the_snapshots_asked_for(site: Site, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    fetched(site, folder, latest=1)
    assert list(json.loads((folder / LISTING).read_text())) == ["develop-2024-06-09"]
    fetched(site, folder, snapshots=["develop-2024-06-0[12]"])
    assert set(json.loads((folder / LISTING).read_text())) == {
        "develop-2024-06-02",
        "develop-2024-06-09",
    }
    assert manifest_id(folder, tmp_path / "a") == manifest_id(CORPUS / "v2", tmp_path / "b")


def test_a_snapshot_that_the_list_lacks(site: Site, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="develop-2024-06-08") as unknown:
        fetched(site, tmp_path / "folder", snapshots=["develop-2024-06-08"])
    assert "develop-2024-06-09" in unknown.value.nearest


def error(status: int) -> Trick:
    return lambda handler, _data: handler.answer(status, b"trouble")


def test_trouble_that_passes_is_waited_for(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [error(500), error(503)]}
    fetched(site, tmp_path / "folder")
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == (CORPUS / "v2" / V2_ROOT).read_bytes()


@pytest.mark.parametrize(("status", "tries"), [(500, 3), (400, 1)])
def test_trouble_that_stays_is_an_error(
    site: Site, tmp_path: Path, status: int, tries: int
) -> None:
    site.tricks = {V2_ROOT: [error(status)] * 9}
    with pytest.raises(SourceError, match=f"answers {status}") as raised:
        fetched(site, tmp_path / "folder")
    assert V2_ROOT in str(raised.value)
    assert [path for path, _, _ in site.requests if path.endswith(V2_ROOT)] == [
        f"/v2/{V2_ROOT}"
    ] * tries
    assert not (tmp_path / "folder" / V2_ROOT).exists()


def truncated(handler: Handler, data: bytes) -> None:
    half = data[: len(data) // 2]
    handler.answer(200, half, claimed=len(data), ETag=handler.etag(data))


def test_a_transfer_that_broke_off_goes_on(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [truncated]}
    fetched(site, tmp_path / "folder")
    data = (CORPUS / "v2" / V2_ROOT).read_bytes()
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == data
    answers = [answer[1:] for answer in site.requests if answer[0].endswith(V2_ROOT)]
    assert answers == [(200, len(data) // 2), (206, len(data) - len(data) // 2)]


def test_a_fetch_that_broke_off_goes_on(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [truncated] + [error(503)] * 2}
    with pytest.raises(SourceError):
        fetched(site, tmp_path / "folder")
    assert not (tmp_path / "folder" / V2_ROOT).exists()
    fetched(site, tmp_path / "folder")
    assert site.requests[-1][1:2] != (200,) or V2_ROOT not in site.requests[-1][0]
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == (CORPUS / "v2" / V2_ROOT).read_bytes()
    assert 206 in {status for path, status, _ in site.requests if path.endswith(V2_ROOT)}
    assert not [*(tmp_path / "folder").rglob("*.part"), *(tmp_path / "folder").rglob("*.etag")]


def test_another_file_in_between_is_fetched_whole(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [truncated] + [error(503)] * 2}
    with pytest.raises(SourceError):
        fetched(site, tmp_path / "folder")
    path = site.root / "v2" / V2_ROOT
    path.write_bytes((CORPUS / "v2" / "develop-2024-06-02/build_cache/index.json.gz").read_bytes())
    fetched(site, tmp_path / "folder")
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == path.read_bytes()


def test_a_server_that_never_answers(site: Site, tmp_path: Path) -> None:
    stop = threading.Event()
    site.tricks = {V2_ROOT: [lambda _handler, _data: stop.wait(30) and None] * 9}
    try:
        with pytest.raises(SourceError, match=r"(?i)time.*tried 2 times"):
            fetch(
                f"{site.url}/v2",
                tmp_path / "folder",
                patience=Patience(timeout_seconds=0.1, attempts=2, pause_seconds=0.01),
            )
    finally:
        stop.set()


def redirect(target: str) -> Trick:
    return lambda handler, _data: handler.answer(302, b"", Location=target)


def test_a_redirect_is_followed(site: Site, tmp_path: Path) -> None:
    site.tricks = {V2_ROOT: [redirect(f"{site.url}/v2/{V2_ROOT}")]}
    fetched(site, tmp_path / "folder")
    assert (tmp_path / "folder" / V2_ROOT).read_bytes() == (CORPUS / "v2" / V2_ROOT).read_bytes()


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:,x"])
def test_a_redirect_to_another_scheme_is_refused(site: Site, tmp_path: Path, target: str) -> None:
    site.tricks = {V2_ROOT: [redirect(target)] * 9}
    with pytest.raises(SourceError, match=r"redirects to|Redirection to"):
        fetched(site, tmp_path / "folder")


def test_a_missing_stack_is_told_and_the_rest_comes(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (site.root / "v2/develop-2024-06-09/build_systems/build_cache/index.json.gz").unlink()
    folder = tmp_path / "folder"
    assert main(["fetch", f"{site.url}/v2", "--to", str(folder)]) == 0
    out, err = capsys.readouterr()
    assert out == f"{folder}\n"
    assert "develop-2024-06-09/build_systems, which the server does not have" in err
    assert {outcome.status for outcome in sc.build(folder, tmp_path / "dataset").outcomes} == {
        "new"
    }


def test_an_index_that_the_server_lost_is_not_kept(site: Site, tmp_path: Path) -> None:
    folder, dataset = tmp_path / "folder", tmp_path / "dataset"
    fetched(site, folder)
    sc.build(folder, dataset)
    (site.root / "v2/develop-2024-06-09/build_systems/build_cache/index.json.gz").unlink()
    assert fetched(site, folder).missing == ("develop-2024-06-09/build_systems",)
    with pytest.raises(RefusedError, match="without some of its indexes"):
        sc.build(folder, dataset)


def test_a_blob_with_another_checksum_is_refused(site: Site, tmp_path: Path) -> None:
    def spoiled(handler: Handler, data: bytes) -> None:
        handler.answer(200, data[:-1] + b"?")

    (path,) = (CORPUS / "v3/develop-2026-01-11/e4s-oneapi/blobs").rglob("30*/*")
    site.tricks = {path.name: [spoiled] * 9}
    with pytest.raises(SourceError, match="SHA-256"):
        fetched(site, tmp_path / "folder", "v3")
    site.tricks = {}
    fetched(site, tmp_path / "folder", "v3")
    assert manifest_id(tmp_path / "folder", tmp_path / "a") == manifest_id(
        CORPUS / "v3", tmp_path / "b"
    )


def test_sizes_are_fetched_when_asked_for(site: Site, tmp_path: Path) -> None:
    for stack in (site.root / "v3/develop-2026-01-11").glob("*/v3/manifests/spec"):
        shutil.copytree(
            stack, site.root / "v3/develop-2026-01-11/v3/manifests/spec", dirs_exist_ok=True
        )
    fetched(site, tmp_path / "folder", "v3", with_sizes=True)
    sc.build(tmp_path / "folder", tmp_path / "dataset", with_sizes=True)
    sizes = sc.scan(tmp_path / "dataset").select("size_bytes").collect()
    assert sizes["size_bytes"].count() == 11


def test_one_fetch_at_a_time(site: Site, tmp_path: Path) -> None:
    with hold(tmp_path / "folder"), pytest.raises(BusyError) as caught:
        fetched(site, tmp_path / "folder")
    assert "is being fetched to" in str(caught.value)
    assert "build" not in str(caught.value).replace(str(tmp_path), "")


@pytest.mark.parametrize("place", ["file", "file/below", "forbidden/folder"])
def test_a_place_that_cannot_be_fetched_to_is_named(
    site: Site, tmp_path: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    # What forbids writing to root as well: a file system that makes no folders.
    (tmp_path / "forbidden").symlink_to("/proc")
    assert main(["fetch", f"{site.url}/v2", "--to", str(tmp_path / place)]) == 2
    said = capsys.readouterr().err
    assert "a fault of census" not in said
    assert place.partition("/")[0] in said or "/proc" in said
    assert "--to DIR" in said


def test_a_list_leads_nowhere_out_of_the_folder(site: Site, tmp_path: Path) -> None:
    listed = {"develop-2024-06-09": [{"label": "e4s", "url": "s3://spack-binaries/../../x.json"}]}
    (site.root / "v2" / LISTING).write_text(json.dumps(listed))
    (site.root / "x.json").write_text("{}")
    with pytest.raises(SourceError, match="no place below"):
        fetched(site, tmp_path / "folder")
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    "address", ["ftp://example.org/x", "s3://elsewhere/x", "https:///x", "no address"]
)
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(SourceError):
        addresses.http_url(address)


def test_the_public_bucket_has_a_host() -> None:
    place = "s3://spack-binaries/develop-2026-01-11/e4s"
    assert addresses.http_url(place) == "https://binaries.spack.io/develop-2026-01-11/e4s"


def test_a_file_address_is_a_path(tmp_path: Path) -> None:
    copy = shutil.copytree(CORPUS / "v3", tmp_path / "with blank")
    assert manifest_id(Path(copy).as_uri(), tmp_path / "a") == manifest_id(
        CORPUS / "v3", tmp_path / "b"
    )
