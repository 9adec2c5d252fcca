"""A weekly pair with its dependencies, and what is asked of it: `python benchmarks/asking.py`.

60,000 specs and nearly 600,000 edges in each of two snapshots: 4,000 packages in 15 places each, a
spec depends on ten of lower packages in its place. As in a real cache most of these are a few tools
that nearly all need; the rest are of the package's own area. In between 1% of the other packages
and one tool changed by themselves, by version or recipe, and whatever lies above was rebuilt.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

BEFORE, AFTER = "develop-2026-01-04", "develop-2026-01-11"
PACKAGES, PLACES, EDGES = 4_000, 15, 10
_TOOLS, _AREAS = 40, 40
_TOOLS_SHARE = 0.7
_TOOL_CHANGED = 26
_CHANGED = 0.01
_WORD = "p{:04d}"


def tables() -> dict[str, Any]:
    """Return the rows of `specs`, `dependencies` and `snapshots` as Arrow tables."""
    import pyarrow as pa

    from spack_census.dataset import schema

    dice = random.Random(7)  # noqa: S311 - no secret
    below = _graph(dice)
    itself = {at for at in range(_TOOLS, PACKAGES) if dice.random() < _CHANGED} | {_TOOL_CHANGED}
    rebuilt = set(itself)
    for at, needed in enumerate(below):
        if not rebuilt.isdisjoint(needed):
            rebuilt.add(at)
    specs, edges = [], []
    for week, snapshot in enumerate((BEFORE, AFTER)):
        hashes = {
            (at, place): _hash(f"{at}.{place}.{week if at in rebuilt else 0}")
            for at in range(PACKAGES)
            for place in range(PLACES)
        }
        for (at, place), hash_ in hashes.items():
            specs.append(_spec(snapshot, at, place, hash_, week if at in itself else 0))
            edges += [
                (snapshot, hash_, _WORD.format(each), hashes[each, place]) for each in below[at]
            ]
    listed = [_snapshot(snapshot, order) for order, snapshot in enumerate((BEFORE, AFTER), start=1)]
    names = ("snapshot", "hash", "dependency", "dependency_hash")
    lists = {"deptypes": ["build", "link"], "virtuals": []}
    rows = {
        "specs": specs,
        "dependencies": [dict(zip(names, edge, strict=True)) | lists for edge in edges],
        "snapshots": listed,
    }
    known = {table.name: table.arrow for table in schema.TABLES}
    return {name: pa.Table.from_pylist(each, schema=known[name]) for name, each in rows.items()}


def _graph(dice: random.Random) -> list[list[int]]:
    """Return for each package those it depends on, each lower than itself."""
    below: list[list[int]] = []
    for at in range(PACKAGES):
        needed: set[int] = set()
        tools = min(at, _TOOLS)
        nth, area = divmod(at - _TOOLS, _AREAS)
        for _ in range(EDGES if tools == _TOOLS else EDGES // 2):
            if nth < 1 or dice.random() < _TOOLS_SHARE:
                needed |= {int(tools * dice.random() ** 2)} if tools else set()
            else:
                needed.add(_TOOLS + area + _AREAS * int(nth * dice.random() ** 2))
        while tools == _TOOLS and len(needed) < EDGES:
            needed.add(int(tools * dice.random() ** 2))
        below.append(sorted(needed))
    return below


def _spec(snapshot: str, at: int, place: int, hash_: str, changes: int) -> dict[str, Any]:
    # Every other package that changed has a new version, the others a new recipe.
    version = f"1.{changes if at % 2 else 0}"
    return {
        "snapshot": snapshot,
        "platform": "linux",
        "target": "x86_64_v3",
        "package": _WORD.format(at),
        "version": version,
        "version_key": version,
        "compiler_name": "gcc",
        "compiler_version": "13.2.0",
        "compiler_written": "gcc",
        "os": f"os{place}",
        "variants": ["+shared"],
        "flags": [],
        "stacks": ["e4s", "root"],
        "hash": hash_,
        "package_hash": f"{at}.{changes}",
    }


def _snapshot(name: str, order: int) -> dict[str, Any]:
    counts = dict.fromkeys(("num_documents", "num_documents_rejected", "num_specs_rejected"), 0)
    return counts | {
        "snapshot": name,
        "series": "develop-dated",
        "series_order": order,
        "num_packages": PACKAGES,
        "num_specs": PACKAGES * PLACES,
        "source": "buildcache",
        "source_revision": name,
    }


def _hash(text: str) -> str:
    digest = hashlib.sha1(text.encode(), usedforsecurity=False).digest()
    return base64.b32encode(digest).decode().lower()


def measured(runs: int) -> dict[str, float]:
    """Return what was asked → CPU seconds of all threads, medians of several runs."""
    from spack_census.ask import history
    from spack_census.ask.database import connect_rows
    from spack_census.ask.queries import load, run

    con = connect_rows(tables())
    lowest = _WORD.format(0)

    def asked(name: str) -> Callable[[], object]:
        return lambda: run(con, load(name), {}).fetchall()

    questions: dict[str, Callable[[], object]] = {
        "diff.causes": asked("diff.causes"),
        "diff.changes": asked("diff.changes"),
        "coverage.dependents": asked("coverage.dependents"),
        "package: causes of its history": lambda: history.causes(con, lowest, [BEFORE, AFTER]),
        "package: what would be rebuilt": lambda: history.radius(con, AFTER, lowest),
    }
    found = {}
    for name, ask in questions.items():
        seconds = []
        for _ in range(runs):
            started = time.process_time()
            ask()
            seconds.append(time.process_time() - started)
        found[name] = round(statistics.median(seconds), 3)
        print(f"  {name:<32} {found[name]:>8.3f} s CPU", file=sys.stderr)
    return found


if __name__ == "__main__":
    print(json.dumps(measured(3), indent=1))
