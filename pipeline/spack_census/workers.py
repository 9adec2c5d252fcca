"""Run tasks here or in a pool of processes, none of which outlives the build."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool

from spack_census.convert import Converted, Task, convert
from spack_census.errors import DatasetError

_POOL_BYTES = 16 * 1024 * 1024
"""Below this a pool of processes costs more time to start than it saves."""


def number(jobs: int | None, num_bytes: int) -> int:
    """Return how many processes to use: `jobs` if given, else what that many unread bytes merit."""
    if jobs is not None:
        return jobs
    return (os.cpu_count() or 1) if num_bytes > _POOL_BYTES else 1


def run(tasks: Sequence[Task], jobs: int) -> Iterator[Converted]:
    """Yield the result of each task as it is done, with at most `jobs` processes.

    Raises what `convert` raises, and DatasetError where a process of the pool is killed.
    """
    if jobs <= 1 or len(tasks) <= 1:
        yield from map(convert, tasks)
        return
    # Arrow's threads do not survive a fork, so each worker starts afresh.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), fresh, _follow_parent) as pool:
        try:
            for future in as_completed([pool.submit(convert, task) for task in tasks]):
                yield future.result()
        except BrokenProcessPool as error:
            message = "a worker process was killed, perhaps for want of memory"
            raise DatasetError(message, "build with fewer of them: --jobs 1") from error
        finally:
            # After a failure the rest is of no use; but what runs must not outlive the lock.
            pool.shutdown(cancel_futures=True)


def _follow_parent() -> None:
    """End this worker with its parent: an orphan would write on, without the lock."""
    parent = multiprocessing.parent_process()
    assert parent is not None

    def wait() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
