"""Builds in forked children, which can be killed, and looks at what they leave.

This process must never start a thread, or a child could inherit its locks: it reads no Parquet
itself. A child tells its results as lines of JSON.
"""

from __future__ import annotations

import json
import os
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from spack_census.building import builder, outcomes
from spack_census.dataset import verify
from spack_census.dataset.layout import pin, read_manifest
from spack_census.sources import directory
from spack_census.spack import microarch
from torture import states


@contextmanager
def workplace() -> Iterator[Path]:
    """Make a folder in memory where there is such a place: a thousand builds sync a lot.

    What each child would load for itself is loaded here, none of it with a thread.
    """
    assert directory
    pa.array([""])
    microarch.targets_rows(set())
    memory = Path("/dev/shm")
    root = memory if os.access(memory, os.W_OK) and "TMPDIR" not in os.environ else None
    with tempfile.TemporaryDirectory(prefix="torture-", dir=root) as name:
        yield Path(name)


def forked(work: Callable[[int], Any]) -> tuple[int, int]:
    """Run `work` in a child with the pipe to write to; return its process and the pipe to read."""
    read_end, write_end = os.pipe()
    process = os.fork()
    if process:
        os.close(write_end)
        return process, read_end
    status = 1
    try:
        os.close(read_end)
        work(write_end)
        status = 0
    except BaseException:  # a child must not return into its parent's code
        os.write(write_end, json.dumps({"error": traceback.format_exc()}).encode() + b"\n")
    finally:
        os._exit(status)


def finished(process: int, pipe: int) -> list[dict[str, Any]]:
    """Wait for a child and return what it wrote."""
    with os.fdopen(pipe, "rb") as stream:
        written = stream.read()
    os.waitpid(process, 0)
    return [json.loads(line) for line in written.splitlines()]


def build_state(folder: Path, number: int) -> outcomes.BuildResult:
    """Build a state's source into the dataset of this folder."""
    source = states.write(folder / f"state-{number}", number)
    return builder.build(source, folder / "dataset", jobs=1, replace=True)


def say(pipe: int, **message: Any) -> None:
    """Write one line to the parent."""
    os.write(pipe, json.dumps(message).encode() + b"\n")


def look(dataset: Path) -> dict[str, Any]:
    """Return which state a dataset shows, None for none, and what verify finds."""
    groups: Counter[tuple[str, str]] = Counter()
    version = pin(dataset)
    for file in read_manifest(version).files:
        if file.table == "specs":
            rows = pq.ParquetFile(version / file.path).read(["version"])["version"].to_pylist()
            groups.update((file.snapshot or "", row) for row in rows)
    state = states.shown((*key, count) for key, count in groups.items())
    found = verify.verify(dataset).findings
    debris = [str(each) for each in found if each.kind == "leftover"]
    findings = [str(each) for each in found if each.kind != "leftover"]
    return {"state": state, "findings": findings, "debris": debris}
