"""Audits of v2 mirrors and OCI image layouts: a whole one fits, and each damage is named."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spack_census.sources import oci
from spack_census.sources.audit import audit
from support import mirrors

DATA = mirrors.database("spliced")
SPECS = mirrors.spec_files(DATA)
_INSTALLS = json.loads(DATA)["database"]["installs"]
_NEEDED = {
    edge["hash"] for each in _INSTALLS.values() for edge in each["spec"].get("dependencies", [])
}
KEY = min(SPECS.keys() - _NEEDED)
"""A spec that no other needs."""
Damages = dict[str, tuple[Callable[[Path], object], set[str]]]


def lacking(*keys: str) -> bytes:
    value = json.loads(DATA)
    for key in keys:
        del value["database"]["installs"][key]
    return json.dumps(value).encode()


def unlisted_dependency() -> bytes:
    value = json.loads(DATA)
    installs = value["database"]["installs"]
    for each in installs.values():
        for edge in each["spec"].get("dependencies", []) if each["in_buildcache"] else []:
            if "link" in edge["parameters"]["deptypes"] and edge["hash"] in SPECS:
                installs[edge["hash"]]["in_buildcache"] = False
                return json.dumps(value).encode()
    raise AssertionError("no spec links another")


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


def one(mirror: Path, pattern: str) -> Path:
    (found,) = mirror.glob(pattern)
    return found


@pytest.fixture
def v2(tmp_path: Path) -> Path:
    mirror = mirrors.v2_mirror(tmp_path / "v2", DATA)
    for path in mirror.glob("build_cache/*.sig"):
        os.utime(path, ns=(0, 0))
    return mirror


def put_index(mirror: Path, data: bytes) -> None:
    (mirror / "build_cache" / "index.json").write_bytes(data)


V2: Damages = {
    "a spec file is gone": (
        lambda mirror: one(mirror, f"build_cache/*{KEY}*").unlink(),
        {"listed without manifest", "unnamed blob"},
    ),
    "a spec file is none": (
        lambda mirror: one(mirror, f"build_cache/*{KEY}*").write_bytes(b"<html>"),
        {"bad manifest", "listed without manifest", "unnamed blob"},
    ),
    "a binary is gone": (
        lambda mirror: one(mirror, f"build_cache/*/*{KEY}*").unlink(),
        {"missing blob"},
    ),
    "a bit is flipped": (
        lambda mirror: flip(one(mirror, f"build_cache/*/*{KEY}*")),
        {"wrong checksum"},
    ),
    "a binary is left over": (
        lambda mirror: (mirror / "build_cache" / f"linux-{'z' * 32}.spack").write_bytes(b"x"),
        {"unnamed blob"},
    ),
    "the index is gone": (
        lambda mirror: (mirror / "build_cache" / "index.json").unlink(),
        {"no index"},
    ),
    "the index is cut short": (lambda mirror: put_index(mirror, DATA[:-9]), {"bad index"}),
    "the index lacks a spec": (lambda mirror: put_index(mirror, lacking(KEY)), {"not listed"}),
    "a dependency is not listed": (
        lambda mirror: put_index(mirror, unlisted_dependency()),
        {"missing dependency", "not listed"},
    ),
    "there is no key": (lambda mirror: one(mirror, "build_cache/_pgp/*.pub").unlink(), {"no key"}),
    "a spec was pushed later": (
        lambda mirror: os.utime(one(mirror, f"build_cache/*{KEY}*"), ns=(2**62, 2**62)),
        {"stale index"},
    ),
}


def v2_laws(mirror: Path) -> None:
    found = audit(mirror)
    binaries = {path: path.stat().st_size for path in mirror.rglob("*.spack")}
    assert found.num_blobs == len(binaries)
    assert found.num_bytes == sum(binaries.values())
    assert sum(found.spec_bytes.values()) + (found.num_bytes_unnamed or 0) == found.num_bytes


@pytest.mark.parametrize("sign", [True, False], ids=["signed", "unsigned"])
def test_a_whole_v2_mirror_fits(tmp_path: Path, *, sign: bool) -> None:
    mirror = mirrors.v2_mirror(tmp_path / "v2", DATA, sign=sign)
    found = audit(mirror, deep=True)
    assert found.findings == []
    assert found.num_specs == found.num_manifests == found.num_blobs == len(SPECS)
    assert found.spec_bytes == {key: mirrors.size_of(key) for key in SPECS}
    v2_laws(mirror)


@pytest.mark.parametrize("name", V2)
def test_each_damage_of_a_v2_mirror_is_named(v2: Path, name: str) -> None:
    damage, problems = V2[name]
    damage(v2)
    found = audit(v2, deep=True).findings
    assert {each.problem for each in found} == problems
    assert all(each.message and each.remedy and each.path for each in found)
    told = {each.hash for each in found if each.problem in ("missing blob", "wrong checksum")}
    assert told <= {KEY}
    assert {each.problem for each in audit(v2).findings} == problems - {"wrong checksum"}
    v2_laws(v2)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return mirrors.oci_layout(tmp_path / "oci", DATA)


def tag_of(key: str) -> str:
    return next(f"{node['name']}-{node['version']}-{key}.spack" for node in nodes(key))


def nodes(key: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = SPECS[key]["spec"]["nodes"]
    return found


def image(layout: Path, tag: str) -> tuple[Path, dict[str, Any]]:
    path = layout / oci.blob(oci.tags(layout)[tag])
    return path, json.loads(path.read_text())


def part(layout: Path, name: str) -> Path:
    _, manifest = image(layout, tag_of(KEY))
    digest = manifest["config"] if name == "config" else manifest["layers"][-1]
    return layout / oci.blob(digest["digest"])


def retag(layout: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    path = layout / "index.json"
    value = json.loads(path.read_text())
    path.write_text(json.dumps({**value, "manifests": change(value["manifests"])}))


def named(each: dict[str, Any]) -> str:
    return str(each["annotations"]["org.opencontainers.image.ref.name"])


def reindex(layout: Path, data: bytes) -> None:
    """Put another index in the place of the old one, of which no blob is left."""
    path, manifest = image(layout, "index.spack")
    old = manifest["layers"][0]["digest"]
    (layout / oci.blob(old)).unlink()
    path.unlink()

    def put(blob: bytes) -> dict[str, Any]:
        sha256 = hashlib.sha256(blob).hexdigest()
        (layout / "blobs" / "sha256" / sha256).write_bytes(blob)
        return {"digest": f"sha256:{sha256}", "size": len(blob)}

    found = put(json.dumps({**manifest, "layers": [put(data)]}).encode())
    retag(
        layout,
        lambda listed: [
            {**each, **found} if named(each) == "index.spack" else each for each in listed
        ],
    )


OCI: Damages = {
    "a tag is gone": (
        lambda layout: retag(
            layout, lambda listed: [each for each in listed if named(each) != tag_of(KEY)]
        ),
        {"listed without manifest", "unnamed blob"},
    ),
    "a manifest is gone": (
        lambda layout: image(layout, tag_of(KEY))[0].unlink(),
        {"missing blob", "unnamed blob"},
    ),
    "a manifest is another": (
        lambda layout: image(layout, tag_of(KEY))[0].write_bytes(b"{}"),
        {"bad manifest", "unnamed blob", "wrong checksum"},
    ),
    "a config is gone": (
        lambda layout: part(layout, "config").unlink(),
        {"missing blob", "unnamed blob"},
    ),
    "a binary is gone": (lambda layout: part(layout, "binary").unlink(), {"missing blob"}),
    "a binary is longer": (
        lambda layout: part(layout, "binary").write_bytes(b"x" * 1000),
        {"wrong size"},
    ),
    "a bit is flipped": (lambda layout: flip(part(layout, "binary")), {"wrong checksum"}),
    "a blob is left over": (
        lambda layout: (layout / "blobs" / "sha256" / ("0" * 64)).write_bytes(b"x"),
        {"unnamed blob"},
    ),
    "the index is gone": (
        lambda layout: retag(
            layout, lambda listed: [each for each in listed if named(each) != "index.spack"]
        ),
        {"no index", "unnamed blob"},
    ),
    "the index is cut short": (lambda layout: reindex(layout, DATA[:-9]), {"bad index"}),
    "the index lacks a spec": (lambda layout: reindex(layout, lacking(KEY)), {"not listed"}),
    "a dependency is not listed": (
        lambda layout: reindex(layout, unlisted_dependency()),
        {"missing dependency", "not listed"},
    ),
}


def oci_laws(layout: Path) -> None:
    found = audit(layout)
    blobs = {path.name: path.stat().st_size for path in (layout / "blobs/sha256").iterdir()}
    unnamed = [each for each in found.findings if each.problem == "unnamed blob"]
    assert found.num_blobs == len(blobs)
    assert found.num_bytes == sum(blobs.values())
    assert found.num_bytes_unnamed == sum(each.size_bytes or 0 for each in unnamed)
    assert sum(found.spec_bytes.values()) + (found.num_bytes_unnamed or 0) <= found.num_bytes


def test_a_whole_layout_fits(layout: Path) -> None:
    found = audit(layout, deep=True)
    assert found.findings == []
    assert found.num_specs == found.num_manifests == len(SPECS)
    for key in SPECS:
        path, manifest = image(layout, tag_of(key))
        parts = path.stat().st_size + manifest["config"]["size"] + mirrors.size_of(key)
        assert found.spec_bytes[key] == parts
    oci_laws(layout)


@pytest.mark.parametrize("name", OCI)
def test_each_damage_of_a_layout_is_named(layout: Path, name: str) -> None:
    damage, problems = OCI[name]
    damage(layout)
    found = audit(layout, deep=True).findings
    assert {each.problem for each in found} == problems
    assert all(each.message and each.remedy and each.path for each in found)
    told = {each.hash for each in found if each.problem in ("missing blob", "wrong size")}
    assert told <= {KEY}
    assert {each.problem for each in audit(layout).findings} == problems - {"wrong checksum"}
    oci_laws(layout)
