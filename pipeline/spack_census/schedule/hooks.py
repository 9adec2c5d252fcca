"""The command that is run for each new report, at least once, and the reports that it is owed."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from spack_census.disk import durable
from spack_census.errors import CensusError
from spack_census.schedule.config import RunConfig

_PENDING = "pending"
_AGAIN = "mend the command; it is run again for this report by the next run"


def run(config: RunConfig, command: str, data: Path, seconds: float) -> None:
    """Run a command with report.json as its input; raises CensusError where it fails.

    Where it takes longer than `seconds`, it ends with all the processes that it started.
    """
    environment = {**os.environ, "CENSUS_REPORT": str(data.parent.resolve())}
    with data.open("rb") as content:
        # The owner of the configuration wrote the command; nothing of a report is part of it.
        process = subprocess.Popen(  # noqa: S603 - see above
            ["/bin/sh", "-c", command],
            stdin=content,
            stdout=subprocess.DEVNULL,
            cwd=config.folder,
            env=environment,
            start_new_session=True,
        )
        try:
            code = process.wait(seconds)
        except BaseException as error:
            # The shell, and whatever it started.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
            message = f"on_change took more than {seconds:,.0f} s for {data.parent.name}"
            raise CensusError(message, _AGAIN) from error
    if code:
        message = f"on_change failed for {data.parent.name}: exit code {code}"
        raise CensusError(message, _AGAIN)


def pending(state: Path) -> list[str]:
    """Return the names of the reports for which the hook is still to be run, oldest first."""
    path = state / _PENDING
    return path.read_text(encoding="utf-8").split() if path.is_file() else []


def note(state: Path, names: Sequence[str]) -> None:
    """Write down for which reports the hook is still to be run; raises OSError."""
    durable.replace(state / _PENDING, "".join(f"{name}\n" for name in names).encode())
