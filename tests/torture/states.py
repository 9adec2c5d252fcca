"""Sources in numbered states, and a look at a dataset that tells which state it shows.

Two snapshots change from state to state, in every row; one never does. So whatever mixes two
builds, or lacks a part of one, shows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from support.documents_made import Spec, hash_of, write_document

CHANGING = ("develop", "nightly")
STILL = "develop-2025-01-05"
TARGETS = ("x86_64_v3", "zen4")

Group = tuple[str, str, int]
"""Snapshot, version, number of rows."""


def write(folder: Path, number: int) -> Path:
    """Write the source of a state into `folder` and return it."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    for snapshot in CHANGING:
        for index in range(_num_packages(number)):
            _write_package(source, snapshot, index, number)
    for index in range(4):
        _write_package(source, STILL, index, 0)
    return source


def _write_package(source: Path, snapshot: str, index: int, number: int) -> None:
    package = f"package-{index:02}"
    specs = [
        Spec(
            version=f"{number}.0", target=target, hash=hash_of((snapshot, package, number, target))
        )
        for target in TARGETS
    ]
    write_document(source, package, snapshot, specs)


def _num_packages(number: int) -> int:
    return 8 + number % 4


def shown(groups: Iterable[Group]) -> int | None:
    """Return the state whose rows these are, counted; None where they are of no single state."""
    found = set(groups)
    numbers = {
        int(version.removesuffix(".0")) for snapshot, version, _ in found if snapshot in CHANGING
    }
    if len(numbers) != 1:
        return None
    (number,) = numbers
    num_rows = len(TARGETS) * _num_packages(number)
    expected = {(snapshot, f"{number}.0", num_rows) for snapshot in CHANGING}
    return number if found == {*expected, (STILL, "0.0", 4 * len(TARGETS))} else None
