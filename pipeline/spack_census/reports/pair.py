"""Two specs as sections: what tells them apart, then a short tree of what differs below them."""

from __future__ import annotations

import duckdb

from spack_census.ask.held import made
from spack_census.environments.pair import Node, SpecDiff, Step
from spack_census.errors import many
from spack_census.reports.layout import HELD_TOGETHER as _BLANK
from spack_census.reports.sections import Cell, Column, Kind, Section, Table

_COLUMNS = (
    Column("spec"),
    Column("change", Kind.CHANGE, rank=1),
    Column("what differs"),
    Column("before", Kind.TEXT),
    Column("after", Kind.TEXT),
)
_ROWS = {
    **dict.fromkeys(("change", "package", "attribute", "before", "after"), "varchar"),
    **dict.fromkeys(("before_hash", "after_hash"), "varchar"),
    "path": "varchar[]",
}
_UNKNOWN = (
    "What differs below them is not known: a snapshot that was built from documents knows no "
    "dependencies. Build it from the indexes of the build cache to be told."
)
_HASH_ALONE = "Nothing that is known of them tells them apart but the hash."


def pair(found: SpecDiff, names: tuple[str, str]) -> list[Section]:
    """Return what differs between two specs; `names` are the places that they come from."""
    title = " → ".join(
        f"{_named(node)} of {name}"
        for node, name in zip((found.before, found.after), names, strict=True)
    )
    if not found.changed:
        return [Section(title, "Nothing changed.")]
    steps = found.steps
    itself, below = steps[0], steps[1:]
    parts = []
    kinds = list(dict.fromkeys(each.kind for each in itself.differences))
    if kinds:
        differ = "differ" if len(kinds) > 1 or kinds[0][-1] == "s" else "differs"
        parts.append(
            f"its {' and '.join([', '.join(kinds[:-1]), kinds[-1]][len(kinds) == 1 :])} {differ}"
        )
    if below:
        one = len(below) == 1
        fate = "differs by itself" if one else "differ by themselves"
        parts.append(f"{many(len(below), 'dependency', 'dependencies')} below {fate}")
    said = f"{itself.path[0]} was {itself.change}: {'; '.join(parts)}." if parts else _HASH_ALONE
    notes = [] if found.knows_dependencies else [_UNKNOWN]
    tables = [Table(_COLUMNS, _tree(steps))] if parts else []
    return [Section(title), Section(lead=said, tables=tables, notes=notes)]


def pair_rows(con: duckdb.DuckDBPyConnection, found: SpecDiff) -> duckdb.DuckDBPyRelation:
    """Return one row a spec and attribute, those of the two compared first.

    A spec that differs in its hash alone has one row without an attribute.
    """
    rows = (
        (
            step.change,
            step.package,
            *(each or (None, None, None)),
            step.before_hash,
            step.after_hash,
            list(step.path),
        )
        for step in found.steps
        for each in (step.differences or (None,))
    )
    return made(con, _ROWS, rows)


def _named(node: Node) -> str:
    return f"{node.package}@{node.version} /{node.hash[:7]}"


def _tree(steps: tuple[Step, ...]) -> list[tuple[Cell, ...]]:
    """Return the rows of a tree, in which the way down to each step has rows of its own."""
    known = {step.path: step for step in steps}
    paths = sorted({path[:depth] for path in known for depth in range(1, len(path) + 1)})
    found: list[tuple[Cell, ...]] = []
    for path in paths:
        step = known.get(path)
        name = _branch(path, paths) + path[-1]
        if step is None or not step.differences:
            found.append((name, step.change if step else "rebuilt", None, None, None))
            continue
        for number, each in enumerate(step.differences):
            head = (name, step.change) if number == 0 else ("", "")
            found.append((*head, each.kind, each.before or None, each.after or None))
    return found


def _branch(path: tuple[str, ...], paths: list[tuple[str, ...]]) -> str:
    def is_last(part: tuple[str, ...]) -> bool:
        return not any(
            other[:-1] == part[:-1] and other[-1] > part[-1]
            for other in paths
            if len(other) == len(part)
        )

    if len(path) == 1:
        return ""
    above = "".join(
        _BLANK * 3 if is_last(path[:depth]) else f"│{_BLANK * 2}" for depth in range(2, len(path))
    )
    return above + ("└─" if is_last(path) else "├─") + _BLANK
