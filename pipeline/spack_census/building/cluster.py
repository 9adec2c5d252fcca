"""Workers on a Dask cluster, as the executor of a build.

Dask gives a lost worker's tasks to another one, up to `distributed.scheduler.allowed-failures`
times (3 unless its configuration says otherwise); each try of a task writes to a folder of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, NamedTuple

from spack_census.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

_CONNECT_SECONDS = 30
_WORKER_SECONDS = 120


class Cluster(NamedTuple):
    """A cluster in use."""

    executor: Executor
    address: str
    """Of its scheduler."""
    num_workers: int
    """At the moment of connecting: more may come, and some may go."""


@contextmanager
def connect(scheduler: str | None = None, jobs: int | None = None) -> Iterator[Cluster]:
    """Yield the cluster at a scheduler's address, or one of `jobs` processes on this machine.

    Closes the connection in the end, and a cluster of its own. Raises ClusterError where Dask is
    not installed, the scheduler does not answer or goes away, or workers keep dying of a task.
    """
    try:
        import distributed  # noqa: F401 - to see whether it is there
        from distributed.scheduler import KilledWorker, NoValidWorkerError
    except ImportError as error:
        message = "clusters need Dask, which is not installed here"
        hint = "install it: python -m pip install 'spack-census[dask]'"
        raise ClusterError(message, hint) from error
    with ExitStack() as stack:
        client = _client(stack, scheduler, jobs)
        workers = client.scheduler_info(n_workers=-1)["workers"]
        # Tasks of the same snapshot in two builds are not the same: never take a stored result.
        executor = client.get_executor(pure=False)
        try:
            yield Cluster(executor, client.scheduler.address, len(workers))
        except KilledWorker as error:
            message = "worker after worker died of the same snapshot, perhaps for want of memory"
            hint = "give each worker more, or fewer threads: see the workers' logs"
            raise ClusterError(message, hint) from error
        except NoValidWorkerError as error:
            message = f"no worker is left at {client.scheduler.address}"
            raise ClusterError(message, "start some and build again") from error
        except CancelledError as error:
            message = f"the scheduler at {client.scheduler.address} went away"
            raise ClusterError(message, "start it and build again") from error


def _client(stack: ExitStack, scheduler: str | None, jobs: int | None) -> Client:
    import dask
    from distributed import Client, LocalCluster

    if scheduler is None:
        # Without a limit a build whose last worker is lost would wait for ever.
        with dask.config.set({"distributed.scheduler.no-workers-timeout": _WORKER_SECONDS}):
            # A thread each: Python holds a lock while it decodes, so more would only wait.
            local = LocalCluster(n_workers=jobs, threads_per_worker=1, dashboard_address=":0")
        return stack.enter_context(Client(stack.enter_context(local)))
    try:
        return stack.enter_context(Client(scheduler, timeout=_CONNECT_SECONDS))
    except (OSError, ValueError) as error:
        message = f"no Dask scheduler answers at {scheduler}: {error}"
        hint = "start one: dask scheduler; its address looks like tcp://host:8786"
        raise ClusterError(message, hint) from error
