"""`causes`: every changed spec is told what it owes its change to, and nothing else.

The graph is reckoned anew in plain Python; circles and missing nodes are among the examples.
"""

from __future__ import annotations

from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from spack_census.ask import queries
from spack_census.dataset import schema
from support.examples import share
from support.naive_causes import Cause, Side, Step, causes
from support.query_cases import arrow, in_memory

BEFORE, AFTER = "develop-2024-06-02", "develop-2024-06-09"
PACKAGES = ("app", "lib", "tool", "libc", "gcc")
Rows = list[dict[str, Any]]


def _some(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


NODES = st.fixed_dictionaries(
    {
        "package": st.sampled_from(PACKAGES),
        "version": _some("1.0", "1.1"),
        "compiler_name": _some("gcc", "llvm", None),
        "compiler_version": _some("11", "12"),
        "os": _some("ubuntu22.04", "ubuntu24.04"),
        "variants": _some([], ["+x"], ["~x"], ["+x", "k=v"], ["patches=abc"]),
        "flags": _some([], ["cflags=-O3"]),
        "package_hash": _some("one", "two", None),
        "external": st.integers(0, 2).map(lambda n: n == 2),
        "hash": st.integers(0, 6).map(lambda n: "abcdefg"[n] * 32),
    }
)
EDGES = st.fixed_dictionaries(
    {
        "hash": st.integers(0, 6).map(lambda n: "abcdefg"[n] * 32),
        "dependency": st.sampled_from(PACKAGES),
        "dependency_hash": st.integers(0, 7).map(lambda n: "abcdefgz"[n] * 32),
        "deptypes": _some(["build"], ["link"], ["build", "link"]),
    }
)
SIDES = st.tuples(
    st.lists(NODES, max_size=7, unique_by=lambda node: node["hash"]),
    st.lists(EDGES, max_size=10, unique_by=lambda e: (e["hash"], e["dependency_hash"])),
)


def _tables(snapshot: str, nodes: Rows, edges: Rows) -> dict[str, Rows]:
    tables: dict[str, Rows] = {"specs": [], "externals": [], "dependencies": []}
    for node in nodes:
        row = {key: value for key, value in node.items() if key != "external"}
        row["snapshot"] = snapshot
        if row["compiler_name"] is None:
            row["compiler_version"] = None
        tables["externals" if node["external"] else "specs"].append(row)
    tables["dependencies"] = [{**edge, "snapshot": snapshot} for edge in edges]
    return tables


def _side(snapshot: str, tables: dict[str, Rows]) -> Side:
    nodes = []
    for name in ("specs", "externals"):
        table = next(table for table in schema.TABLES if table.name == name)
        rows = [row for row in tables[name] if row["snapshot"] == snapshot]
        is_external = name == "externals"
        nodes += [{**row, "is_external": is_external} for row in arrow(table, rows).to_pylist()]
    return Side(nodes, [e for e in tables["dependencies"] if e["snapshot"] == snapshot])


@share(0.12)
@given(SIDES, SIDES)
def test_the_graph_reckoned_in_python_gives_the_same_causes(
    before: tuple[Rows, Rows], after: tuple[Rows, Rows]
) -> None:
    parts = [_tables(BEFORE, *before), _tables(AFTER, *after)]
    tables = {name: parts[0][name] + parts[1][name] for name in parts[0]}
    with in_memory(tables) as con:
        rows = con.execute(
            "select package, before_hash, after_hash, cause, kind, detail, itself, num_causes, path"
            " from causes($a, $b)",
            {"a": BEFORE, "b": AFTER},
        ).fetchall()
        pairs: list[Step] = con.execute(
            "select package, before_hash, after_hash from changes($a, $b)"
            " where before_hash is not null and after_hash is not null",
            {"a": BEFORE, "b": AFTER},
        ).fetchall()

    expected = causes(pairs, _side(BEFORE, tables), _side(AFTER, tables))
    found: dict[Step, set[Cause]] = {pair: set() for pair in pairs}
    for *pair, cause, kind, detail, itself, num_causes, path in rows:
        step = (pair[0], pair[1], pair[2])
        assert num_causes == len(expected[step])
        if kind == "not told":
            assert (cause, detail, itself, path, num_causes) == (None, None, False, None, 0)
            continue
        found[step].add((cause, kind, detail))
        assert path[-1] == cause
        assert not itself or cause == step[0]
    assert found == expected
    # One row a spec and cause, and one for each spec that is not told any.
    assert len(rows) == sum(max(1, len(each)) for each in expected.values())


@share(0.06)
@given(SIDES)
def test_dependents_are_those_of_a_walk_over_the_graph(graph: tuple[Rows, Rows]) -> None:
    nodes, edges = graph
    tables = _tables(AFTER, nodes, edges)
    assume(edges)
    below = {node["hash"]: {node["package"]} for node in nodes}
    for _ in nodes:
        for edge in edges:
            lower = below.get(edge["dependency_hash"], set())
            below.setdefault(edge["hash"], set()).update(lower)
    specs = {row["hash"]: row["package"] for row in tables["specs"]}

    with in_memory({**tables, "snapshots": [{"snapshot": AFTER}]}) as con:
        found = queries.run(con, queries.load("coverage.dependents"), {"snapshot": AFTER})
        rows = found.fetchall()

    assert {row[0]: (row[2], row[3]) for row in rows} == {
        package: (len(found), len({specs[hash_] for hash_ in found}))
        for package in set(specs.values())
        for found in [{hash_ for hash_ in specs if package in below[hash_]}]
    }
