"""Folders that different things are written to must be apart."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

from spack_census.errors import ParameterError


def demand(places: Mapping[str, Path | str]) -> None:
    """Raise ParameterError where two folders are the same, or one lies in the other.

    `places` are what each is for → the folder. What one command cleans up, another would miss.
    """
    found = {what: Path(place).resolve() for what, place in places.items()}
    for (one, place), (other, second) in combinations(found.items(), 2):
        if place == second:
            message = f"{one} and {other} are the same folder: {place}"
        elif place.is_relative_to(second):
            message = f"{one}, {place}, lies in that of {other}, {second}"
        elif second.is_relative_to(place):
            message = f"{other}, {second}, lies in that of {one}, {place}"
        else:
            continue
        raise ParameterError(message, "give each a folder of its own")


def demand_outside(one: str, place: Path | str, other: str, folder: Path | str) -> None:
    """Raise ParameterError where `place` is `folder`, or lies in it; the reverse is no harm.

    `one` and `other` are what they are for.
    """
    inner, outer = Path(place).resolve(), Path(folder).resolve()
    if inner.is_relative_to(outer):
        message = f"{one}, {inner}, lies in that of {other}, {outer}"
        raise ParameterError(message, "give each a folder of its own")
