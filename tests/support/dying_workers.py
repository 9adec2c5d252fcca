"""A source whose readers are killed amid their writing: for tests of what becomes of their work."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from spack_census.disk import failpoints
from spack_census.documents.records import Document, Reject
from spack_census.sources.directory import Directory

FILES_BEFORE_DEATH = 3


@dataclass(frozen=True, slots=True)
class Deadly(Directory):
    """A folder whose first `num_deaths` readers are killed with their third file half-written."""

    graves: Path = Path()
    """A folder with an empty file for each reader that was to die."""
    num_deaths: int = 1

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        yield from Directory.documents(self, paths)
        left = FILES_BEFORE_DEATH

        def reached(step: str) -> None:
            nonlocal left
            left -= step == "sync file"
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        if self._claimed():
            failpoints.reached = reached

    def _claimed(self) -> bool:
        for number in range(self.num_deaths):
            with suppress(FileExistsError):
                (self.graves / str(number)).touch(exist_ok=False)
                return True
        return False
