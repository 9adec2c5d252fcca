"""Audits of what is elsewhere find what an audit of the same files here finds."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.cli import main
from spack_census.sources import manifests, oci
from spack_census.sources.audit import audit
from support import mirrors, stores
from support.registries import DOCKER_REGISTRY, docker_registry, fake_registry, push

DATA = mirrors.database("spliced")
SNAPSHOT = "develop-2026-06-28"


@pytest.fixture(autouse=True)
def nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def v3(folder: Path) -> Path:
    """Return a v3 mirror with one damage of each kind that copying does not mend."""
    paths = mirrors.with_specs(folder, DATA)
    (folder / "v3" / "layout.json").write_text('{"signing": "gpg"}')
    specs = iter(sorted(paths.values()))

    def binary(path: Path) -> Path:
        content = manifests.demanded(path.read_bytes(), manifests.TARBALL)
        return folder / "blobs" / "sha256" / content.checksum[:2] / content.checksum

    next(specs).unlink()
    next(specs).write_bytes(b"<html>")
    binary(next(specs)).unlink()
    longer, flipped = binary(next(specs)), binary(next(specs))
    longer.write_bytes(longer.read_bytes() + b"x")
    flipped.write_bytes(b"X" + flipped.read_bytes()[1:])
    value = json.loads(DATA)
    installs = value["database"]["installs"]
    listed = [key for key, each in installs.items() if each["in_buildcache"]]
    needed = {
        edge["hash"] for each in installs.values() for edge in each["spec"].get("dependencies", [])
    }
    installs[next(key for key in listed if key in needed)]["in_buildcache"] = False
    mirrors.put_index(folder, json.dumps(value).encode())
    mirrors.put_index(folder, DATA, "all")
    mirrors.put_index(folder, DATA[:-9], "broken")
    return folder


def v2(folder: Path) -> Path:
    """Return a damaged v2 mirror."""
    mirrors.v2_mirror(folder, DATA)
    specs = sorted(mirrors.spec_files(DATA))
    (folder / "build_cache" / "linux" / f"linux-{specs[0]}.spack").unlink()
    (folder / "build_cache" / f"linux-{specs[1]}.spec.json.sig").unlink()
    flipped = folder / "build_cache" / "linux" / f"linux-{specs[2]}.spack"
    flipped.write_bytes(b"X" + flipped.read_bytes()[1:])
    (folder / "build_cache" / "_pgp" / "75BC.pub").unlink()
    return folder


@pytest.mark.parametrize("make", [v3, v2])
@pytest.mark.parametrize("deep", [False, True], ids=["shallow", "deep"])
def test_a_bucket_is_as_bad_as_its_folder(
    s3: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Path], Path],
    *,
    deep: bool,
) -> None:
    mirror = make(tmp_path / SNAPSHOT)
    bucket = f"audit-{make.__name__}-{deep}".lower()
    address = stores.upload(s3, bucket, mirror, f"a/{SNAPSHOT}")
    option = ["--deep"] if deep else []
    assert main(["audit", address, "--format", "json", *option]) == 1
    out, err = capsys.readouterr()
    here = audit(mirror, deep=deep)
    # Copies are as old as they are copies.
    told = [row for row in json.loads(out) if row["problem"] != "stale index"]
    assert [tuple(row.values()) for row in told] == [
        tuple(each) for each in here.findings if each.problem != "stale index"
    ]
    assert f"{here.num_blobs:,} blobs" in err
    kinds = {each.problem for each in here.findings}
    if make is v3:
        assert kinds - {"stale index", "wrong checksum"} == {
            "bad index",
            "bad manifest",
            "listed without manifest",
            "missing blob",
            "missing dependency",
            "no key",
            "not in the default index",
            "not listed",
            "unnamed blob",
            "wrong size",
        }
    assert ("wrong checksum" in kinds) == deep


@pytest.fixture
def running() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def damaged(folder: Path) -> Path:
    """Return a layout whose index lacks two specs, one of which another needs."""
    layout = mirrors.oci_layout(folder, DATA)
    value = json.loads(DATA)
    installs = value["database"]["installs"]
    for key in [key for key, each in installs.items() if each["in_buildcache"]][:2]:
        installs[key]["in_buildcache"] = False
    other = mirrors.oci_layout(folder.with_name("other"), json.dumps(value).encode())
    listed = json.loads((layout / "index.json").read_text())
    taken = json.loads((other / "index.json").read_text())
    for path in (other / "blobs" / "sha256").iterdir():
        (layout / "blobs" / "sha256" / path.name).write_bytes(path.read_bytes())
    listed["manifests"][-1] = taken["manifests"][-1]
    (layout / "index.json").write_text(json.dumps(listed))
    return layout


@pytest.mark.skipif(DOCKER_REGISTRY is None, reason="docker-registry is not installed")
def test_a_registry_is_as_bad_as_its_layout(
    tmp_path: Path, running: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = damaged(tmp_path / "layout")
    host = running.enter_context(docker_registry(tmp_path / "registry"))
    push(host, f"team/{SNAPSHOT}", layout)
    address = f"oci://{host}/team/{SNAPSHOT}"
    assert main(["audit", address, "--deep", "--format", "json"]) == 1
    out, err = capsys.readouterr()
    told = [tuple(row.values()) for row in json.loads(out)]
    here = audit(layout, deep=True).findings
    # What nothing names was never pushed, and no registry would tell.
    assert told == [tuple(each) for each in here if each.problem != "unnamed blob"]
    assert {each[0] for each in told} == {"not listed", "missing dependency"}
    assert "does not tell what nothing names" in err


def test_what_a_registry_lost_is_told(
    tmp_path: Path, running: ExitStack, capsys: pytest.CaptureFixture[str]
) -> None:
    layout = mirrors.oci_layout(tmp_path / "layout", DATA)
    tags = [tag for tag in sorted(oci.tags(layout)) if oci.is_spec(tag)]
    images = [json.loads((layout / oci.blob(oci.tags(layout)[tag])).read_text()) for tag in tags]
    (layout / oci.blob(images[0]["layers"][-1]["digest"])).unlink()
    (layout / oci.blob(images[1]["config"]["digest"])).unlink()
    longer = layout / oci.blob(images[2]["layers"][-1]["digest"])
    longer.write_bytes(longer.read_bytes() + b"x")
    flipped = layout / oci.blob(images[3]["layers"][-1]["digest"])
    flipped.write_bytes(b"X" + flipped.read_bytes()[1:])
    fake = running.enter_context(fake_registry(layout))
    fake.ticket = "a-token"
    address = f"oci://{fake.host}/team/cache"
    assert main(["audit", address, "--deep", "--format", "csv"]) == 1
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {(row["problem"], row["hash"]) for row in rows} == {
        ("missing blob", oci.hash_of(tags[0])),
        ("missing blob", oci.hash_of(tags[1])),
        ("wrong checksum", oci.hash_of(tags[3])),
        ("wrong size", oci.hash_of(tags[2])),
    }
    assert len(rows) == 4


@pytest.mark.parametrize("form", ["table", "markdown", "csv", "tsv", "json", "jsonl", "parquet"])
def test_every_format_and_the_exit_code(
    tmp_path: Path, form: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    mirror = v3(tmp_path / SNAPSHOT)
    assert main(["audit", str(mirror), "--format", form]) == 1
    out, _ = capfdbinary.readouterr()
    assert out.startswith(b"PAR1") if form == "parquet" else b"missing blob" in out


@pytest.mark.parametrize("by", ["stack", "age"])
def test_bytes_beside_a_dataset(
    tmp_path: Path, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mirror = tmp_path / SNAPSHOT
    mirrors.with_specs(mirror, DATA)
    mirrors.put_index(mirror, DATA)
    sc.build(mirror, tmp_path / "dataset")
    arguments = ["--by", by, "--dataset", "dataset", "--format", "json"]
    code = main(["audit", str(mirror), *arguments])
    out, err = capsys.readouterr()
    found = audit(mirror)
    assert code == (1 if found.findings else 0)
    name = SNAPSHOT if by == "age" else "root"
    of_specs = sum(found.spec_bytes.values())
    assert json.loads(out) == [
        {"name": name, "num_specs": len(found.spec_bytes), "size_bytes": of_specs},
        {"name": "(of no spec)", "num_specs": 0, "size_bytes": found.num_bytes - of_specs},
    ]
    assert "specs listed" in err
    assert main(["audit", "--keep-last", "1", *arguments]) == 2
    assert main(["audit", str(mirror), "--by", by, "--dataset", "none"]) == 2


def test_a_web_server_cannot_be_audited(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", "https://example.org/mirror?secret"]) == 2
    err = capsys.readouterr().err
    assert "no server lists all files" in err
    assert "secret" not in err
