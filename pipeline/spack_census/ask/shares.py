"""Shares in percent, by the rule of `queries/views/share_pct.sql`."""

from __future__ import annotations


def share_pct(part: int, whole: int) -> float | None:
    """Return a share in percent, rounded to one decimal, a half up; None where there is no whole.

    0.0 and 100.0 are exact, never rounded to. The arithmetic is that of integers: a float would
    round some halves down.
    """
    if not whole:
        return None
    if 0 < part < whole:
        return min(max((2000 * part + whole) // (2 * whole), 1), 999) / 10
    return 1000 * part // whole / 10
