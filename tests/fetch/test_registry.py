"""OCI registries: Docker's own on loopback, and one that asks for tokens and misbehaves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.errors import SourceError
from spack_census.fetch import fetching
from spack_census.fetch.fetching import Fetched, default_folder, fetch
from spack_census.fetch.images import image
from spack_census.fetch.patience import Patience
from support import mirrors
from support.registries import DOCKER_REGISTRY, Fake, docker_registry, fake_registry, push
from support.web import serve

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOT = "develop-2026-06-28"
DATA = mirrors.database("spliced")
SPECS = mirrors.spec_files(DATA)
TABLES = ("specs", "dependencies", "externals")
QUICK = Patience(attempts=3, pause_seconds=0.01)
ONCE = Patience(attempts=1)
# The password is "secret"; bcrypt with the fewest rounds there are.
HTPASSWD = "me:$2y$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mirrors.oci_layout(tmp_path_factory.mktemp("oci") / SNAPSHOT, DATA)


@pytest.fixture
def fake(layout: Path) -> Iterator[Fake]:
    with fake_registry(layout) as served:
        yield served


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """See that nothing of the machine's own is sent, or written to."""
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def log_in(folder: Path, host: str, user: str = "me:secret") -> None:
    auth = base64.b64encode(user.encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))


def fetched(fake: Fake, folder: Path, patience: Patience = QUICK, **options: Any) -> Fetched:
    return fetch(f"oci://{fake.host}/team/cache", folder, patience=patience, **options)


def tables(read_rows: Reader, source: Path | str, dataset: Path, **options: Any) -> list[Any]:
    sc.build(source, dataset, rename=SNAPSHOT, **options)
    return [sorted(read_rows(dataset, table), key=repr) for table in TABLES]


@pytest.mark.skipif(DOCKER_REGISTRY is None, reason="docker-registry is not installed")
def test_a_registry_with_a_password(
    layout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with docker_registry(tmp_path / "registry", HTPASSWD) as host:
        push(host, "team/cache", layout, "me:secret")
        address = f"oci://{host}/team/cache"
        assert main(["build", address, "--dataset", "none"]) == 2
        assert "docker login" in capsys.readouterr().err
        log_in(tmp_path, host)
        arguments = ["build", address, "--dataset", "d", "--as", SNAPSHOT]
        assert main([*arguments, "--with-sizes"]) == 0
        assert main(arguments) == 0
        assert "fetched 0 of 2 files" in capsys.readouterr().err
        with pytest.raises(SourceError, match="not there, or not for everyone"):
            fetch(f"oci://{host}/team/other", tmp_path / "other", patience=ONCE)
    for path in [*tmp_path.rglob("d/**/*"), *(tmp_path / "output").rglob("*")]:
        assert path.is_dir() or b"secret" not in path.read_bytes()


def test_only_what_is_asked_for_comes_and_once(fake: Fake, tmp_path: Path) -> None:
    first = fetched(fake, tmp_path / "x")
    assert (first.num_files, first.num_new) == (2, 2)
    assert not [path for _, path, _ in fake.asked if "tags/list" in path]
    second = fetched(fake, tmp_path / "x", with_sizes=True)
    assert second.num_new == 2 * len(SPECS)
    assert not [path for _, path, _ in fake.asked if "blobs" in path and _is_binary(fake, path)]
    fake.asked.clear()
    third = fetched(fake, tmp_path / "x", with_sizes=True)
    assert (third.num_new, third.num_bytes) == (0, 0)
    assert len(fake.asked) == 2, "the index's manifest and the tags"
    (blob,) = [path for path in (tmp_path / "x/blobs/sha256").iterdir() if _is_index(path)]
    blob.write_bytes(b"damaged")
    assert fetched(fake, tmp_path / "x").num_new == 1


def _is_index(path: Path) -> bool:
    return path.read_bytes() == DATA


def _is_binary(fake: Fake, path: str) -> bool:
    return fake.blob(path.rpartition("/")[2]).read_bytes()[:1] != b"{"


def test_tags_come_in_pages(fake: Fake, tmp_path: Path) -> None:
    fake.page = 2
    fetched(fake, tmp_path / "x", from_specs=True)
    pages = [path for _, path, _ in fake.asked if "tags/list" in path]
    assert len(pages) == (len(SPECS) + 2) // 2
    listed = json.loads((tmp_path / "x" / "index.json").read_text())["manifests"]
    assert len(listed) == len(SPECS) + 1
    fake.next_link = '</v2/team/cache/tags/list?n=1000>; rel="next"'
    fetched(fake, tmp_path / "y", from_specs=True)
    fake.next_link = '<http://127.0.0.1:1/v2/team/cache/tags/list>; rel="next"'
    with pytest.raises(SourceError, match="goes on at another host"):
        fetched(fake, tmp_path / "z", from_specs=True)


@pytest.mark.parametrize("user", ["", "me:secret"], ids=["for anyone", "by docker login"])
def test_a_token_is_had_from_the_realm(
    fake: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    fake.ticket, fake.user = "a-token", user
    if user:
        with pytest.raises(SourceError, match="401") as caught:
            fetched(fake, tmp_path / "x")
        assert "docker login" in " ".join(caught.value.next_steps)
        log_in(tmp_path, f"http://{fake.host}/v2/")
    fake.asked.clear()
    fetched(fake, tmp_path / "x", with_sizes=True)
    asked = [(path, secret) for _, path, secret in fake.asked if path.startswith("/token")]
    basic = f"Basic {base64.b64encode(user.encode()).decode()}" if user else None
    wanted = "/token?scope=repository%3Ateam%2Fcache%3Apull&service=tests%2C+all+of+them"
    assert asked == [(wanted, basic)], "once, and the password goes there alone"
    others = {secret for _, path, secret in fake.asked if not path.startswith("/token")}
    assert others == {None, "Bearer a-token"}
    monkeypatch.setenv("CENSUS_FETCH_TOKEN", "a-token")
    fake.asked.clear()
    fetched(fake, tmp_path / "y")
    assert {secret for _, _, secret in fake.asked} == {"Bearer a-token"}


def test_a_token_that_expires_is_had_again(fake: Fake, tmp_path: Path) -> None:
    fake.ticket = "first"
    served = fake.tampered

    def expire(path: str, data: bytes) -> bytes:
        fake.ticket = "second"
        return served(path, data)

    fake.tampered = expire
    fetched(fake, tmp_path / "x", with_sizes=True)
    assert sum(path.startswith("/token") for _, path, _ in fake.asked) == 2


def test_blobs_come_from_elsewhere_and_no_secret_goes_there(
    fake: Fake, layout: Path, tmp_path: Path
) -> None:
    fake.ticket = "a-token"
    with serve(layout / "blobs" / "sha256") as storage:
        fake.blobs = storage.url
        fetched(fake, tmp_path / "x", with_sizes=True)
        assert len(storage.asked) == len(SPECS) + 1
        assert not [each for each in storage.headers if "Authorization" in each]


def test_a_realm_is_no_way_to_other_places(fake: Fake, tmp_path: Path) -> None:
    fake.ticket = "a-token"
    fake.realm = "file:///etc/passwd"
    with pytest.raises(SourceError, match="asks for a token of"):
        fetched(fake, tmp_path / "x")
    fake.realm = f"http://me:secret@{fake.host}/token"
    with pytest.raises(SourceError, match="name or password") as caught:
        fetched(fake, tmp_path / "x")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_what_may_pass_is_tried_again(fake: Fake, tmp_path: Path, status: int) -> None:
    busy = (status, {"Retry-After": "0"})
    fake.failures = {"manifests/index.spack": [busy, busy], "tags/list": [busy]}
    fetched(fake, tmp_path / "x", with_sizes=True)
    fake.failures = {"manifests/index.spack": [busy] * 3}
    with pytest.raises(SourceError, match=rf"answers {status}.*tried 3 times"):
        fetched(fake, tmp_path / "x")


@pytest.mark.parametrize("part", ["blobs", "manifests"])
def test_what_is_not_as_it_is_named_never_passes(fake: Fake, tmp_path: Path, part: str) -> None:
    fake.tampered = lambda path, data: data + b" " if f"/{part}/" in path else data
    if part == "manifests":
        # No digest is told: only the blob that it names can be held against anything.
        fetched(fake, tmp_path / "x")
        return
    with pytest.raises(SourceError, match="not the one in its name"):
        fetched(fake, tmp_path / "x")
    assert not (tmp_path / "x" / "index.json").exists()


def test_without_an_index_both_ways_out_are_named(
    tmp_path: Path, read_rows: Reader, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = mirrors.oci_layout(tmp_path / "bare", DATA, index=False)
    with fake_registry(bare) as fake:
        address = f"oci://{fake.host}/team/cache"
        assert main(["build", address, "--dataset", "a"]) == 2
        told = " ".join(capsys.readouterr().err.split())
        assert "without an index" in told
        assert "update-index" in told
        assert "--from-specs" in told
        found = tables(read_rows, address, tmp_path / "b", from_specs=True)
        assert {row["hash"] for row in found[0]} == SPECS.keys()
        with pytest.raises(SourceError, match="has no tag latest"):
            fetch(f"{address}:latest", tmp_path / "x")
        with pytest.raises(SourceError, match="no index views"):
            fetch(address, tmp_path / "x", views=["gpu"])
    (bare / "index.json").write_text('{"manifests": []}')
    with fake_registry(bare) as fake, pytest.raises(SourceError, match="none is a build cache's"):
        fetch(f"oci://{fake.host}/team/cache", tmp_path / "x")


def test_what_was_fetched_of_the_index_has_no_specs(fake: Fake, tmp_path: Path) -> None:
    folder = fetched(fake, tmp_path / "x").folder
    with pytest.raises(SourceError, match="nothing of the specs themselves"):
        sc.build(folder, tmp_path / "dataset", rename=SNAPSHOT, from_specs=True)


@pytest.mark.parametrize(
    ("address", "base", "tag"),
    [
        ("oci://ghcr.io/Team/Cache", "https://ghcr.io/v2/team/cache", "index.spack"),
        ("oci://ghcr.io/a/b:v2", "https://ghcr.io/v2/a/b", "v2"),
        ("oci://example.org:5000/a", "https://example.org:5000/v2/a", "index.spack"),
        ("oci+http://example.org/a/", "http://example.org/v2/a", "index.spack"),
        ("oci://localhost/a", "http://localhost/v2/a", "index.spack"),
        ("oci://127.0.0.1:5000/a", "http://127.0.0.1:5000/v2/a", "index.spack"),
        ("oci://[::1]:5000/a", "http://[::1]:5000/v2/a", "index.spack"),
        ("oci://127.0.0.1.example.org/a", "https://127.0.0.1.example.org/v2/a", "index.spack"),
        ("oci://team/cache", "https://index.docker.io/v2/team/cache", "index.spack"),
        ("oci://cache", "https://index.docker.io/v2/library/cache", "index.spack"),
    ],
)
def test_addresses_of_images(address: str, base: str, tag: str) -> None:
    found = image(address)
    assert (found.base, found.tag) == (base, tag)
    assert default_folder(address).is_relative_to(fetching.CACHE)


@pytest.mark.parametrize(
    "address",
    [
        "oci://me:secret@ghcr.io/a",
        "oci://",
        "oci://ghcr.io/../a",
        "oci://ghcr.io/a//b",
        "oci://ghcr.io/a@sha256:" + 64 * "0",
        "oci://ghcr.io/a b",
        "oci://ghcr.io:99999999/a",
        "oci://[::1/a",
        "oci://ghcr.io/a?secret",
    ],
)
def test_what_is_no_address_of_an_image(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", address, "--dataset", "dataset"]) == 2
    out, err = capsys.readouterr()
    assert "secret" not in out + err
    assert "fault of census" not in err


def test_the_longest_name_in_dockers_file_counts(
    fake: Fake, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake.ticket, fake.user = "a-token", "me:secret"
    auth = {
        name: {"auth": base64.b64encode(user.encode()).decode()}
        for name, user in (
            (fake.host, "other:wrong"),
            (f"{fake.host}/team", "me:secret"),
            (f"{fake.host}/team/cachet", "other:wrong"),
        )
    }
    (tmp_path / "config.json").write_text(json.dumps({"auths": auth}))
    fetched(fake, tmp_path / "x")
    (tmp_path / "config.json").write_text(json.dumps({"credsStore": "pass"}))
    assert main(["fetch", f"oci://{fake.host}/team/cache", "--to", "y"]) == 2
    assert "docker-credential-pass" in capsys.readouterr().err
    (tmp_path / "config.json").write_text('{"auths": {"x": "secret"')
    assert main(["fetch", f"oci://{fake.host}/team/cache", "--to", "y"]) == 2
    err = capsys.readouterr().err
    assert "config.json" in err
    assert "secret" not in err
