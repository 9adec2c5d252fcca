"""Everything that can go wrong in a way that a user can mend.

CensusError                   one line that says what, lines that say what to do
├── SourceError               the source cannot be read, or holds nothing usable
├── DatasetError              no dataset there, or it is damaged
│   ├── BusyError             another process holds the lock of a folder
│   └── ConservationError     counts do not add up; nothing was published
├── ClusterError              workers on a cluster cannot be reached, are unfit, or were lost
├── UnknownNameError          no such snapshot, query, package, host …; names the nearest
├── ParameterError            a query's parameters are missing, unknown or unusable
├── QueryError                a query file's header or SQL is not as it must be
├── ConstraintError           text that is no constraint, or one that cannot be answered
├── EnvironmentFileError      a spack.lock or spack.yaml that cannot be used
└── RefusedError              a build that would lose rows, and was not told to
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class CensusError(Exception):
    """A failure with a message for people: what happened, and the next steps, one a line."""

    def __init__(self, message: str, *next_steps: str) -> None:
        super().__init__(message)
        self.message = message
        self.next_steps = next_steps

    def __str__(self) -> str:
        return "\n  ".join((self.message, *self.next_steps))


class SourceError(CensusError):
    """The source cannot be read, or holds nothing usable."""


class DatasetError(CensusError):
    """There is no dataset at this place, or it is damaged."""


class BusyError(DatasetError):
    """Another process holds the lock of a folder: of a dataset, reports or what is fetched."""


class ConservationError(DatasetError):
    """What went in is not what came out; nothing was published."""


class ClusterError(CensusError):
    """Workers on a cluster cannot be reached, are unfit for the work, or were lost."""


class ParameterError(CensusError):
    """A query's parameters are missing, unknown or unusable."""


class QueryError(CensusError):
    """A query file's header or SQL is not as it must be."""


class ConstraintError(CensusError):
    """Text that is no constraint on specs, or one that the dataset cannot answer.

    `position` is where in the text it is no constraint, counted from 0; None where it is one.
    """

    def __init__(self, message: str, *next_steps: str, position: int | None = None) -> None:
        super().__init__(message, *next_steps)
        self.position = position


class EnvironmentFileError(CensusError):
    """A spack.lock or spack.yaml that cannot be read, or holds what is not supported."""


class RefusedError(CensusError):
    """A build would lose rows and was not told that it may."""


def many(number: int, noun: str, plural: str | None = None) -> str:
    """Return a count with its noun, in the plural where it is not one."""
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"


def fault(error: Exception) -> CensusError:
    """Return what to say of an error that no part of census foresaw."""
    found = CensusError(
        f"a fault of census itself, or a damaged dataset: {type(error).__name__}: {error}",
        "is the dataset whole? census verify",
        "report it with what --debug shows",
    )
    found.__cause__ = error
    return found


class UnknownNameError(CensusError):
    """A name that nothing in the dataset bears; the message names the nearest ones."""

    def __init__(
        self, kind: str, name: str, known: Iterable[str], where: str, list_with: str
    ) -> None:
        nearest = difflib.get_close_matches(name, sorted(set(known)), n=3, cutoff=0.5)
        steps = [f"nearest: {', '.join(nearest)}"] if nearest else []
        super().__init__(f"no {kind} '{name}' in {where}", *steps, f"all of them: {list_with}")
        self.nearest = nearest
