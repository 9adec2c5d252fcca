"""Files that people write, to fuzz: a configuration of a run, a spack.yaml; read, or refused."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from spack_census.environments.manifests.reading import read_manifest
from spack_census.errors import CensusError
from spack_census.schedule import config

_ROOT = Path(__file__).parents[2]
_LARGEST_BYTES = 4000


def configurations() -> list[bytes]:
    """Return the configurations that ship, and one with every key."""
    shipped = [path.read_bytes() for path in sorted((_ROOT / "deploy").rglob("*.yaml"))]
    page = (_ROOT / "docs" / "schedule.md").read_text(encoding="utf-8")
    return [*shipped, page.partition("```yaml\n")[2].partition("```")[0].encode()]


def manifests() -> list[bytes]:
    """Return the small ones of the tests."""
    found = sorted((_ROOT / "tests" / "environments").rglob("spack.yaml"))
    texts = [path.read_bytes() for path in found]
    return [text for text in texts if len(text) <= _LARGEST_BYTES]


def check_configuration(data: bytes) -> str:
    """Read a configuration; demand an error of its own where it cannot be."""
    return _check(data, config.read)


def check_manifest(data: bytes) -> str:
    """Read a spack.yaml; demand an error of its own where it cannot be."""
    return _check(data, read_manifest)


def _check(data: bytes, read: Callable[[Path], object]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "spack.yaml")
        path.write_bytes(data)
        try:
            read(path)
        except CensusError as error:
            told = error
        else:
            return "read"
    assert told.message
    return "refused"
