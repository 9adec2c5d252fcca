"""What a snapshot's name tells: its series, its place there, its date, how its hashes are made.

develop-dated   develop-2025-07-13
release         v0.23.1
develop         develop itself, and copies of it kept under a date: develop@2025-07-13
other           everything else
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from spack_census.spack.versions import version_key

SeriesName = Literal["develop-dated", "release", "develop", "other"]
DATED: SeriesName = "develop-dated"
SERIES: tuple[SeriesName, ...] = (DATED, "release", "develop", "other")

_DEVELOP = "develop"
_DATE = re.compile(r"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")
_DATED = re.compile(rf"develop-{_DATE.pattern}")
# The time of day may follow, in whatever form fits a folder's name; it orders by its text.
_KEPT = re.compile(rf"develop@{_DATE.pattern}(?:T[0-9][0-9A-Za-z.+-]*)?")
_RELEASE = re.compile(r"v[0-9].*")
_RELEASED = re.compile(r"v([0-9]{1,4})\.([0-9]{1,4})(?:\.[0-9]+)*")

_NO_DATE = dt.date.min
_Place = tuple[dt.date, str, str]


@dataclass(frozen=True, slots=True)
class Series:
    """What a snapshot's name tells of its series, and the date in the name."""

    series: SeriesName
    snapshot_date: dt.date | None


def classify(name: str) -> Series:
    """Return the series of a snapshot and the date in its name; never raises.

    A date that no calendar has (2025-02-30) is none, and `develop-2025-02-30` is "other".
    """
    date = _date(name)
    if name == _DEVELOP or (date is not None and _KEPT.fullmatch(name)):
        return Series("develop", date)
    if date is not None and _DATED.fullmatch(name):
        return Series(DATED, date)
    if _RELEASE.fullmatch(name) and _key(name[1:]):
        return Series("release", date)
    return Series("other", date)


def ordered(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the series that the names make, each with its names once, oldest first.

    By date, then by version (of a release: what follows the `v`), then by text; names without a
    date come before those with one, but `develop` itself is the newest of its series.
    """
    found: dict[str, list[str]] = {}
    places = {name: _place(name) for name in set(names)}
    for name in sorted(places, key=lambda name: places[name]):
        found.setdefault(classify(name).series, []).append(name)
    return {series: found[series] for series in SERIES if series in found}


def hash_epoch_of_release(name: str) -> int | None:
    """Return the Spack database version since which a release's hashes are made as they are.

    v0.18 to v0.23 → 6, v1.0 and later → 8. None for other names, older releases, and prereleases,
    which may be from before the change.
    """
    match = _RELEASED.fullmatch(name)
    if match is None:
        return None
    release = (int(match[1]), int(match[2]))
    if release >= (1, 0):
        return 8
    return 6 if (0, 18) <= release <= (0, 23) else None


def mutable(name: str) -> bool:
    """Return whether a snapshot of this name may change: only `develop` may."""
    return name == _DEVELOP


def _place(name: str) -> _Place:
    series = classify(name)
    if name == _DEVELOP:
        return dt.date.max, "", name
    if series.series == "release":
        # A date inside a release's name must not lift it over later versions.
        return _NO_DATE, _key(name[1:]), name
    return series.snapshot_date or _NO_DATE, _key(name), name


def _key(text: str) -> str:
    try:
        return version_key(text)
    except ValueError:
        return ""


def _date(name: str) -> dt.date | None:
    for match in _DATE.finditer(name):
        try:
            return dt.date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            continue
    return None
