"""An environment's fit with a snapshot, the rank of snapshots, and a ladder, as sections."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence

from spack_census.environments.ladder import Ladder
from spack_census.environments.model import Difference, EnvironmentFit, SnapshotFit, SpecFit
from spack_census.errors import many
from spack_census.reports.sections import Cell, Column, Kind, Section, Table
from spack_census.reports.sentences import percent

_ROWS = 20
_HASH = 7
_FEW = 3
_TELLS_ALL = ("platform", "os", "target", "compiler")


def environment(
    found: EnvironmentFit, command: Sequence[str], *, one_dataset: bool = True
) -> list[Section]:
    """Return how an environment fits; `command` is how it was asked for, as words.

    The snapshots of one dataset can be ranked, which the last line says.
    """
    missing = to_compile(found) if found.locked else unavailable(found)
    sections = [Section(lead=headline(found), tone="strong")]
    if missing:
        title = "Would compile" if found.locked else "Not there as a binary"
        columns = [
            Column("spec"),
            Column("nearest cached", Kind.TEXT, rank=1),
            Column("what differs", Kind.TEXT),
            Column("needed by", Kind.TEXT, rank=2),
        ]
        shown = columns if found.locked else columns[:-1]
        rows = [_row(each, locked=found.locked)[: len(shown)] for each in missing]
        rest = shlex.join([*command, "--format", "csv"])
        table = Table(tuple(shown), rows, command=rest, limit=_ROWS)
        sections.append(Section(title, tables=[table]))
    fitting = shlex.join([*command, "--all-snapshots"])
    hints = [("Which snapshot fits best", fitting)] if one_dataset else []
    return [*sections, Section(notes=notes(found), hints=hints)]


def ranks(found: Sequence[SnapshotFit]) -> list[Section]:
    """Return the snapshots by how much of an environment each holds; `found` is best first."""
    columns = (
        Column("snapshot"),
        Column("cached", Kind.COUNT),
        Column("of", Kind.COUNT),
        Column("share"),
    )
    rows: list[tuple[Cell, ...]] = [
        (
            each.snapshot,
            each.num_hits,
            each.num_specs,
            percent(each.num_hits, each.num_specs),
        )
        for each in found
    ]
    return [Section(lead=best(found), tone="strong", tables=[Table(columns, rows)])]


def ladder(found: Ladder) -> list[Section]:
    """Return at which condition the specs drop out, and the conditions from the package down."""
    columns = (
        Column("condition", Kind.TEXT),
        Column("specs", Kind.COUNT),
        Column("there instead", Kind.LIST),
    )
    rows: list[tuple[Cell, ...]] = [
        (_condition(found, rung.condition, rung.attribute), rung.num_specs, tuple(rung.there))
        for rung in found.rungs
    ]
    return [Section(lead=conclusion(found), tone="strong", tables=[Table(columns, rows)])]


def _row(each: SpecFit, *, locked: bool) -> tuple[Cell, ...]:
    spec = f"{each.package}@{each.version}" if locked else " ".join(each.needed_by)
    near = "-"
    if each.nearest is not None:
        build = each.nearest.build
        near = f"@{build.version} /{build.hash[:_HASH]}"
    roots = each.needed_by
    needed = roots[0] if len(roots) == 1 else many(len(roots), "root")
    return spec, near, told(each), needed


def _condition(found: Ladder, text: str, attribute: str) -> str:
    if attribute == "package":
        return f"{text} in {found.snapshot}"
    return text


def headline(found: EnvironmentFit) -> str:
    """Return how much of an environment is cached, and what has to be compiled for whom."""
    hits = len(found.having("hit"))
    others = {status: len(found.having(status)) for status in ("hole", "miss", "cannot tell")}
    total = hits + sum(others.values())
    place = f"in {found.snapshot}" + (f" for {found.host}" if str(found.host) else "")
    share = f"{hits:,} of {total:,} {'specs' if found.locked else 'roots'} ({percent(hits, total)})"
    if not found.locked:
        return "; ".join((f"{share} can be had as binaries {place}", *_others(others))) + "."
    said = f"{share} install from binaries {place}"
    compiled = to_compile(found)
    if others["hole"]:
        said += f"; of {others['hole']:,} more something that they need is not cached"
    if not compiled:
        return f"{said}; nothing would compile."
    roots = list(dict.fromkeys(root for each in compiled for root in each.needed_by))
    names = ", ".join(roots[:_FEW]) + (f" and {len(roots) - _FEW:,} more" if roots[_FEW:] else "")
    they = "it is" if len(compiled) == 1 else "they are"
    return f"{said}; {len(compiled):,} would compile: {they} needed by {names}."


def _others(counts: Mapping[str, int]) -> Iterator[str]:
    """Yield what the roots are that cannot be had, a clause for each kind that there is."""
    if counts["hole"]:
        yield f"of {counts['hole']:,} something that they need is not cached"
    if counts["miss"]:
        yield f"{counts['miss']:,} {'is' if counts['miss'] == 1 else 'are'} not there"
    if counts["cannot tell"]:
        yield f"{counts['cannot tell']:,} cannot be told"


def notes(found: EnvironmentFit) -> list[str]:
    """Return what the numbers leave out, a sentence each."""
    said = list(found.notes)
    external = [each.package for each in found.having("external")]
    if external:
        those = ", ".join(external[:_FEW]) + (", …" if external[_FEW:] else "")
        said.append(f"{many(len(external), 'external')} left out: {those}.")
    unneeded = [each for each in found.having("miss") if not each.compiles]
    if unneeded:
        number = f"{len(unneeded):,} missing {'spec is' if len(unneeded) == 1 else 'specs are'}"
        said.append(f"{number} needed by nothing that would compile.")
    return said


def to_compile(found: EnvironmentFit) -> list[SpecFit]:
    """Return the specs that an install would have to build, those of most roots first."""
    compiled = [each for each in found.having("miss") if each.compiles]
    return sorted(compiled, key=lambda each: (-len(each.needed_by), each.package))


def unavailable(found: EnvironmentFit) -> list[SpecFit]:
    """Return the roots of a spack.yaml that cannot be had as binaries, in the file's order."""
    return [each for each in found.specs if each.status in {"hole", "miss", "cannot tell"}]


def told(each: SpecFit) -> str:
    """Return in words why a root cannot be told, or how the nearest spec differs from it."""
    if each.status == "cannot tell":
        return f"cannot be told: {each.reason}"
    if each.lacking:
        more = f" and {len(each.lacking) - _FEW:,} more" if each.lacking[_FEW:] else ""
        return f"cached, but it needs {', '.join(each.lacking[:_FEW])}{more}, not cached"
    if each.reason is not None:
        return f"what is cached is excluded: {each.reason}"
    if each.nearest is None:
        return "no spec of the package is cached for this host"
    differences = each.nearest.differences
    if any(one.attribute in _TELLS_ALL for one in differences):
        # Everything below it differs in the same way.
        differences = tuple(one for one in differences if one.attribute != "dependencies")
    return "; ".join(_told(one) for one in differences)


def _told(one: Difference) -> str:
    if one.attribute == "hash":
        return "only the hash: a dependency or the recipe differs"
    if one.attribute == "recipe":
        return "recipe"
    if one.attribute == "version":
        return "version"
    return f"{one.attribute} {one.wanted} (cached: {one.cached or 'unknown'})"


def best(found: Sequence[SnapshotFit]) -> str:
    """Return which snapshot to pin, in a sentence; `found` is in order, best first."""
    first, *others = found
    said = f"Best snapshot to pin: {first.snapshot} ({first.num_hits:,} of {first.num_specs:,})"
    if others:
        said += f", then {others[0].snapshot} ({others[0].num_hits:,})"
    return f"{said}."


def conclusion(found: Ladder) -> str:
    """Return at which condition the specs drop out, in a sentence."""
    broken = found.broken
    if broken is None:
        left = found.rungs[-1].num_specs
        return f"{many(left, 'spec')} of {found.snapshot} can be had."
    if broken.attribute == "package":
        return f"{found.snapshot} has no spec of {found.rungs[0].condition}."
    above = next(
        rung.num_specs
        for rung, below in zip(found.rungs, found.rungs[1:], strict=False)
        if below is broken
    )
    lost = f"None of {above:,}" if above > 1 else "The only one left does not"
    said = f"{lost} {'meets' if above > 1 else 'meet'} this condition: {broken.condition}"
    return f"{said}; what is there: {', '.join(broken.there)}." if broken.there else f"{said}."
