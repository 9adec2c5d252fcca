"""Small lockfiles as tests write them: specs as short facts, in Spack's JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


def node(package: str, hash_: str, version: str = "1.0", **facts: Any) -> dict[str, Any]:
    """Return one spec; `below` lists (package, hash, types) that it needs."""
    below = facts.pop("below", ())
    parameters: dict[str, Any] = {"shared": True, "cflags": []} | facts.pop("parameters", {})
    return {
        "name": package,
        "version": version,
        "arch": {
            "platform": "linux",
            "platform_os": facts.pop("os", "ubuntu22.04"),
            "target": facts.pop("target", "x86_64_v3"),
        },
        "compiler": {"name": "gcc", "version": facts.pop("gcc", "11.4.0")},
        "namespace": "builtin",
        "parameters": parameters,
        "package_hash": facts.pop("recipe", "one"),
        "dependencies": [
            {"name": name, "hash": other, "parameters": {"deptypes": types, "virtuals": []}}
            for name, other, types in below
        ],
        "hash": hash_,
        **facts,
    }


def write_lock(path: Path, nodes: Sequence[Mapping[str, Any]], version: int = 5) -> Path:
    """Write a lockfile whose only root is its first spec; return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = {
        "_meta": {"file-type": "spack-lockfile", "lockfile-version": version},
        "roots": [{"hash": each["hash"], "spec": each["name"]} for each in nodes[:1]],
        "concrete_specs": {each["hash"]: each for each in nodes},
    }
    path.write_text(json.dumps(lock))
    return path
