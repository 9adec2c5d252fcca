"""Sources whose reading does not end well: for tests of what becomes of workers.

`python -m torture.workers_made FOLDER` builds with two workers that never end; each leaves a file
named after its process in FOLDER.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from spack_census.building import workers
from spack_census.building.convert import Task
from spack_census.documents.records import Document, Reject
from spack_census.sources.model import NONE_KNOWN, Candidate, Known


@dataclass(frozen=True)
class Doomed:
    """A source whose reader is killed, or waits for ever where it has a folder to say so."""

    folder: Path | None = None
    kind: str = "doomed"
    identity: str = "doomed"
    place: str = "doomed"

    def entries(self, known: Known = NONE_KNOWN) -> Iterator[Candidate]:
        raise NotImplementedError

    def documents(self, paths: Sequence[str]) -> Iterator[Document | Reject]:
        assert paths
        if self.folder is None:
            os.kill(os.getpid(), signal.SIGKILL)
            raise NotImplementedError
        (self.folder / str(os.getpid())).touch()
        while True:
            time.sleep(60)


def tasks(source: Doomed, scratch: Path) -> list[Task]:
    """Return two tasks, as many as two workers take."""
    return [Task(source, "a", name, ("a.md",), scratch / name) for name in ("a", "b")]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    list(workers.run(tasks(Doomed(folder), folder), jobs=2))
