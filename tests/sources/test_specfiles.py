"""A mirror's specs one by one: the rows of its index, each damage told, no signature believed."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import spack_census as sc
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError
from spack_census.sources import manifests
from support import mirrors

Reader = Callable[[Path, str], list[dict[str, Any]]]
SNAPSHOT = "develop-2026-06-28"
DATA = mirrors.database("spliced")
TABLES = ("specs", "dependencies", "externals")


def tables(read_rows: Reader, source: Path, dataset: Path, **options: Any) -> list[Any]:
    sc.build(source, dataset, **options)
    return [sorted(read_rows(dataset, table), key=repr) for table in TABLES]


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    path = tmp_path / SNAPSHOT
    mirrors.put_index(path, DATA)
    mirrors.with_specs(path, DATA)
    return path


@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])
def test_the_rows_are_those_of_the_index(tmp_path: Path, read_rows: Reader, *, sign: bool) -> None:
    mirror = tmp_path / SNAPSHOT
    mirrors.put_index(mirror, DATA)
    mirrors.with_specs(mirror, DATA, sign=sign)
    indexed = tables(read_rows, mirror, tmp_path / "index", with_sizes=True)
    assert tables(read_rows, mirror, tmp_path / "specs", from_specs=True) == indexed
    assert len(indexed[0]) > 10
    assert len(indexed[2]) > 0
    for row in indexed[0]:
        assert row["size_bytes"] == mirrors.size_of(row["hash"])
    for check in ("conservation", "declared_counts", "dependencies", "duplicate_hash"):
        assert len(sc.query(tmp_path / "specs", f"checks.{check}").pl()) == 0


@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])
def test_spec_files_of_the_older_layout(tmp_path: Path, read_rows: Reader, *, sign: bool) -> None:
    mirror = tmp_path / SNAPSHOT
    folder = mirror / "build_cache"
    folder.mkdir(parents=True)
    (folder / "index.json").write_bytes(DATA)
    for key, file in mirrors.spec_files(DATA).items():
        data = json.dumps(file, indent=1).encode()
        path = folder / f"linux-gcc-{key}.spec.json{'.sig' if sign else ''}"
        path.write_bytes(mirrors.signed(data) if sign else data)
        binary = folder / "linux" / "gcc" / f"linux-gcc-{key}.spack"
        binary.parent.mkdir(parents=True, exist_ok=True)
        binary.write_bytes(b"x" * mirrors.size_of(key))
    indexed = tables(read_rows, mirror, tmp_path / "index", with_sizes=True)
    assert tables(read_rows, mirror, tmp_path / "specs", from_specs=True) == indexed
    assert {row["size_bytes"] - mirrors.size_of(row["hash"]) for row in indexed[0]} == {0}


def test_a_second_build_finds_nothing_new(mirror: Path, tmp_path: Path) -> None:
    sc.build(mirror, tmp_path / "dataset", from_specs=True)
    assert not sc.build(mirror, tmp_path / "dataset", from_specs=True).published


def test_a_mirror_without_an_index_names_both_ways_out(mirror: Path, tmp_path: Path) -> None:
    shutil.rmtree(mirror / "v3" / "manifests" / "index")
    with pytest.raises(SourceError, match="is a mirror without an index") as told:
        sc.build(mirror, tmp_path / "dataset")
    assert "update-index" in told.value.next_steps[0]
    assert "--from-specs" in told.value.next_steps[1]


def test_nothing_to_read_one_by_one(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is no mirror with specs"):
        sc.build(tmp_path, tmp_path / "dataset", from_specs=True)
    with pytest.raises(SourceError, match="no server lists the specs"):
        sc.build("https://example.org/mirror", tmp_path / "dataset", from_specs=True)


def _blob(mirror: Path, manifest: Path) -> Path:
    record = manifests.demanded(manifest.read_bytes(), manifests.SPEC)
    return mirror / "blobs" / "sha256" / record.checksum[:2] / record.checksum


def _other(mirror: Path, manifest: Path) -> None:
    file = json.loads(gzip.decompress(_blob(mirror, manifest).read_bytes()))
    file["spec"]["nodes"] = file["spec"]["nodes"][::-1]
    _write(mirror, manifest, file)


def _young(mirror: Path, manifest: Path) -> None:
    file = json.loads(gzip.decompress(_blob(mirror, manifest).read_bytes()))
    file["spec"]["_meta"]["version"] = 6
    _write(mirror, manifest, file)


def _write(mirror: Path, path: Path, file: dict[str, Any]) -> None:
    data = gzip.compress(json.dumps(file).encode())
    record = mirrors.content(mirror, data, "application/vnd.spack.spec.v5+json", "gzip")
    mirrors.manifest(path, record)


DAMAGES: dict[str, tuple[Callable[[Path, Path], object], str]] = {
    "no blob": (lambda mirror, path: _blob(mirror, path).unlink(), "missing-index"),
    "another blob": (lambda mirror, path: _blob(mirror, path).write_bytes(b"{}"), "bad-checksum"),
    "no manifest": (lambda _, path: path.write_bytes(b"<html>"), "bad-json"),
    "no records": (lambda _, path: path.write_text('{"version":3,"data":[]}'), "missing-key"),
    "cut short": (
        lambda _, path: path.write_bytes(mirrors.signed(path.read_bytes())[:-90]),
        "bad-json",
    ),
    "another spec": (_other, "bad-hash"),
    "a newer format": (_young, "unsupported-generation"),
    "no spec file": (lambda mirror, path: _write(mirror, path, {"spec": []}), "wrong-type"),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_one_damaged_spec_is_rejected_alone(
    mirror: Path, tmp_path: Path, read_rows: Reader, name: str
) -> None:
    damage, reason = DAMAGES[name]
    whole = tables(read_rows, mirror, tmp_path / "whole", from_specs=True)[0]
    # A spec that none depends on: nothing else can describe it.
    needed = {row["dependency_hash"] for row in read_rows(tmp_path / "whole", "dependencies")}
    key = next(row["hash"] for row in whole if row["hash"] not in needed)
    (path,) = mirror.glob(f"v3/manifests/spec/*/*-{key}.spec.manifest.json")
    damage(mirror, path)
    left = tables(read_rows, mirror, tmp_path / "left", from_specs=True)[0]
    assert [row["hash"] for row in whole if row["hash"] != key] == [row["hash"] for row in left]
    (reject,) = read_rows(tmp_path / "left", "rejects")
    assert (reject["scope"], reject["reason"]) == ("spec", reason)
    assert path.name in reject["place"]
    assert len(sc.query(tmp_path / "left", "checks.conservation").pl()) == 0


LINES = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=9))


@given(lines=LINES, crlf=st.booleans())
def test_a_signed_text_says_what_was_signed(lines: list[str], *, crlf: bool) -> None:
    text = "\n".join(lines).encode()
    sent = mirrors.signed(text)
    assert manifests.signed_text(sent.replace(b"\n", b"\r\n") if crlf else sent) == text


def test_what_is_not_signed_is_left_alone() -> None:
    assert manifests.signed_text(b"- {}\r\n") == b"- {}\r\n"
    with pytest.raises(Rejected):
        manifests.signed_text(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{}")
