"""Addresses: what holds a password, what a list may name, and where a fetch never leads."""

from __future__ import annotations

import base64
import json
import re
import shutil
import urllib.parse
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from spack_census.cli import main
from spack_census.errors import SourceError
from spack_census.fetch import addresses, credentials, fetching
from spack_census.fetch.fetching import default_folder, fetch
from spack_census.fetch.patience import Patience
from spack_census.fetch.reach import Reach, is_inside, reach
from support.web import Site, serve

CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache"
LISTING = "cache_spack_io_index.json"
V2_ROOT = "develop-2024-06-09/build_cache/index.json.gz"
QUICK = Patience(attempts=1)
PUBLIC = Reach(urllib.parse.urlsplit("https://public.example/list.json"))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with serve(Path(shutil.copytree(CORPUS, tmp_path / "site"))) as served:
        yield served


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Site]:
    with serve(Path(shutil.copytree(CORPUS, tmp_path / "other"))) as served:
        yield served


@pytest.fixture(autouse=True)
def no_netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def name(site: Site, url: str) -> None:
    listed = {"develop-2024-06-09": [{"label": "root", "url": url}]}
    (site.root / "v2" / LISTING).write_text(json.dumps(listed))


@pytest.mark.parametrize(
    "address",
    [
        "https://me:secret@example.org/mirror",
        "http://secret@example.org/mirror",
        "s3://secret:secret@spack-binaries/x",
        "https://me:secret@[::1/mirror",
        "https://me:secret@exa mple.org/",
        "https://me:secret@example.org:99999999/",
    ],
)
@pytest.mark.parametrize("command", ["fetch", "build"])
def test_a_password_in_an_address_is_refused_and_never_printed(
    address: str, command: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    options = ["--dataset", str(tmp_path / "dataset")] if command == "build" else []
    assert main([command, address, *options]) == 2
    out, err = capsys.readouterr()
    assert "secret" not in out + err
    assert "fault of census" not in err
    assert "is no address" in err or "CENSUS_FETCH_PASSWORD" in err


def test_a_password_goes_to_the_host_that_was_named_and_is_written_nowhere(
    site: Site, other: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENSUS_FETCH_USER", "me")
    monkeypatch.setenv("CENSUS_FETCH_PASSWORD", "very secret")
    name(site, f"{other.url}/v2/{V2_ROOT.removesuffix('.gz')}")
    host = other.url.removeprefix("http://")
    fetch(f"{site.url}/v2", tmp_path / "folder", allow_hosts=[host], patience=QUICK)
    wanted = "Basic " + base64.b64encode(b"me:very secret").decode()
    assert {headers.get("Authorization") for headers in site.headers} == {wanted}
    assert {headers.get("Authorization") for headers in other.headers} == {None}
    for path in (tmp_path / "folder").rglob("*"):
        assert path.is_dir() or b"secret" not in path.read_bytes()


def test_a_token_goes_before_a_password_and_where_it_goes(
    site: Site, other: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CENSUS_FETCH_USER", "me")
    monkeypatch.setenv("CENSUS_FETCH_PASSWORD", "secret")
    monkeypatch.setenv("CENSUS_FETCH_TOKEN", "very-secret")
    site.tricks[LISTING] = [
        lambda handler, _data: handler.answer(302, b"", Location=f"{other.url}/v2/{LISTING}")
    ]
    assert main(["build", f"{site.url}/v2", "--dataset", "dataset"]) == 0
    assert {headers.get("Authorization") for headers in site.headers} == {"Bearer very-secret"}
    assert {headers.get("Authorization") for headers in other.headers} == {None}
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or b"very-secret" not in path.read_bytes()
    monkeypatch.setenv("CENSUS_FETCH_TOKEN", "very secret")
    assert main(["build", f"{site.url}/v2", "--dataset", "dataset"]) == 2


def test_a_password_may_stand_in_netrc(tmp_path: Path) -> None:
    where = Reach(urllib.parse.urlsplit("https://mirror.example/x"))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine mirror.example login me password there\n")
    found = credentials.authorization(where.origin, where)
    assert found == "Basic " + base64.b64encode(b"me:there").decode()
    elsewhere = urllib.parse.urlsplit("https://other.example/x")
    assert credentials.authorization(elsewhere, where) is None
    netrc.write_text("machine mirror.example login me passwrd there\n")
    with pytest.raises(SourceError, match="netrc") as caught:
        credentials.authorization(where.origin, where)
    assert "there" not in str(caught.value)


def test_a_password_never_travels_in_the_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENSUS_FETCH_USER", "me")
    monkeypatch.setenv("CENSUS_FETCH_PASSWORD", "secret")
    where = Reach(urllib.parse.urlsplit("http://mirror.example/x"))
    with pytest.raises(SourceError, match="travel over http") as caught:
        credentials.authorization(where.origin, where)
    assert "secret" not in str(caught.value)


def test_a_query_is_kept_and_not_printed(site: Site, tmp_path: Path) -> None:
    fetch(f"{site.url}/v2?sig=a%2Fb&x=1", tmp_path / "folder", patience=QUICK)
    assert site.asked
    assert {urllib.parse.urlsplit(path).query for path in site.asked} == {"sig=a%2Fb&x=1"}
    address = f"{site.url}/nosuch?sig=abc"
    with pytest.raises(SourceError) as caught:
        fetch(address, tmp_path / "b", patience=QUICK)
    assert "abc" not in str(caught.value)
    assert default_folder(address) != default_folder(f"{site.url}/nosuch?sig=abd")
    assert "abc" not in str(default_folder(address))


@pytest.mark.parametrize("query", ["", "?signed=1"])
def test_a_list_names_the_host_it_came_from_and_no_other(
    site: Site, other: Site, tmp_path: Path, query: str
) -> None:
    name(site, f"{other.url}/v2/{V2_ROOT.removesuffix('.gz')}{query}")
    host = other.url.removeprefix("http://")
    with pytest.raises(SourceError, match=f"another host than its own, {host}") as caught:
        fetch(f"{site.url}/v2", tmp_path / "folder", patience=QUICK)
    assert f"--allow-host {host}" in str(caught.value)
    assert other.requests == []
    assert main(["fetch", f"{site.url}/v2", "--to", str(tmp_path / "b"), "--allow-host", host]) == 0
    assert [path.partition("?")[2] for path in other.asked] == [query[1:]] * 2
    name(site, f"{site.url}/v2/{V2_ROOT.removesuffix('.gz')}")
    fetch(f"{site.url}/v2", tmp_path / "c", patience=QUICK)


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "https://me:secret@mirror.example/index.json",
        "http://mirror.example:99999999/index.json",
        "ftp://127.0.0.1/index.json",
        "s3://elsewhere/index.json",
        "http://exa\u00e4mple/index.json",
        "s3://spack-binaries/.fetched.json",
        "s3://spack-binaries/LOCK",
        f"s3://spack-binaries/{LISTING}",
        "s3://spack-binaries/a\u0000b",
        "s3://spack-binaries/",
    ],
)
def test_what_a_list_may_not_name_is_an_error(site: Site, tmp_path: Path, url: str) -> None:
    name(site, url)
    with pytest.raises(SourceError) as caught:
        fetch(f"{site.url}/v2", tmp_path / "folder", patience=QUICK)
    assert caught.value.next_steps
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("peer", "is_refused"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("10.1.2.3", True),
        ("172.16.0.1", True),
        ("192.168.1.1", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.0", True),  # noqa: S104 - the address itself is the test
        ("224.0.0.1", True),
        ("::1", True),
        ("::", True),
        ("fe80::1%eth0", True),
        ("fc00::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:8.8.8.8", False),
        ("8.8.8.8", False),
        ("2606:4700:4700::1111", False),
    ],
)
def test_what_came_from_outside_leads_to_no_machine_inside(peer: str, is_refused: object) -> None:
    assert is_inside(peer) == is_refused
    target = urllib.parse.urlsplit("https://elsewhere.example/x")
    reach("http://127.0.0.1/").demand_peer(target, peer)
    expected = pytest.raises(SourceError, match="its network") if is_refused else nullcontext()
    with expected:
        PUBLIC.demand_peer(target, peer)


def test_a_redirect_from_outside_to_loopback_is_not_followed(
    site: Site, other: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first server passes for a public one; what it redirects to does not.
    monkeypatch.setattr(fetching, "reach", lambda url, _: Reach(urllib.parse.urlsplit(url)))
    target = f"{other.url}/v2/{LISTING}"
    site.tricks = {LISTING: [lambda handler, _: handler.answer(302, b"", Location=target)]}
    with pytest.raises(SourceError, match=re.escape(other.url[7:])) as caught:
        fetch(f"{site.url}/v2", tmp_path / "folder", patience=QUICK)
    assert "this machine or its network" in str(caught.value)
    assert other.requests == []


@pytest.mark.parametrize("after", ["http://public.example/x", "file:///x", "ftp://a/x", "data:,x"])
def test_https_falls_to_nothing_weaker(after: str) -> None:
    with pytest.raises(SourceError, match="never back to http"):
        PUBLIC.demand_step("https://public.example/list.json", after)
    PUBLIC.demand_step("https://public.example/list.json", "https://cdn.example/x")


def test_http_may_rise_to_https_of_the_same_host() -> None:
    where = Reach(urllib.parse.urlsplit("http://public.example/list.json"))
    assert where.demand_listed("https://public.example/x") == "https://public.example/x"
    with pytest.raises(SourceError, match="another host"):
        where.demand_listed("https://public.example:8443/x")
    with pytest.raises(SourceError, match="never back to http"):
        Reach(where.origin._replace(scheme="https"), frozenset({"public.example"})).demand_listed(
            "http://public.example/x"
        )


@pytest.mark.parametrize(
    "source", ["http://[::1", "https://", "http:///x", "https://a b/", "s3://[", "http:x", "s3:x"]
)
def test_what_is_no_address_is_told_and_is_no_fault(
    source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert addresses.is_remote(source)
    assert main(["fetch", source]) == 2
    err = capsys.readouterr().err
    assert "fault of census" not in err
    assert len(err.splitlines()) > 1


def test_a_file_address_of_another_machine_is_refused() -> None:
    assert addresses.local("file:///a%20b") == Path("/a b")
    assert addresses.local("FILE://localhost/a") == Path("/a")
    with pytest.raises(SourceError, match="another machine"):
        addresses.local("file://elsewhere/a")
    with pytest.raises(SourceError, match="no address"):
        addresses.local("file://[::1")
