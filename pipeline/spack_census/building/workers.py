"""Run tasks through one seam, `concurrent.futures.Executor`: here, in processes, or on a cluster.

A task goes out as a description and its result comes back as counts and names; rows travel only
as files in the staging folder, which every worker must see.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from itertools import islice
from typing import ParamSpec, TypeVar

from spack_census.building.convert import Converted, NoShelf, Task, convert
from spack_census.dataset.layout import installed_tools
from spack_census.errors import ClusterError, DatasetError

P = ParamSpec("P")
T = TypeVar("T")

_AHEAD = 1000
"""Tasks handed to an executor of unknown size at a time: its queue stays short, no worker idle."""

_POOL_BYTES = 64 * 1024 * 1024
"""Below this a pool of processes costs more time to start than it saves."""


def number(jobs: int | None, num_bytes: int) -> int:
    """Return how many processes to use: `jobs` if given, else what that many unread bytes merit."""
    if jobs is not None:
        return jobs
    return (os.cpu_count() or 1) if num_bytes > _POOL_BYTES else 1


class Here(Executor):
    """Makes each call at once, in this process; what it raises is raised by `submit`."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Return a future that is done."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def run(
    tasks: Sequence[Task], jobs: int, executor: Executor | None = None
) -> Iterator[Converted | NoShelf]:
    """Yield the result of each task as it is done, with at most `jobs` processes of this machine.

    An `executor` takes their place and stays open. Raises what `convert` raises, DatasetError
    where a process of a pool is killed, and ClusterError where a worker elsewhere is unfit.
    """
    if executor is not None:
        yield from _gather(tasks, executor, _AHEAD)
        return
    if jobs <= 1 or len(tasks) <= 1:
        yield from _gather(tasks, Here(), 1)
        return
    # Most builds start no process: a tenth of all imports is for those that do.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    # Arrow's threads do not survive a fork, so each worker starts afresh.
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(tasks)), fresh, _follow_parent) as pool:
        try:
            yield from _gather(tasks, pool, 2 * jobs)
        finally:
            # After a failure the rest is of no use; but what runs must not outlive the lock.
            pool.shutdown(cancel_futures=True)


def _gather(tasks: Iterable[Task], executor: Executor, ahead: int) -> Iterator[Converted | NoShelf]:
    """Keep `ahead` tasks with the executor and yield each result as it comes."""
    waiting = iter(tasks)
    tools = installed_tools()

    def submitted(number: int) -> set[Future[Converted | NoShelf]]:
        return {executor.submit(_convert, task, tools) for task in islice(waiting, number)}

    running: set[Future[Converted | NoShelf]] = set()
    try:
        running = submitted(ahead)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield future.result()
            running |= submitted(len(done))
    except BrokenExecutor as error:
        message = "a worker process was killed, perhaps for want of memory"
        raise DatasetError(message, "build with fewer of them: --jobs 1") from error
    finally:
        for future in running:
            future.cancel()


def _convert(task: Task, tools: dict[str, str]) -> Converted | NoShelf:
    """Convert a task; raises ClusterError where this machine has other tools than the build's."""
    found = installed_tools()
    if found != tools:
        names = sorted(name for name in tools | found if tools.get(name) != found.get(name))
        message = f"{socket.gethostname()} has {_listed(found, names)}; this build has "
        hint = "install the same versions everywhere: other ones may write other bytes"
        raise ClusterError(message + _listed(tools, names), hint)
    return convert(task)


def _listed(tools: dict[str, str], names: list[str]) -> str:
    return ", ".join(f"{name} {tools.get(name, 'missing')}" for name in names)


def _follow_parent() -> None:
    """End this worker with its parent: an orphan would write on, without the lock."""
    from multiprocessing import parent_process

    parent = parent_process()
    assert parent is not None

    def wait_for_it() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=wait_for_it, daemon=True).start()
