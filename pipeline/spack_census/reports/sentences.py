"""What a person would say of a report, and how numbers are put in words.

The words for change are those of docs/vocabulary.md, and each count says what it counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection

from spack_census.ask.changed import Place
from spack_census.ask.diff import Diff
from spack_census.ask.escaping import visible
from spack_census.ask.shares import share_pct
from spack_census.errors import many
from spack_census.reports import causes
from spack_census.reports.report import Report

# `visible` spells the controls; these have no place in XML 1.0 either.
_NO_XML = re.compile("[\ud800-\udfff\ufffe\uffff]")
_STEPS = ("downgraded", "upgraded")


def percent(part: int, whole: int) -> str:
    """Return a share in percent, rounded as `share_pct` does; "-" where there is no whole."""
    share = share_pct(part, whole)
    return "-" if share is None else f"{share:.1f}%"


def xml_text(text: str) -> str:
    """Return text as XML can hold it, without characters that steer or hide."""
    return _NO_XML.sub("\N{REPLACEMENT CHARACTER}", visible(text))


def epochs(before: int | None, after: int | None) -> str:
    """Return the warning that stands above a diff across epochs, nothing for others."""
    if None in {before, after} or before == after:
        return ""
    return (
        "Hashes are made differently in these two snapshots (Spack's database version "
        f"{before} → {after}): every hash differs, and a rebuilt spec says nothing about its "
        "content."
    )


def warnings(report: Report) -> list[tuple[str, str]]:
    """Return what stands above a report and limits what it can say: a word each, and the why."""
    epoch = epochs(report.before.hash_epoch, report.after.hash_epoch)
    note = report.rules_note
    found = [("Another epoch", epoch), ("Other rules", f"These were {note}." if note else "")]
    return [(word, said) for word, said in found if said]


def sentence(diff: Diff) -> str:
    """Return what changed in one sentence, version changes and what is gone before rebuilds."""
    if not diff.changed:
        return "Nothing changed."
    parts = [_steps(diff), _comings(diff), _rebuilds(diff)]
    said = "; ".join(part for part in parts if part) + "."
    return said[0].upper() + said[1:]


def headline(diff: Diff, before_packages: int, after_packages: int) -> str:
    """Return a report in one sentence: packages, what is gone, versions, rebuilds."""
    size = f"{many(after_packages, 'package')}, {_compared(before_packages, after_packages)} "
    if not diff.changed:
        return f"{size}{_when(diff)}; nothing changed."
    parts = [size + _when(diff), _gone(diff.places_gone), _steps(diff), _rebuilds(diff)]
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


def _gone(rows: Collection[Place]) -> str:
    packages = {row.package for row in rows}
    on = Counter(row.target for row in rows)
    if not on:
        return "none gone from a target"
    if len(on) > 2:
        return (
            f"{many(len(packages), 'package')} {_be(packages)} gone from one of {len(on)} targets"
        )
    (first, count), *rest = on.most_common()
    said = f"{many(count, 'package')} {_be(range(count))} gone from {first}"
    return ", ".join([said, *(f"{n:,} from {name}" for name, n in rest)])


def _steps(diff: Diff) -> str:
    found = {label: {s.package for s in diff.versions if s.change == label} for label in _STEPS}
    up, down = found["upgraded"], found["downgraded"]
    said = _packages([(up, "were upgraded"), (down, "were downgraded")])
    return said or "no package was upgraded or downgraded"


def _comings(diff: Diff) -> str:
    gone = {row.package for row in diff.places_gone if not row.elsewhere}
    appeared = {row.package for row in diff.places_appeared if not row.elsewhere}
    fewer = {row.package for row in diff.places_gone} - gone
    return _packages(
        [(gone, "are gone"), (fewer, "are gone from a target"), (appeared, "appeared")]
    )


def _packages(said: list[tuple[set[str], str]]) -> str:
    """Return counts of packages with what became of them; the noun stands once."""
    parts: list[str] = []
    for found, fate in said:
        if found:
            count = f"{len(found):,}" if parts else many(len(found), "package")
            one = fate.replace("are", "is", 1) if fate.startswith("are") else fate
            one = one.replace("were", "was")
            parts.append(f"{count} {one if len(found) == 1 else fate}")
    return ", ".join(parts)


def _rebuilds(diff: Diff) -> str:
    rebuilt = diff.counts["rebuilt"]
    if diff.epochs_differ or not rebuilt:
        return ""
    said = f"{many(rebuilt, 'spec')} {'was' if rebuilt == 1 else 'were'} rebuilt"
    why = causes.said(diff.causes) if diff.knows_dependencies else ""
    if why:
        said += f" ({why})"
    where = diff.concentration
    if where is not None:
        said += (
            f", {percent(where.num_changes, rebuilt)} of them in {where.stack} "
            f"({where.over_represented:.1f}× its share of all specs)"
        )
    return said


def _be(found: Collection[object]) -> str:
    return "is" if len(found) == 1 else "are"
