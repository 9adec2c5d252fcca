"""Mutants of Python modules, by mutmut, which wants the code in `src/`: a copy gives it that.

Not changed by mutmut: constants of a module, and functions that have a decorator.
"""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]
_CONFIG = """
[tool.pytest.ini_options]
pythonpath = ["tests"]
markers = ["torture: not run here"]

[tool.mutmut]
source_paths = ["src"]
only_mutate = ["src/spack_census/{module}"]
pytest_add_cli_args = [
    "--import-mode=importlib", "-p", "no:cacheprovider", "--hypothesis-profile=mutants",
    "-m", "not torture",
]
pytest_add_cli_args_test_selection = {tests}
use_git_change_detection = false
# A cache that the tests have filled must not answer for a mutant.
process_isolation = "forkserver"
"""


class Tally(NamedTuple):
    """What became of the mutants of one file."""

    mutants: int
    tried: int
    killed: int
    left: tuple[str, ...]
    """Each that lives, as a name or as lines of a diff."""


class Chosen(NamedTuple):
    """How many of a file's mutants are tried, and by which seed they are drawn; None for all."""

    number: int | None
    seed: int

    def of(self, found: Sequence[T]) -> list[T]:
        """Return those that are tried, in their order."""
        if self.number is None or self.number >= len(found):
            return list(found)
        drawn = random.Random(self.seed).sample(range(len(found)), self.number)  # noqa: S311
        return [found[at] for at in sorted(drawn)]


def run(module: str, tests: list[str], chosen: Chosen) -> Tally:
    """Mutate a module, named by its path in the package, and run these tests on each mutant."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        place = Path(name)
        shutil.copytree(ROOT / "pipeline", place / "src", ignore=_no_caches)
        # Outside of the repository, queries lie where a wheel has them.
        shutil.copytree(ROOT / "queries", place / "src" / "spack_census" / "bundled_queries")
        shutil.copytree(ROOT / "tests", place / "tests", ignore=_no_caches)
        paths = json.dumps([f"tests/{test}" for test in tests])
        (place / "pyproject.toml").write_text(_CONFIG.format(module=module, tests=paths))
        _mutmut(place, "run", "none.of.this.name")  # makes them, and runs none
        names = chosen.of(sorted(_codes(place, module)))
        ran = _mutmut(place, "run", *names)
        codes = _codes(place, module)
        if ran.returncode or any(codes[mutant] is None for mutant in names):
            raise SystemExit(f"mutmut failed on {module}:\n{ran.stdout[-9000:]}\n{ran.stderr}")
        left = [mutant for mutant in names if codes[mutant] in _LIVES]
        killed = len(names) - len(left)
        return Tally(len(codes), len(names), killed, tuple(_diff(place, one) for one in left))


def _codes(place: Path, module: str) -> dict[str, int | None]:
    """Return mutant → what its tests came to, None where they were not run."""
    (found,) = (place / "mutants").rglob(f"{Path(module).name}.meta")
    codes: dict[str, int | None] = json.loads(found.read_text())["exit_code_by_key"]
    return codes


_LIVES = (0, 5, 33)
"""As mutmut tells it: the tests passed, or there were none."""


def _mutmut(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mutmut", *arguments]
    return subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)


def _diff(place: Path, mutant: str) -> str:
    lines = _mutmut(place, "show", mutant).stdout.splitlines()
    changed = [each for each in lines if each[:1] in "+-" and each[:3] not in ("+++", "---")]
    return "\n".join([mutant, *changed])


def _no_caches(_folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name in ("__pycache__", "bundled_queries")}
