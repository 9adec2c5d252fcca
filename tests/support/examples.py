"""How many examples a property tries: shares of what the Hypothesis profile says.

`make test` tries few of what is slow, `make torture` twenty times as many of each.
"""

from __future__ import annotations

from hypothesis import settings


def share(part: float) -> settings:
    """Return settings for a property of which that part of the usual number of examples is tried.

    For properties of which one example costs a build, a query, or the slow matcher.
    """
    return settings(max_examples=max(1, round(part * settings.default.max_examples)))
