"""Input of any size, scaled from shipped samples: `documents(folder, …)`, `index(folder, …)`.

Sizes are spread as in the real cache: a few packages with many specs, many with a handful. What
stands in a spec varies as in the shipped documents, where `python benchmarks/generate.py` finds
what it prints: nine of ten specs of a snapshot differ in more than the hash, and one in five has
variants that no other has. The same call writes the same bytes.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import random
import re
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

REPOSITORY = Path(__file__).parents[1]
DOCUMENTS = REPOSITORY / "documents"
INDEXES = REPOSITORY / "tests" / "corpus" / "buildcache" / "v2"
INDEXED_SNAPSHOT = "develop-2024-06-09"
PACKAGES = 1200


_WHERE = ("compiler", "os", "platform", "target")
"""What of a spec varies together."""


class _Sample(NamedTuple):
    """What the specs of a snapshot are made of."""

    packages: list[tuple[str, list[dict[str, Any]]]]
    places: list[dict[str, str]]
    stacks: list[list[str]]


def documents(folder: Path, snapshots: int, specs_per_snapshot: int, first_week: int = 0) -> None:
    """Write `snapshots` weekly snapshots of PACKAGES documents each below `folder`."""
    sample = _sample()
    sizes = _sizes(specs_per_snapshot)
    for week in range(first_week, first_week + snapshots):
        name = f"develop-{date(2023, 1, 1) + timedelta(weeks=week)}"
        for number, size in enumerate(sizes):
            package, _ = sample.packages[number % len(sample.packages)]
            path = folder / name / f"{package}-{number}" / "specs.md"
            path.parent.mkdir(parents=True)
            specs = _specs(sample, size, week, number)
            path.write_text(_document(f"{package}-{number}", name, specs))


def _sample() -> _Sample:
    packages = [
        (path.parent.name, _details(path))
        for path in sorted(DOCUMENTS.glob("_cache/develop-2024-06-09/*/specs.md"))
    ]
    specs = [spec for _, details in packages for spec in details]
    places = {tuple(spec[key] for key in _WHERE) for spec in specs}
    stacks = {tuple(spec["stacks"]) for spec in specs}
    return _Sample(
        packages,
        [dict(zip(_WHERE, place, strict=True)) for place in sorted(places)],
        [list(each) for each in sorted(stacks)],
    )


def _details(path: Path) -> list[dict[str, Any]]:
    text = path.read_text()
    details: list[dict[str, Any]] = json.loads(
        text[text.index("spec_details: ") + 14 : text.rindex("\n---")]
    )
    return details


def _sizes(total: int) -> list[int]:
    # Zipf's law, as near as it is to the real cache: at 15,000 specs the largest package has 1,300.
    weights = [1 / rank**0.9 for rank in range(1, PACKAGES + 1)]
    scale = total / sum(weights)
    return [max(1, round(weight * scale)) for weight in weights]


def _specs(sample: _Sample, size: int, week: int, number: int) -> list[dict[str, Any]]:
    chance = random.Random(number)  # noqa: S311 - numbers that repeat, no secret
    templates = sample.packages[number % len(sample.packages)][1]
    specs = []
    for index in range(size):
        spec = dict(templates[index % len(templates)])
        # About half of the hashes survive a week.
        born = week - chance.randrange(2) if chance.random() < 0.5 else 0
        spec["hash"] = _hash(f"{number}.{index}.{born}")
        if index >= len(templates):
            spec |= chance.choice(sample.places)
            spec["stacks"] = chance.choice(sample.stacks)
        if chance.random() < 0.7:
            spec["variants"] = [_turned(text, chance) for text in spec["variants"]]
        if chance.random() < 0.3:
            spec["versions"] = [f"{spec['versions'][0]}.{chance.randrange(20)}"]
        elif chance.random() < 0.2:
            spec["versions"] = [f"{spec['versions'][0]}.{max(born, 0)}"]
        specs.append(spec)
    return specs


def _turned(variant: str, chance: random.Random) -> str:
    if variant[0] not in "+~" or chance.random() < 0.5:
        return variant
    return ("~" if variant[0] == "+" else "+") + variant[1:]


def _document(package: str, snapshot: str, specs: list[dict[str, Any]]) -> str:
    stacks = [stack for spec in specs for stack in spec["stacks"]]
    meta = {
        "compilers": sorted({spec["compiler"] for spec in specs}),
        "num_specs": len(specs),
        "num_specs_by_stack": {stack: stacks.count(stack) for stack in sorted(set(stacks))},
        "oss": sorted({spec["os"] for spec in specs}),
        "platforms": sorted({spec["platform"] for spec in specs}),
        "stacks": sorted(set(stacks)),
        "targets": sorted({spec["target"] for spec in specs}),
        "versions": sorted({spec["versions"][0] for spec in specs}),
    }
    lines = (
        "---",
        f'title: "{package}"',
        "layout: cache",
        f"categories: [package, {snapshot}]",
        f"meta: {json.dumps(meta)}",
        f"spec_details: {json.dumps(specs)}",
        "---",
    )
    return "\n".join(lines)


def index(folder: Path, copies: int) -> None:
    """Write a build cache of one index: the sample's 136 specs `copies` times, other hashes.

    Each spec depends on what it depends on in its copy and in the copy before, on ten others.
    """
    listing = json.loads((INDEXES / "cache_spack_io_index.json").read_text())
    listed = [each for each in listing[INDEXED_SNAPSHOT] if each["label"] == "root"]
    folder.mkdir(parents=True)
    (folder / "cache_spack_io_index.json").write_text(json.dumps({INDEXED_SNAPSHOT: listed}))
    relative = listed[0]["url"].removeprefix("s3://spack-binaries/")
    content = json.loads(gzip.decompress((INDEXES / f"{relative}.gz").read_bytes()))
    text = json.dumps(content["database"].pop("installs"))
    before = _renamed(text, copies)
    installs: dict[str, Any] = {}
    for copy in range(copies):
        copied = _renamed(text, copy)
        edges = [record["spec"].get("dependencies", []) for record in before.values()]
        before = _renamed(text, copy)
        for record, more in zip(copied.values(), edges, strict=True):
            record["spec"]["dependencies"] = record["spec"].get("dependencies", []) + more
        installs |= copied
    content["database"]["installs"] = installs
    path = folder / relative
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(content))


def _renamed(installs: str, copy: int) -> dict[str, Any]:
    # Dependencies name hashes too, so all of them change alike.
    other = re.sub(r'"([a-z2-7]{32})"', lambda found: f'"{_hash(f"{found[1]}.{copy}")}"', installs)
    renamed: dict[str, Any] = json.loads(other)
    return renamed


def _hash(text: str) -> str:
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return base64.b32encode(digest).decode().lower()


def variety(folder: Path) -> dict[str, float]:
    """Return what share of a snapshot's specs differ behind the hash, and in variants."""
    behind: set[str] = set()
    variants: set[str] = set()
    count = 0
    for path in sorted(folder.glob("*/specs.md")):
        for spec in _details(path):
            count += 1
            behind.add(json.dumps({key: spec[key] for key in spec if key != "hash"}))
            variants.add(json.dumps(spec["variants"]))
    return {
        "specs": count,
        "distinct behind the hash": len(behind) / count,
        "sets of variants": len(variants) / count,
    }


if __name__ == "__main__":
    for each in sys.argv[1:] or sorted(map(str, (DOCUMENTS / "_cache").iterdir())):
        print(each, variety(Path(each)))
