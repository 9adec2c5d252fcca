"""Bits that flip in a dataset; `census verify` must find each."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.dataset import verify
from spack_census.dataset.layout import MANIFEST, pin
from spack_census.errors import DatasetError
from torture.children import build_state, workplace


@dataclass
class Flips:
    """What came of flipped bits: `missed` must be 0."""

    flips: int = 0
    missed: int = 0
    samples: list[str] = field(default_factory=list)


def run(flips: int, seed: int = 0) -> Flips:
    """Flip a random bit of the current version, verify, and flip it back, again and again."""
    dice = random.Random(seed)  # noqa: S311 - dice, no secret
    result = Flips()
    with workplace() as folder:
        build_state(folder, 0)
        version = pin(folder / "dataset")
        files = [path for path in sorted(version.rglob("*")) if path.is_file()]
        sizes = [path.stat().st_size for path in files]
        for (path,) in (dice.choices(files, sizes) for _ in range(flips)):
            bit = dice.randrange(8 * path.stat().st_size)
            flip(path, bit)
            found = _found(folder / "dataset", path.relative_to(folder / "dataset"))
            flip(path, bit)
            result.flips += 1
            result.missed += not found
            result.samples += [] if found else [f"bit {bit} of {path.name}"]
        assert not verify.verify(folder / "dataset").findings
    return result


def flip(path: Path, bit: int) -> None:
    """Flip one bit of a file in its place."""
    data = bytearray(path.read_bytes())
    data[bit // 8] ^= 1 << bit % 8
    path.chmod(0o644)
    path.write_bytes(data)


def _found(dataset: Path, path: Path) -> bool:
    try:
        findings = verify.verify(dataset).findings
    except DatasetError:
        return path.name == MANIFEST
    return any(each.path == path.as_posix() for each in findings)
