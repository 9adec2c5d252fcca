"""The command line as tests run it: through `main`, without a process."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from spack_census.cli import main


class Ran(NamedTuple):
    """What one run of the command line gave."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Census:
    """Runs command lines, on a dataset of its own unless told otherwise."""

    dataset: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, line: str, *more: str, dataset: Path | None = None) -> Ran:
        """Run a line, words that need no quoting after it, on a dataset."""
        return self.bare(line, *more, "--dataset", str(dataset or self.dataset))

    def bare(self, line: str, *more: str) -> Ran:
        """Run a line as it is."""
        code = main([*shlex.split(line), *more])
        return Ran(code, *self.capsys.readouterr())


def rows(text: str) -> list[dict[str, Any]]:
    """Return the rows of json output."""
    found = json.loads(text)
    assert isinstance(found, list)
    return found
