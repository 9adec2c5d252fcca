"""The steps of a run: each in its share of the time, and none keeps another from being taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.disk import durable
from spack_census.errors import CensusError, fault
from spack_census.fetch import addresses
from spack_census.reports.publish import Published
from spack_census.reports.report import Report
from spack_census.schedule import limits

MEND = "mend that and run it again: nothing is lost"

Log = Callable[[str, str], None]
"""Called with the name of a step and what came of it."""
Observer = Callable[[Report, Path], None]
"""Called with each report that was made, and its folder."""


@dataclass(slots=True)
class Cycle:
    """What a run came to."""

    published: list[Published] = field(default_factory=list)
    """One a series."""
    troubles: list[CensusError] = field(default_factory=list)
    """What failed; everything else was done all the same."""
    kept: str | None = None
    """The commit of the history that the run ended with, None where none was kept."""
    is_due: bool = False
    """Whether that commit is still to be served."""

    @property
    def made(self) -> list[Report]:
        """The reports that were made."""
        return [report for each in self.published for report in each.made]


def share(left_seconds: float, num_steps: int) -> float:
    """Return the time that a step has: what one leaves over goes to the others."""
    return left_seconds / num_steps


def take(
    done: Cycle, log: Log, state: Path, seconds: float, name: str, step: Callable[[], None]
) -> None:
    """Take a step within a time limit; whatever it comes to, the others are taken too."""
    try:
        with durable.errors(state, MEND), limits.within(seconds):
            step()
    except limits.TimeIsUp:
        message = f"{addresses.shown(name)}: it took more than its {seconds:,.0f} s of the run"
        fail(done, log, CensusError(message, "the next run goes on from there; see run_seconds"))
    except CensusError as error:
        if addresses.shown(name) not in error.message:
            error.message = f"{addresses.shown(name)}: {error.message}"
        fail(done, log, error)
    except Exception as error:
        fail(done, log, fault(error))


def fail(done: Cycle, log: Log, error: CensusError) -> None:
    """Note what failed, and say so at once."""
    done.troubles.append(error)
    log("failed", error.message)
