"""No worker outlives its build, and a worker that dies is an error with a next step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from spack_census.building import workers
from spack_census.errors import DatasetError
from torture.workers_made import Doomed, tasks


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # A zombie is dead: whoever inherits orphans here may never ask how they ended.
    return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "torture.workers_made", str(tmp_path)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[1]) as parent:
        while len(list(tmp_path.glob("[0-9]*"))) < 2:
            assert parent.poll() is None
            time.sleep(0.05)
        found = [int(path.name) for path in tmp_path.glob("[0-9]*")]
        assert parent.pid not in found
        assert all(map(alive, found))
        parent.send_signal(signal.SIGKILL)
    while any(map(alive, found)):  # one that lives on shows as a test that never ends
        time.sleep(0.05)


def test_a_worker_that_is_killed_is_an_error_with_a_next_step(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="worker process was killed") as caught:
        list(workers.run(tasks(Doomed(), tmp_path), jobs=2))
    assert "--jobs 1" in str(caught.value)


@pytest.mark.parametrize(
    ("jobs", "num_bytes", "expected"),
    [(3, 0, 3), (1, 1 << 40, 1), (None, 1000, 1), (None, 1 << 40, os.cpu_count())],
)
def test_a_pool_is_for_work_that_is_worth_it(
    jobs: int | None, num_bytes: int, expected: int
) -> None:
    assert workers.number(jobs, num_bytes) == expected
