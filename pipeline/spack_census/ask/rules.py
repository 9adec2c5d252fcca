"""Snapshots that were made by different rules differ also in how their documents were read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from spack_census.ask.snapshots import Snapshot

_NAMED = 3


def told(snapshots: Iterable[Snapshot]) -> str:
    """Return what to say of snapshots made by different rules, nothing where they are the same.

    The rules of a snapshot of before format 2 were not noted, and count as rules of their own.
    """
    by_rules: dict[int | None, list[str]] = defaultdict(list)
    for each in snapshots:
        by_rules[each.rules].append(each.snapshot)
    if len(by_rules) < 2:
        return ""
    parts = []
    for rules in sorted(by_rules, key=lambda rules: rules or 0):
        names = by_rules[rules]
        listed = ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")
        said = "rules not noted" if rules is None else f"rules {rules}"
        parts.append(f"{listed} ({said})")
    return (
        f"made by different rules: {'; '.join(parts)}. What differs may be how documents were "
        "read; a build remakes those whose source is there"
    )
