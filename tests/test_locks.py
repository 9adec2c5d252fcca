"""What CI installs is named by version and by hash, and is what `constraints.txt` names."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
BUILDING = ["editables", "hatchling"]


def lines(lock: str) -> list[str]:
    """Return the lines of a lock, each whole."""
    return (ROOT / "locks" / f"{lock}.txt").read_text().replace("\\\n", " ").splitlines()


def requirement(line: str) -> Requirement:
    return Requirement(line.partition("--hash")[0].strip())


def constraints() -> dict[str, str]:
    found = (
        line.split(";")[0].strip() for line in (ROOT / "constraints.txt").read_text().splitlines()
    )
    pins = (line.split("==") for line in found if line and not line.startswith("#"))
    return {canonicalize_name(name): version for name, version in pins}


@pytest.mark.parametrize("lock", ["dev", "report"])
def test_each_line_has_hashes_and_the_version_of_the_constraints(lock: str) -> None:
    pinned = constraints()
    for line in lines(lock):
        name, version, hashes = re.fullmatch(
            r"([a-z0-9-]+)==(\S+)(?: ; [^-]+?)?((?:\s+--hash=sha256:[0-9a-f]{64})+)", line
        ).groups()  # type: ignore[union-attr]
        assert hashes
        assert pinned.get(name, version) == version, "write the locks anew: make lock"


@pytest.mark.parametrize("lock", ["dev", "report"])
def test_each_dependency_is_locked(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"][lock], *BUILDING]
    locked = {canonicalize_name(requirement(line).name) for line in lines(lock)}
    names = {canonicalize_name(Requirement(each).name) for each in wanted}
    assert names - locked == set(), "write the locks anew: make lock"


@pytest.mark.parametrize("lock", ["dev", "report"])
def test_no_lock_says_where_files_are_had(lock: str) -> None:
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    assert re.findall(r"^-|://|@ |--index|--find-links", text, re.MULTILINE) == []
