"""Lockfiles of each version that Spack has written: the same specs, whatever their keys are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.model import Lockfile

WORKBENCH = Path(__file__).parent / "workbench" / "spack.lock"


def key_of(hash_: str) -> str:
    """Return what stands for a build hash: another text for each DAG hash."""
    return hash_[::-1]


def as_version(version: int) -> dict[str, Any]:
    """Return the workbench as Spack would have written it in a version of the format.

    By hand from Spack's description of its versions; ours is of version 5.
    """
    lock: dict[str, Any] = json.loads(WORKBENCH.read_text())
    lock["_meta"]["lockfile-version"] = version
    specs = lock["concrete_specs"]
    if version in {2, 3}:
        lock["roots"] = [{**root, "hash": key_of(root["hash"])} for root in lock["roots"]]
        specs = {key_of(key): node for key, node in specs.items()}
    if version == 3:
        for node in specs.values():
            for each in node.get("dependencies", []):
                each["build_hash"] = key_of(each.pop("hash"))
    if version <= 2:
        specs = {key: named(node, with_hash=version == 2) for key, node in specs.items()}
    if version >= 7:
        lock["roots"] = [{**root, "group": "default"} for root in lock["roots"]]
    if version == 8:
        for node in specs.values():
            node["provided_virtuals"] = ["mpi@3:"]
    return {**lock, "concrete_specs": specs}


def named(node: dict[str, Any], *, with_hash: bool) -> dict[str, Any]:
    dependencies = {
        each["name"]: {"hash": each["hash"], "type": each.get("type", [])}
        if "parameters" not in each
        else {"hash": each["hash"], "type": each["parameters"]["deptypes"]}
        for each in node.get("dependencies", [])
    }
    left = {key: value for key, value in node.items() if key not in {"name", "hash"}}
    own = {"hash": node["hash"]} if with_hash else {}
    return {node["name"]: {**left, **own, "dependencies": dependencies}}


def facts(lock: Lockfile) -> Any:
    """Return all of a lockfile but recipes and virtuals, which old ones do not have."""
    specs = {
        key: (
            (each.build.package, each.build.version, each.external),
            {(edge.package, edge.hash, edge.deptypes) for edge in each.edges},
        )
        for key, each in lock.specs.items()
    }
    return lock.roots, specs


@pytest.mark.parametrize("version", range(1, 9))
def test_each_version_tells_the_same(version: int, tmp_path: Path) -> None:
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(as_version(version)))
    found = read_lockfile(path)
    assert facts(found) == facts(read_lockfile(WORKBENCH))
    assert set(found.groups.values()) == ({"default"} if version >= 7 else set())


def test_specs_that_share_a_dag_hash_are_one(tmp_path: Path) -> None:
    """Two builds of one spec with other build dependencies: Spack could install one of them."""
    lock = as_version(2)
    key = next(iter(lock["concrete_specs"]))
    lock["concrete_specs"]["another"] = lock["concrete_specs"][key]
    lock["roots"].append({"hash": "another", "spec": "again"})
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(lock))
    found = read_lockfile(path)
    assert len(found.specs) == len(read_lockfile(WORKBENCH).specs)
    assert (key_of(key), "again") in found.roots


def test_environments_included_by_included_ones_count(tmp_path: Path) -> None:
    outer = json.loads(WORKBENCH.read_text())
    inner = as_version(5)
    empty = {"roots": [], "concrete_specs": {}}
    outer |= {**empty, "include_concrete": {"a": {**empty, "include_concrete": {"b": inner}}}}
    path = tmp_path / "spack.lock"
    path.write_text(json.dumps(outer))
    assert facts(read_lockfile(path)) == facts(read_lockfile(WORKBENCH))
