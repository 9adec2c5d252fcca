"""Audits of mirrors: a whole one fits, and each kind of damage is named."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from spack_census.cli import main
from spack_census.errors import SourceError
from spack_census.sources import manifests
from spack_census.sources.audit import Audit, audit
from support import mirrors

SPECS = "v3/manifests/spec"
DATA = mirrors.database("spliced")


@pytest.fixture
def mirror(tmp_path: Path) -> Path:
    """Return a mirror that fits: manifests first, then index, view and key."""
    path = tmp_path / "mirror"
    for each in mirrors.with_specs(path, DATA).values():
        os.utime(each, ns=(0, 0))
    mirrors.put_index(path, DATA)
    mirrors.put_index(path, DATA, "mine")
    key = mirrors.content(path, b"a key", "application/pgp-keys")
    mirrors.manifest(path / "v3" / "manifests" / "key" / "75BC.key.manifest.json", key)
    (path / "v3" / "layout.json").write_text('{"signing": "gpg"}')
    return path


def any_manifest(mirror: Path) -> Path:
    """Return the manifest of a spec that no other needs."""
    installs = json.loads(DATA)["database"]["installs"].values()
    needed = {edge["hash"] for each in installs for edge in each["spec"].get("dependencies", [])}
    found = sorted(mirror.glob(f"{SPECS}/*/*"))
    return next(each for each in found if manifests.hash_of(each) not in needed)


def blob(mirror: Path, media_type: str = manifests.TARBALL) -> Path:
    content = manifests.demanded(any_manifest(mirror).read_bytes(), media_type)
    return mirror / "blobs" / "sha256" / content.checksum[:2] / content.checksum


def database(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(DATA)
    change(value["database"]["installs"])
    return json.dumps(value).encode()


def without(mirror: Path, view: str = "") -> None:
    """List one spec less, and leave no old blob of the index."""
    key = manifests.hash_of(any_manifest(mirror))
    mirrors.put_index(mirror, database(lambda installs: installs.pop(key)), view)


def unneeded(installs: dict[str, Any]) -> None:
    """List no more what others link."""
    for each in list(installs.values()):
        for edge in each["spec"].get("dependencies", []):
            linked = "link" in edge["parameters"]["deptypes"]
            if each["in_buildcache"] and linked and installs[edge["hash"]]["in_buildcache"]:
                installs[edge["hash"]]["in_buildcache"] = False
                return


def append(path: Path, data: bytes) -> None:
    path.write_bytes(path.read_bytes() + data)


def flip(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(bytes([data[0] ^ 1]) + data[1:])


DAMAGES: dict[str, tuple[Callable[[Path], object], set[str]]] = {
    "a manifest is gone": (
        lambda mirror: any_manifest(mirror).unlink(),
        {"listed without manifest", "unnamed blob"},
    ),
    "a manifest is broken": (
        lambda mirror: any_manifest(mirror).write_bytes(b"<html>"),
        {"bad manifest", "unnamed blob", "stale index"},
    ),
    "a binary is gone": (lambda mirror: blob(mirror).unlink(), {"missing blob"}),
    "a spec file is gone": (
        lambda mirror: blob(mirror, manifests.SPEC).unlink(),
        {"missing blob"},
    ),
    "a binary is longer": (lambda mirror: append(blob(mirror), b"x"), {"wrong size"}),
    "a bit is flipped": (lambda mirror: flip(blob(mirror)), {"wrong checksum"}),
    "a blob is left over": (
        lambda mirror: mirrors.content(mirror, b"left over", "x"),
        {"unnamed blob"},
    ),
    "the index is gone": (
        lambda mirror: [path.unlink() for path in mirror.glob("v3/manifests/index/**/*.json")],
        {"no index", "unnamed blob"},
    ),
    "the index is cut short": (
        lambda mirror: mirrors.put_index(mirror, DATA[:-9]),
        {"bad index"},
    ),
    "the index lacks a spec": (without, {"not listed", "not in the default index"}),
    "a view lacks a spec": (lambda mirror: without(mirror, "mine"), {"in no view"}),
    "a view is cut short": (
        lambda mirror: mirrors.put_index(mirror, DATA[:-9], "mine"),
        {"bad index"},
    ),
    "a view lacks a spec, another view cannot be read": (
        lambda mirror: [without(mirror, "mine"), mirrors.put_index(mirror, DATA[:-9], "other")],
        {"bad index"},
    ),
    "a spec is in a view alone, the default index cannot be read": (
        lambda mirror: [without(mirror, "mine"), mirrors.put_index(mirror, DATA[:-9])],
        {"bad index", "unnamed blob"},
    ),
    "the blob of an index is gone": (
        lambda mirror: mirrors.put_index(mirror, DATA).unlink(),
        {"bad index", "missing blob"},
    ),
    "a dependency is not listed": (
        lambda mirror: [
            mirrors.put_index(mirror, database(unneeded), view) for view in ("", "mine")
        ],
        {"missing dependency", "not listed", "unnamed blob"},
    ),
    "there is no key": (
        lambda mirror: [path.unlink() for path in mirror.glob("v3/manifests/key/*")],
        {"no key", "unnamed blob"},
    ),
    "the layout is gone": (lambda mirror: (mirror / "v3/layout.json").unlink(), {"bad layout"}),
    "a spec was pushed later": (
        lambda mirror: os.utime(any_manifest(mirror), ns=(2**62, 2**62)),
        {"stale index"},
    ),
}


def laws(mirror: Path, found: Audit) -> None:
    """See that the bytes add up: each blob is named, or told to be named by nothing."""
    blobs = [path for path in mirror.glob("blobs/**/*") if path.is_file()]
    unnamed = [each for each in found.findings if each.problem == "unnamed blob"]
    assert found.num_blobs == len(blobs)
    assert found.num_bytes == sum(path.stat().st_size for path in blobs)
    assert found.num_bytes_unnamed == sum(each.size_bytes or 0 for each in unnamed)
    named = set()
    for path in mirror.glob("v3/manifests/**/*.json"):
        for part in path.read_text().split('"'):
            named.add(part)
    assert {Path(each.path).name for each in unnamed} == {path.name for path in blobs} - named


@pytest.mark.parametrize("sign", [False, True], ids=["unsigned", "signed"])
def test_a_whole_mirror_fits(mirror: Path, *, sign: bool) -> None:
    for path in mirror.glob(f"{SPECS}/*/*") if sign else ():
        path.write_bytes(mirrors.signed(path.read_bytes()))
        os.utime(path, ns=(0, 0))
    found = audit(mirror, deep=True)
    assert found.findings == []
    assert found.num_specs == found.num_manifests == len(mirrors.spec_files(DATA))
    laws(mirror, found)


@pytest.mark.parametrize("name", DAMAGES)
def test_each_damage_is_named(mirror: Path, name: str) -> None:
    damage, problems = DAMAGES[name]
    damage(mirror)
    found = audit(mirror, deep=True)
    assert {each.problem for each in found.findings} == problems
    assert all(each.message and each.remedy and each.path for each in found.findings)
    laws(mirror, found)
    shallow = {each.problem for each in audit(mirror).findings}
    assert shallow == problems - {"wrong checksum"}


def test_without_signing_no_key_is_needed(mirror: Path) -> None:
    DAMAGES["there is no key"][0](mirror)
    (mirror / "v3" / "layout.json").write_text('{"signing": "none"}')
    assert {each.problem for each in audit(mirror).findings} == {"unnamed blob"}


def test_the_command_prints_rows_and_tells_by_its_code(
    mirror: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["audit", str(mirror)]) == 0
    assert "all fits" in capsys.readouterr().out
    key = manifests.hash_of(any_manifest(mirror))
    blob(mirror).unlink()
    assert main(["audit", str(mirror), "--format", "json"]) == 1
    out, err = capsys.readouterr()
    (row,) = json.loads(out)
    assert (row["problem"], row["hash"], row["size_bytes"]) == ("missing blob", key, None)
    assert "1 found wrong" in err
    assert main(["audit", f"file://{mirror}", "--deep"]) == 1
    assert "missing blob" in capsys.readouterr().out


def test_what_is_no_mirror(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no mirror of the v3 layout"):
        audit(tmp_path)
    assert main(["audit", "https://example.org/mirror"]) == 2


def test_a_blob_of_two_specs_counts_once(mirror: Path) -> None:
    before = audit(mirror)
    path = any_manifest(mirror)
    path.with_name(path.name.replace(manifests.hash_of(path), "z" * 32)).write_bytes(
        path.read_bytes()
    )
    found = audit(mirror)
    assert sum(found.spec_bytes.values()) == sum(before.spec_bytes.values())
    index_and_key = len(DATA) + len(b"a key")
    assert sum(found.spec_bytes.values()) + index_and_key == found.num_bytes == before.num_bytes
