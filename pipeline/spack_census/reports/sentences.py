"""What a person would say of a report, and how numbers are put in words."""

from __future__ import annotations

from collections import Counter

from spack_census.ask.diff import Diff
from spack_census.ask.shares import share_pct
from spack_census.errors import many

_STEPS = {"downgraded": "older", "upgraded": "newer"}


def percent(part: int, whole: int) -> str:
    """Return a share in percent, rounded as `share_pct` does; "-" where there is no whole."""
    share = share_pct(part, whole)
    return "-" if share is None else f"{share:.1f}%"


def sentence(diff: Diff) -> str:
    """Return what changed in one sentence, version changes and losses before rebuilds."""
    if not diff.changed:
        return "Nothing changed."
    parts = [_upgrades(diff), _comings(diff), _rebuilds(diff)]
    said = "; ".join(part for part in parts if part) + "."
    return said[0].upper() + said[1:]


def headline(diff: Diff, before_packages: int, after_packages: int) -> str:
    """Return a report in one sentence: packages, losses by target, versions, rebuilds."""
    size = f"{many(after_packages, 'package')}, {_compared(before_packages, after_packages)} "
    if not diff.changed:
        return f"{size}{_when(diff)}; nothing changed."
    steps = {
        label: {row.package for row in diff.versions if row.change == label} for label in _STEPS
    }
    versions = [
        many(len(steps[label]), f"{word} version") for label, word in _STEPS.items() if steps[label]
    ]
    rebuilt = _rebuilds(diff).replace(" specs were", "").replace(" spec was", "")
    parts = [size + _when(diff), _losses(diff), *versions, rebuilt]
    return "; ".join(part for part in parts if part) + "."


def _compared(before: int, after: int) -> str:
    if before == after:
        return "as many as"
    return f"{abs(after - before):,} {'more' if after > before else 'fewer'} than"


def _when(diff: Diff) -> str:
    """Return what a snapshot is compared with, as people say it where both have a date."""
    before, after = diff.before.snapshot_date, diff.after.snapshot_date
    days = 0 if before is None or after is None else (after - before).days
    if days <= 0:
        return f"in {diff.before.snapshot}"
    if days % 7 == 0:
        return "a week before" if days == 7 else f"{days // 7} weeks before"
    return "the day before" if days == 1 else f"{days} days before"


def _losses(diff: Diff) -> str:
    on = Counter(row.target for row in diff.lost)
    if not on:
        return "none lost on any target"
    if len(on) > 2:
        return f"{len({row.package for row in diff.lost}):,} lost on {len(on)} targets"
    (first, count), *rest = on.most_common()
    return ", ".join([f"{count:,} lost on {first}", *(f"{n:,} on {name}" for name, n in rest)])


def _upgrades(diff: Diff) -> str:
    up = {row.package for row in diff.versions if row.change == "upgraded"}
    down = {row.package for row in diff.versions if row.change == "downgraded"}
    return _packages([(up, "were upgraded"), (down, "were downgraded")]) or "no version changed"


def _comings(diff: Diff) -> str:
    gone = {row.package for row in diff.lost if not row.elsewhere}
    new = {row.package for row in diff.gained if not row.elsewhere}
    fewer = {row.package for row in diff.lost} - gone
    return _packages([(gone, "are gone"), (fewer, "are gone from a target"), (new, "are new")])


def _packages(said: list[tuple[set[str], str]]) -> str:
    """Return counts of packages with what became of them; the noun stands once."""
    parts: list[str] = []
    for found, fate in said:
        if found:
            count = f"{len(found):,}" if parts else many(len(found), "package")
            one = fate.replace("are", "is").replace("were", "was")
            parts.append(f"{count} {one if len(found) == 1 else fate}")
    return ", ".join(parts)


def _rebuilds(diff: Diff) -> str:
    rebuilt = diff.counts["rebuilt"]
    if diff.epochs_differ or not rebuilt:
        return ""
    said = f"{many(rebuilt, 'spec')} {'was' if rebuilt == 1 else 'were'} rebuilt"
    where = diff.concentration
    if where is not None:
        said += (
            f", {percent(where.num_changes, rebuilt)} of them in {where.stack} "
            f"({where.over_represented:.1f}× its share of all specs)"
        )
    return said
