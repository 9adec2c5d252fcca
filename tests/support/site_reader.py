"""A plain reader of the explorer's data files, which shares no code with what writes them."""

from __future__ import annotations

import base64
import gzip
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Rows = list[dict[str, Any]]
Site = Mapping[str, bytes]
"""Name of a file of data → its content."""


def site(folder: Path) -> Site:
    """Return the files of data of a folder."""
    return {path.name: path.read_bytes() for path in (folder / "data").iterdir()}


def payload(content: bytes) -> bytes:
    """Return what is packed in a data file, which holds one call and nothing else."""
    line = re.fullmatch(
        r'census_load\("([a-z]+)","([a-z0-9-]*)","([A-Za-z0-9+/=]*)"\)\n', content.decode("ascii")
    )
    assert line is not None
    return gzip.decompress(base64.b64decode(line[3], validate=True))


def read(site: Site, kind: str, digest: str) -> Any:
    return json.loads(payload(site[f"{digest}.{kind}.js"]))


def index(site: Site) -> Any:
    return json.loads(payload(site["index.js"]))


def specs(site: Site, entry: dict[str, Any]) -> Rows:
    """Return the rows of a snapshot, as the table `specs` has them."""
    files = entry["files"]
    found = read(site, "specs", files["specs"])
    hashes = payload(site[f"{files['hashes']}.hashes.js"])
    texts = base64.b32encode(hashes).decode().lower() if hashes else ""
    recipes = read(site, "recipes", files["recipes"]) if "recipes" in files else None
    packages = [
        name
        for name, num in zip(found["package"], found["packageRows"], strict=True)
        for _ in range(num)
    ]
    rows = []
    for row in range(found["rows"]):
        at = {name: ids[row] for name, ids in found["columns"].items()}
        compiler_name, compiler_version = found["compiler"][at["compiler"]]
        rows.append(
            {
                "snapshot": found["snapshot"],
                "package": packages[row],
                "version": found["version"][at["version"]],
                "version_key": found["versionKey"][at["version"]],
                "compiler_name": compiler_name,
                "compiler_version": compiler_version,
                "platform": found["platform"][at["platform"]],
                "target": found["target"][at["target"]],
                "os": found["os"][at["os"]],
                "variants": [found["variant"][i] for i in found["variantSet"][at["variants"]]],
                "stacks": [found["stack"][i] for i in found["stackSet"][at["stacks"]]],
                "hash": texts[32 * row : 32 * row + 32],
                "package_hash": recipes and recipes["recipe"][recipes["column"][row]],
            }
        )
    return rows


def since(site: Site, entry: dict[str, Any]) -> dict[str, str]:
    """Return hash → the snapshot that it is there since."""
    found = read(site, "specs", entry["files"]["specs"])
    ids = found["columns"]["since"]
    return {
        row["hash"]: found["since"][at] for row, at in zip(specs(site, entry), ids, strict=True)
    }


def edges(site: Site, entry: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return hash, dependency, hash of the dependency or None, deptypes, virtuals of each edge."""
    if "deps" not in entry["files"]:
        return []
    rows = specs(site, entry)
    found = read(site, "deps", entry["files"]["deps"])
    above = [row for row, num in enumerate(found["num"]) for _ in range(num)]
    made = []
    for row, to, label in zip(above, found["to"], found["labels"], strict=True):
        name = rows[to]["package"] if to >= 0 else found["elsewhere"][-1 - to]
        deptypes, virtuals = found["label"][label]
        below = rows[to]["hash"] if to >= 0 else None
        made.append((rows[row]["hash"], name, below, tuple(deptypes), tuple(virtuals)))
    return made


def history(site: Site) -> set[tuple[str, str, str, str]]:
    """Return package, platform/target, version and snapshot of all that was ever there."""
    head = index(site)
    names = [entry["name"] for entry in head["snapshots"]]
    found = set()
    for number, digest in enumerate(head["history"]):
        for package, lives in read(site, "history", digest)["packages"].items():
            assert zlib.crc32(package.encode()) % len(head["history"]) == number
            for place, version, runs in lives:
                for first, num in zip(runs[::2], runs[1::2], strict=True):
                    made = {(package, place, version, names[first + i]) for i in range(num)}
                    assert len(made) == num
                    assert not made & found
                    found |= made
    return found
