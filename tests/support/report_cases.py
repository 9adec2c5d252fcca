"""What tests of the reports share: two snapshots, specs in them, and lines as plain text."""

from __future__ import annotations

import io

from rich.text import Text

from spack_census.ask.diff import Diff
from spack_census.reports import diff as shown_diff
from spack_census.reports.text import render

APRIL, A, B = "develop-2024-04-28", "develop-2024-06-02", "develop-2024-06-09"
SNAPSHOTS = [{"snapshot": A, "hash_epoch": 6}, {"snapshot": B, "hash_epoch": 6}]
HASH = "abcdefghijklmnopqrstuvwxyz23456"


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def spec(snapshot: str, letter: str, **columns: object) -> dict[str, object]:
    """Return a row of specs whose hash begins with this letter."""
    return {"snapshot": snapshot, "hash": letter + HASH, **columns}


def plain(lines: list[Text]) -> str:
    """Return lines as a pipe shows them."""
    return "\n".join(line.plain.rstrip() for line in lines)


def shown(found: Diff, width: int | None = 80) -> str:
    """Return a diff as `census diff` prints it."""
    return plain(render(shown_diff.diff(found, ["census", "diff"]), width))
