"""Object stores: an S3 server on loopback, and the errors of buckets that cannot be read."""

from __future__ import annotations

import builtins
import itertools
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.errors import SourceError
from spack_census.fetch import buckets
from spack_census.fetch.fetching import CACHE, default_folder, fetch
from spack_census.fetch.patience import Patience
from support import mirrors, stores

Reader = Callable[[Path, str], list[dict[str, Any]]]
CORPUS = Path(__file__).parents[1] / "corpus" / "buildcache"
SNAPSHOT = "develop-2026-06-28"
DATA = mirrors.database("spliced")
SPECS = mirrors.spec_files(DATA)
ONCE = Patience(attempts=1)
_numbers = itertools.count()


@pytest.fixture
def bucket() -> str:
    """Return a name that no other test gives a bucket."""
    return f"bucket-{next(_numbers)}"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a signed v3 mirror with an index and two views, and its binaries."""
    path = mirrors.with_views(tmp_path / "mirror" / SNAPSHOT)
    mirrors.put_index(path, DATA)
    mirrors.with_specs(path, DATA, sign=True)
    return path


def hashes(read_rows: Reader, dataset: Path) -> set[str]:
    return {row["hash"] for row in read_rows(dataset, "specs")}


def test_a_mirror_with_its_views_comes_and_no_binary(
    s3: str, bucket: str, mirror: Path, tmp_path: Path
) -> None:
    address = stores.upload(s3, bucket, mirror, f"a b/{SNAPSHOT}").replace(" ", "%20")
    folder = default_folder(address)
    assert folder.is_relative_to(CACHE / f"s3+{bucket}")
    assert fetch(address).num_new == 5
    found = sc.build(address, tmp_path / "a").manifest.id
    assert found == sc.build(mirror, tmp_path / "b").manifest.id
    again = fetch(address, with_sizes=True)
    assert again.num_new == len(SPECS)
    assert (fetch(address, with_sizes=True).num_new, again.num_files) == (0, 5 + len(SPECS))
    sizes = {path.stat().st_size for path in folder.rglob("blobs/*/*/*")}
    assert not sizes & {mirrors.size_of(key) for key in SPECS}
    assert fetch(f"{address}/v3/manifests/index/index.manifest.json").num_new == 0


def test_a_list_names_its_own_bucket(s3: str, bucket: str, tmp_path: Path) -> None:
    site = Path(shutil.copytree(CORPUS / "v3", tmp_path / "site"))
    path = site / "cache_spack_io_index.json"
    path.write_text(path.read_text().replace("s3://spack-binaries/", f"s3://{bucket}/"))
    address = stores.upload(s3, bucket, site)
    built = sc.build(address, tmp_path / "a")
    assert built.totals == sc.build(CORPUS / "v3", tmp_path / "b").totals
    assert fetch(address).num_new == 0
    path.write_text(path.read_text().replace(f"s3://{bucket}/", "s3://another/"))
    stores.upload(s3, bucket, site)
    with pytest.raises(SourceError, match="another place than its own bucket"):
        fetch(address)


def test_specs_one_by_one_and_none_that_is_gone(
    s3: str, bucket: str, mirror: Path, tmp_path: Path, read_rows: Reader
) -> None:
    shutil.rmtree(mirror / "v3" / "manifests" / "index")
    address = stores.upload(s3, bucket, mirror, SNAPSHOT)
    with pytest.raises(SourceError, match="no build cache"):
        fetch(address)
    sc.build(address, tmp_path / "a", from_specs=True)
    assert hashes(read_rows, tmp_path / "a") == SPECS.keys()
    installs = json.loads(DATA)["database"]["installs"].values()
    needed = {edge["hash"] for each in installs for edge in each["spec"].get("dependencies", [])}
    gone = next(iter(SPECS.keys() - needed))
    import obstore
    from obstore.store import S3Store

    store = S3Store(bucket, prefix=SNAPSHOT, client_options={"allow_http": True})
    (path,) = mirror.glob(f"v3/manifests/spec/*/*{gone}*")
    obstore.delete(store, path.relative_to(mirror).as_posix())
    sc.build(address, tmp_path / "b", from_specs=True)
    assert hashes(read_rows, tmp_path / "b") == SPECS.keys() - {gone}


def test_specs_of_the_old_layout(s3: str, bucket: str, tmp_path: Path, read_rows: Reader) -> None:
    mirror = tmp_path / SNAPSHOT / "build_cache"
    mirror.mkdir(parents=True)
    for number, (key, file) in enumerate(SPECS.items()):
        data = json.dumps(file).encode()
        name = f"linux-{key}.spec.json"
        signed = number % 2 == 0
        (mirror / (f"{name}.sig" if signed else name)).write_bytes(
            mirrors.signed(data) if signed else data
        )
    address = stores.upload(s3, bucket, mirror.parent, SNAPSHOT)
    sc.build(address, tmp_path / "a", from_specs=True)
    assert hashes(read_rows, tmp_path / "a") == SPECS.keys()


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_blob_that_is_not_there_or_another_is_told(
    s3: str, bucket: str, mirror: Path, damage: str
) -> None:
    blob = mirrors.put_index(mirror, DATA)
    if damage == "gone":
        blob.unlink()
    else:
        blob.write_bytes(b"damaged")
    address = stores.upload(s3, bucket, mirror, SNAPSHOT)
    told = "names a blob that" if damage == "gone" else "not the one in its name"
    with pytest.raises(SourceError, match=told):
        fetch(address)


def test_what_cannot_be_read_is_told_with_what_to_do(
    s3: str, bucket: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["build", f"s3://{bucket}/x", "--dataset", "a"]) == 2
    err = capsys.readouterr().err
    assert "NoSuchBucket" in err or "404" in err
    assert "AWS_SECRET_ACCESS_KEY" in err
    assert "Debug source" not in err
    (tmp_path / "empty").mkdir()
    address = stores.upload(s3, bucket, tmp_path / "empty", "x")
    for option in ([], ["--from-specs"]):
        assert main(["build", address, "--dataset", "a", *option]) == 2
        err = capsys.readouterr().err
        assert "no build cache at" in err or "no mirror with specs" in err
        assert "very-secret" not in err


def test_nothing_is_read_over_http_unless_it_is_meant(
    monkeypatch: pytest.MonkeyPatch, bucket: str
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    with pytest.raises(SourceError, match="would travel over http"):
        fetch(f"s3://{bucket}/x", patience=ONCE)


@pytest.mark.parametrize("scheme", ["s3", "gs"])
def test_without_obstore_it_is_told_before_any_work(
    scheme: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    imported = builtins.__import__

    def lacking(name: str, *rest: Any, **named: Any) -> Any:
        if name.partition(".")[0] == "obstore":
            raise ImportError(name)
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", lacking)
    assert main(["build", f"{scheme}://bucket/x", "--dataset", "a"]) == 2
    assert "pip install 'spack-census[cloud]'" in capsys.readouterr().err
    assert not Path("output").exists()


def test_a_bucket_of_google_is_read_in_the_same_way(
    mirror: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from obstore.store import LocalStore

    monkeypatch.setattr(buckets, "_store", lambda *_: LocalStore(mirror.parent))
    found = sc.build(f"gs://bucket/{SNAPSHOT}", tmp_path / "a").manifest.id
    assert found == sc.build(mirror, tmp_path / "b").manifest.id
    assert default_folder("gs://bucket/x") != default_folder("s3://bucket/x")


@pytest.mark.parametrize("address", ["s3://", "gs:///x", "s3://me:secret@bucket/x", "gs://[x/"])
def test_what_is_no_address_of_a_bucket(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", address, "--dataset", "a"]) == 2
    err = capsys.readouterr().err
    assert "secret" not in err
    assert "fault of census" not in err
