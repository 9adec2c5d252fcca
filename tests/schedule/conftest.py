"""What tests of the schedule share: reports that are made once, however often they are due."""

from __future__ import annotations

import pytest

from support.quick_reports import quicken


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    quicken(monkeypatch)
