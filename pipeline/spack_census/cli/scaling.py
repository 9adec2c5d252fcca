"""Who does the work of a build: this machine's processes, or a Dask cluster."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from spack_census.errors import ParameterError


@contextmanager
def executor(scheduler: str | None, jobs: int | None, *, local: bool) -> Iterator[Executor | None]:
    """Yield a cluster's executor, and say on stderr whose, or None where none was asked for."""
    if scheduler is None and not local:
        yield None
        return
    if scheduler is not None and (local or jobs is not None):
        message = "--scheduler names a cluster that has its workers already"
        raise ParameterError(message, "leave out --dask and --jobs, or --scheduler")
    from spack_census.building import cluster

    with cluster.connect(scheduler, jobs) as connected:
        number = connected.num_workers
        count = f"{number:,} workers" if number else "no worker yet: waiting for the first"
        print(f"{connected.address}: {count}", file=sys.stderr)
        yield connected.executor


@contextmanager
def no_collections() -> Iterator[None]:
    """Keep the garbage collector off: it would walk all entries of the source, time and again.

    It is the whole process that goes without, so it is for the command to say: a library's user
    has other things in theirs.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
