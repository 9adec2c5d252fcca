"""Reports made once for all tests of how they reach the disk, are kept, linked and told.

What a report says is held by the tests of gathering and of pages. Its making takes a second
whatever its size, and here the same few snapshots are reported on over and over.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from spack_census.ask import snapshots
from spack_census.ask.diff import matched
from spack_census.reports import files, gathering, publish
from spack_census.reports.report import Report

_made: dict[Any, tuple[Report, dict[str, bytes]]] = {}
_pasts: dict[Any, gathering.Past] = {}


def quicken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each report once a process: two datasets whose snapshots are listed alike are one."""
    gather, render, reckon = gathering.gather, files.render, gathering.past

    def gathered(con: Any, before: str, after: str, past: gathering.Past) -> Report:
        key = (*snapshots.listing(con), before, after)
        if key not in _made:
            with matched(con, before, after):
                report = gather(con, before, after, past)
                _made[key] = report, render(con, report)
        return _made[key][0]

    def rendered(_con: Any, report: Report) -> dict[str, bytes]:
        return next(drawn for made, drawn in _made.values() if made is report)

    def past(con: Any, *, with_checks: bool = True) -> gathering.Past:
        key = (*snapshots.listing(con), with_checks)
        if key not in _pasts:
            _pasts[key] = reckon(con, with_checks=with_checks)
        return _pasts[key]

    monkeypatch.setattr(gathering, "gather", gathered)
    monkeypatch.setattr(gathering, "past", past)
    monkeypatch.setattr(files, "render", rendered)
    monkeypatch.setattr(publish, "matched", lambda *_: nullcontext())
