"""Lockfiles to fuzz: refused with a next step, or the specs that a plain reader of JSON sees."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from spack_census.environments.lockfile import read_lockfile
from spack_census.errors import EnvironmentFileError

_ENVIRONMENTS = Path(__file__).parents[1] / "environments"
_MOST_SPECS = 5


def seeds() -> list[bytes]:
    """Return small lockfiles: of each of the real ones, a few specs and all that they need."""
    found = []
    for path in sorted(_ENVIRONMENTS.glob("*/spack.lock")):
        lock = json.loads(path.read_text(encoding="utf-8"))
        closures = [_closure(lock["concrete_specs"], hash_) for hash_ in lock["concrete_specs"]]
        small = [each for each in closures if 1 < len(each) <= _MOST_SPECS]
        for specs in small[:4]:
            root = next(iter(specs))
            roots = [{"hash": root, "spec": specs[root]["name"]}]
            found.append(json.dumps({**lock, "roots": roots, "concrete_specs": specs}).encode())
    return found


def _closure(specs: dict[str, Any], root: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pending = [root]
    while pending:
        hash_ = pending.pop()
        if hash_ not in found:
            found[hash_] = specs[hash_]
            pending += [each["hash"] for each in specs[hash_].get("dependencies", ())]
    return found


def check(data: bytes) -> str:
    """Read a lockfile; demand of what was accepted what stands in it."""
    with tempfile.NamedTemporaryFile(suffix=".lock") as file:
        file.write(data)
        file.flush()
        try:
            found = read_lockfile(Path(file.name))
        except EnvironmentFileError as error:
            next_steps = error.next_steps
            found = None
    if found is None:
        assert next_steps
        return "rejected"
    lock = json.loads(data, parse_int=float)
    assert found.roots == tuple(
        dict.fromkeys((root["hash"], root["spec"]) for root in lock["roots"])
    )
    specs = lock["concrete_specs"]
    assert found.specs.keys() == specs.keys()
    for hash_, locked in found.specs.items():
        theirs, build = specs[hash_], locked.build
        assert (build.package, build.version) == (theirs["name"], theirs["version"])
        assert (build.platform, build.os) == (
            theirs["arch"]["platform"],
            theirs["arch"]["platform_os"],
        )
        assert locked.external == (theirs.get("external") is not None)
        edges = [(edge.package, edge.hash) for edge in locked.edges]
        assert edges == [(each["name"], each["hash"]) for each in theirs.get("dependencies", ())]
    return "accepted"
