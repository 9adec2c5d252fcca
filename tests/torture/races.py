"""Two builders at once on one dataset: none is lost, and each knows what became of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from spack_census.building import builder
from spack_census.errors import BusyError
from torture import states
from torture.children import finished, forked, look, say, workplace


@dataclass
class Races:
    """What came of the races: `wrong` must be 0."""

    races: int = 0
    both: int = 0
    """Races in which one builder came after the other."""
    refused: int = 0
    """Builders that were told that another one builds."""
    wrong: int = 0
    samples: list[str] = field(default_factory=list)


def run(races: int, wait_seconds: float = 0) -> Races:
    """Let two builders start at the same time, again and again; look at what is left."""
    result = Races()
    with workplace() as folder:
        for number in range(races):
            _race(result, folder, (2 * number + 1, 2 * number + 2), wait_seconds)
    return result


def _race(result: Races, folder: Path, numbers: tuple[int, int], wait_seconds: float) -> None:
    gate, starter = os.pipe()
    builders = [forked(_builder(folder, number, gate, wait_seconds)) for number in numbers]
    os.write(starter, b"go")
    said = [line for child in builders for line in finished(*child)]
    os.close(gate)
    os.close(starter)
    done = [line["done"] for line in said if "done" in line]
    refused = [line["refused"] for line in said if "refused" in line]
    (seen,) = finished(*forked(lambda pipe: say(pipe, **look(folder / "dataset"))))
    result.races += 1
    result.both += len(done) == 2
    result.refused += len(refused)
    faults = [line["error"] for line in said if "error" in line]
    faults += [text for text in refused if "is being built (process" not in text]
    faults += [str(seen)] if seen["state"] not in done or seen["findings"] or seen["debris"] else []
    faults += ["both waited, one is lost"] if wait_seconds and len(done) < 2 else []
    result.wrong += bool(faults)
    result.samples += faults


def _builder(folder: Path, number: int, gate: int, wait_seconds: float) -> Callable[[int], None]:
    source = states.write(folder / f"builder-{number % 2}", number)

    def work(pipe: int) -> None:
        os.read(gate, 1)
        try:
            builder.build(
                source, folder / "dataset", jobs=1, replace=True, wait_seconds=wait_seconds
            )
        except BusyError as error:
            say(pipe, refused=str(error))
        else:
            say(pipe, done=number)

    return work
