"""A second reader of indexes, as plain as can be: json and dictionaries, nothing of the package.

It trusts its input, as `naive` does.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

_RENAMED = {"clang": "llvm", "oneapi": "intel-oneapi-compilers", "rocmcc": "llvm-amdgpu"}
_FLAGS = {"cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs"}


def installs(path: Path) -> dict[str, Any]:
    """Return the records of an index file, packed or not."""
    data = path.read_bytes()
    unpacked = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    found: dict[str, Any] = json.loads(unpacked)["database"]["installs"]
    return found


def rows(indexes: dict[str, Path], snapshot: str) -> list[dict[str, Any]]:
    """Return the rows of `specs` of one snapshot, given its indexes by label, `root` among them."""
    stacks = {label: installs(path) for label, path in indexes.items()}
    everything = {key: record for held in stacks.values() for key, record in held.items()}
    everything |= stacks["root"]
    return [
        row(record["spec"], key, everything) | {"snapshot": snapshot, "stacks": holders}
        for key, record in everything.items()
        if (holders := sorted(each for each, held in stacks.items() if _cached(held.get(key))))
    ]


def externals(indexes: dict[str, Path], snapshot: str) -> list[dict[str, Any]]:
    """Return the rows of `externals` of one snapshot."""
    stacks = [installs(path) for path in indexes.values()]
    everything = {key: record for held in stacks for key, record in held.items()}
    held = {key for each in stacks for key, record in each.items() if _cached(record)}
    below, todo = set(), list(held)
    while todo:
        for _, key, _, _ in edges(everything[todo.pop()]):
            if key not in below | held:
                below.add(key)
                todo.append(key)
    return [
        row(everything[key]["spec"], key, everything)
        | {"snapshot": snapshot, "is_external": "external" in everything[key]["spec"]}
        for key in sorted(below)
    ]


def _cached(record: dict[str, Any] | None) -> bool:
    return record is not None and record["in_buildcache"]


def row(spec: dict[str, Any], key: str, installed: dict[str, Any]) -> dict[str, Any]:
    """Return what a spec's record says, without its snapshot and stacks."""
    target = spec["arch"]["target"]
    name, version = _compiler(spec, installed)
    return {
        "package": spec["name"],
        "version": spec["version"],
        "platform": spec["arch"]["platform"],
        "os": spec["arch"]["platform_os"],
        "target": target["name"] if isinstance(target, dict) else target,
        "compiler_name": _RENAMED.get(name or "", name),
        "compiler_version": version,
        "compiler_written": name,
        "variants": sorted(
            _variant(key, value) for key, value in spec["parameters"].items() if key not in _FLAGS
        ),
        "flags": [
            f"{flag}={' '.join(words)}"
            for flag, words in sorted(spec["parameters"].items())
            if flag in _FLAGS and words
        ],
        "hash": key,
        "namespace": spec.get("namespace"),
        "package_hash": spec.get("package_hash"),
        "build_spec": spec.get("build_spec", {}).get("hash"),
    }


def _compiler(spec: dict[str, Any], installed: dict[str, Any]) -> tuple[str | None, str | None]:
    if "compiler" in spec:
        return spec["compiler"]["name"], spec["compiler"]["version"].partition("/")[0]
    for language in ("c", "cxx", "fortran"):
        for edge in spec.get("dependencies", []):
            if language in edge["parameters"]["virtuals"]:
                return edge["name"], installed[edge["hash"]]["spec"]["version"]
    return None, None


def _variant(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return f"{'+' if value else '~'}{key}"
    values = sorted((",".join(value) if isinstance(value, list) else value).split(","))
    return f"{key}={','.join(one[:7] for one in values) if key == 'patches' else ','.join(values)}"


def edges(record: dict[str, Any]) -> list[tuple[str, str, list[str], list[str]]]:
    """Return (name, hash, deptypes, virtuals) of each direct dependency."""
    return [
        (
            edge["name"],
            edge["hash"],
            sorted(edge["parameters"]["deptypes"]),
            sorted(edge["parameters"]["virtuals"]),
        )
        for edge in record["spec"].get("dependencies", [])
    ]
