"""Why two specs of one package are different: attribute by attribute, then what lies below.

The kinds of a difference are those of the macro `causes`. What lies below is followed from
dependency to dependency of one name whose hashes differ, down to the first that differ by
themselves: what differs below those is a question about them.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import duckdb

_CLOSURE = """
with recursive edges as materialized (
    select hash, dependency_hash from dependencies where snapshot = $snapshot
),
below(hash) as (
    select $hash
    union
    select edges.dependency_hash from edges inner join below on edges.hash = below.hash
)
"""
_NODES = f"""
{_CLOSURE}
select
    nodes.hash, package, version, version_key,
    nullif(concat_ws('@', compiler_name, compiler_version), ''),
    concat_ws(' ', platform, os, target),
    list_filter(variants, lambda v: not starts_with(v, 'patches=')),
    list_filter(variants, lambda v: starts_with(v, 'patches=')),
    flags, package_hash, not in_buildcache, compiler_name
from nodes
inner join below on nodes.hash = below.hash
where nodes.snapshot = $snapshot
order by all
"""  # noqa: S608 - of ours alone
_EDGES = f"""
{_CLOSURE}
select dependencies.hash, dependency, dependency_hash, deptypes
from dependencies
inner join below on dependencies.hash = below.hash
where snapshot = $snapshot
order by all
"""  # noqa: S608 - of ours alone


class Node(NamedTuple):
    """A spec or external."""

    hash: str
    package: str
    version: str
    version_key: str
    compiler: str | None
    place: str
    variants: list[str]
    patches: list[str]
    flags: list[str]
    package_hash: str | None
    is_external: bool
    compiler_name: str | None


class Edge(NamedTuple):
    """A direct dependency."""

    package: str
    hash: str
    deptypes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """A spec with all that lies below it, as far as its place knows."""

    root: Node
    nodes: Mapping[str, Node]
    edges: Mapping[str, list[Edge]]

    def below(self, hash_: str) -> dict[tuple[str, int], Edge]:
        """Return the dependencies of a node by name and place among those of one name."""
        held: dict[str, list[Edge]] = defaultdict(list)
        for edge in self.edges.get(hash_, []):
            held[edge.package].append(edge)
        return {
            (name, at): edge
            for name, edges in held.items()
            for at, edge in enumerate(sorted(edges, key=self._order))
        }

    def _order(self, edge: Edge) -> tuple[tuple[str, ...], bool, str, str]:
        node = self.nodes.get(edge.hash)
        return edge.deptypes, node is None, node.version_key if node else "", edge.hash


class Difference(NamedTuple):
    """One attribute; what one of the two does not have is empty."""

    kind: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Step:
    """Two specs of one package that differ, and how they are reached from the two compared."""

    package: str
    path: tuple[str, ...]
    """Names of packages; of several dependencies of one name all but the first with their hash."""
    before_hash: str
    after_hash: str
    change: str
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class SpecDiff:
    """The two specs, and what differs: theirs first, then what lies below, the nearest first."""

    before: Node
    after: Node
    steps: tuple[Step, ...]
    knows_dependencies: bool
    """Whether both places know what a spec depends on."""

    @property
    def changed(self) -> bool:
        """Whether they are not one spec."""
        return self.before.hash != self.after.hash


def graph(con: duckdb.DuckDBPyConnection, snapshot: str, hash_: str) -> Graph:
    """Return a spec of a snapshot with all that lies below it."""
    of = {"snapshot": snapshot, "hash": hash_}
    nodes = {row[0]: Node._make(row) for row in con.execute(_NODES, of).fetchall()}
    edges: dict[str, list[Edge]] = defaultdict(list)
    for owner, package, below, deptypes in con.execute(_EDGES, of).fetchall():
        edges[owner].append(Edge(package, below, tuple(deptypes)))
    return Graph(nodes[hash_], nodes, edges)


def compare(before: Graph, after: Graph, *, knows_dependencies: bool) -> SpecDiff:
    """Return what differs between two specs of one package."""
    first = (before.root.hash, after.root.hash)
    found: list[Step] = []
    name = before.root.package
    waiting: deque[tuple[str, tuple[str, ...], str, str]] = deque(
        [(name, (name,), *first)] if first[0] != first[1] else []
    )
    seen = {first}
    while waiting:
        package, path, one, other = waiting.popleft()
        own = tuple(_differences(before, after, one, other))
        if own or len(path) == 1:
            found.append(Step(package, path, one, other, _change(before, after, one, other), own))
        if own and len(path) > 1:
            continue
        held, holds = before.below(one), after.below(other)
        for slot in sorted(held.keys() & holds.keys()):
            pair = (held[slot].hash, holds[slot].hash)
            if pair[0] != pair[1] and pair not in seen:
                seen.add(pair)
                label = slot[0] if slot[1] == 0 else f"{slot[0]} /{pair[0][:7]}"
                waiting.append((slot[0], (*path, label), *pair))
    return SpecDiff(before.root, after.root, tuple(found), knows_dependencies)


def _change(before: Graph, after: Graph, one: str, other: str) -> str:
    old, new = before.nodes.get(one), after.nodes.get(other)
    if old is None or new is None:
        return "rebuilt"
    if old.version_key != new.version_key:
        return "upgraded" if old.version_key < new.version_key else "downgraded"
    if old.compiler != new.compiler:
        return "recompiled"
    return "reconfigured" if old.variants != new.variants else "rebuilt"


def _differences(before: Graph, after: Graph, one: str, other: str) -> Iterator[Difference]:
    old, new = before.nodes.get(one), after.nodes.get(other)
    if old is None or new is None:
        yield Difference("external", f"/{one}", f"/{other}")
        return
    if old.is_external or new.is_external:
        same = old.version_key == new.version_key
        texts = (f"/{one}", f"/{other}") if same else (old.version, new.version)
        yield Difference("external", *texts)
        return
    if old.version_key != new.version_key:
        yield Difference("version", old.version, new.version)
    if old.compiler != new.compiler:
        yield Difference("compiler", old.compiler or "none", new.compiler or "none")
    yield from _lists("variants", old.variants, new.variants)
    yield from _lists("flags", old.flags, new.flags)
    if old.place != new.place:
        yield Difference("target", old.place, new.place)
    if old.package_hash is None or new.package_hash is None:
        if old.patches != new.patches:
            yield Difference("recipe", " ".join(old.patches), " ".join(new.patches))
    elif old.package_hash != new.package_hash:
        yield Difference("recipe", old.package_hash[:7], new.package_hash[:7])
    yield from _needs(before.below(one), after.below(other), old, new)


def _needs(
    held: Mapping[tuple[str, int], Edge],
    holds: Mapping[tuple[str, int], Edge],
    old: Node,
    new: Node,
) -> Iterator[Difference]:
    # The compiler is told of above.
    lost = [name for name, at in held.keys() - holds.keys() if name != old.compiler_name]
    gained = [name for name, at in holds.keys() - held.keys() if name != new.compiler_name]
    if lost or gained:
        yield Difference("dependencies", " ".join(sorted(lost)), " ".join(sorted(gained)))
    elif held.keys() == holds.keys():
        for slot in sorted(held):
            types = [",".join(sorted(each[slot].deptypes)) for each in (held, holds)]
            if types[0] != types[1]:
                yield Difference("dependencies", *(f"{slot[0]} ({text})" for text in types))


def _lists(kind: str, before: list[str], after: list[str]) -> Iterator[Difference]:
    lost = [each for each in before if each not in after]
    gained = [each for each in after if each not in before]
    if lost or gained:
        yield Difference(kind, " ".join(lost), " ".join(gained))
