"""New snapshots that hold suspiciously little are held back, not published as a great loss.

A mirror that is being filled, or an index that was written empty, would otherwise be reported as
"50 packages fewer", and the hook would tell everyone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from spack_census.building.convert import Converted
from spack_census.errors import RefusedError
from spack_census.spack import series

_SHARE = 0.5
"""A snapshot with less than this share of its predecessor's specs is held back."""


def may_be_held(done: Converted, published: Mapping[str, object]) -> bool:
    """Tell whether a snapshot could be held back, which depends on the others of the build."""
    if done.snapshot in published:
        return False
    own = series.classify(done.snapshot).series
    return not done.state.num_specs or own in {series.classify(each).series for each in published}


def held_back(converted: Iterable[Converted], published: Mapping[str, int]) -> dict[str, str]:
    """Return snapshot → reason, for each new one that has no spec or under half of those before.

    `published` are the snapshots of the current version and their numbers of specs. The one
    before is the next older one of the series, published or accepted here; a series of which
    nothing was published is taken as it comes, and the series `other` has no order that tells.
    """
    specs = dict(published)
    held: dict[str, str] = {}
    known = {series.classify(name).series for name in published} - {"other"}
    new = {done.snapshot: done for done in converted if done.snapshot not in published}
    for name, names in series.ordered([*specs, *new]).items():
        before: str | None = None
        for each in names:
            if each in new:
                number = new[each].state.num_specs
                reason = _reason(number, before if name in known else None, specs)
                if reason is not None:
                    held[each] = reason
                    continue
                specs[each] = number
            before = each
    return held


def refuse(held: Mapping[str, str]) -> None:
    """Raise RefusedError with the reason of each: a new dataset would hold nothing else."""
    reasons = [f"{name}: {reason}" for name, reason in held.items()]
    message = "all that the source holds is held back"
    raise RefusedError(message, *reasons[:5], "to take it all the same: --allow-partial")


def _reason(number: int, before: str | None, specs: Mapping[str, int]) -> str | None:
    if not number:
        return "it has no spec"
    if before is not None and number < _SHARE * specs[before]:
        return f"{number:,} specs, where {before} has {specs[before]:,}"
    return None
