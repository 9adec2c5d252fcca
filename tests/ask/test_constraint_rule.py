"""Random constraints on what Spack 1.3 wrote, and on small made-up graphs, against a slow rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import spack_census as sc
from spack_census.ask.finding import conjunction, values
from spack_census.ask.predicates import conditions
from spack_census.spack.grammar import parse
from spack_census.spack.versions import version_key
from support import naive_index, spack_dag
from support.examples import share
from support.query_cases import SNAPSHOT, in_memory
from support.spack_dag import Nodes, Want

SOURCE = Path(__file__).parents[1] / "corpus" / "buildcache" / "v3-2026"
SPACK_1_3 = "develop-2026-06-28"
INSTALLS = naive_index.installs(SOURCE / SPACK_1_3 / "build_cache" / "index.json.gz")
NODES: Nodes = {key: record["spec"] for key, record in INSTALLS.items()}
CACHED = sorted(key for key, record in INSTALLS.items() if record["in_buildcache"])


def answered(con: duckdb.DuckDBPyConnection, want: Want, snapshot: str) -> list[str]:
    asked = conditions(con, parse(spack_dag.text(want)), snapshot)
    sql = f"select hash from specs where snapshot = ? and {conjunction(asked)} order by hash"  # noqa: S608 - our own conditions
    return [key for (key,) in con.execute(sql, [snapshot, *values(asked)]).fetchall()]


@pytest.fixture(scope="module")
def con(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    dataset = tmp_path_factory.mktemp("spack_1_3") / "dataset"
    sc.build(SOURCE, dataset)
    return sc.connect(dataset)


@st.composite
def described(draw: st.DrawFn, key: str, *, anonymous: bool = False) -> Want:
    """Draw words on a node, most of which are true of it."""
    node, other = NODES[key], NODES[draw(st.sampled_from(sorted(NODES)))]
    want: Want = {}
    if not anonymous or draw(st.booleans()):
        want["name"] = node["name"]
    one = draw(st.sampled_from([node, node, node, other]))
    arch = one["arch"]
    target = arch["target"] if isinstance(arch["target"], str) else arch["target"]["name"]
    version = one["version"].rpartition("=")[2]
    variants = [each for each in spack_dag._variants(one) if not each.startswith("patches=")]
    ways: dict[str, Any] = {
        "versions": st.sampled_from(["{}", "={}", "{}:", ":{}", "1:3", "0,{}"]).map(
            lambda form: form.format(version)
        ),
        "platform": st.sampled_from(["*", arch["platform"]]),
        "os": st.sampled_from(["*", arch["platform_os"]]),
        "target": st.sampled_from(["{}", "{}:", ":{}", "x86_64:{}", "zen4,{}"]).map(
            lambda form: form.format(target)
        ),
        "hash": st.sampled_from([key[:1], key[:3], key]),
        "namespace": st.sampled_from([one["namespace"], "builtin_mock"]),
        "variants": st.sampled_from(variants or ["+x"]).flatmap(
            lambda each: st.sampled_from(_spellings(each))
        ),
        "flags": st.sampled_from([[("cflags", "-O2 -g")], [("cflags", "-g")], [("ldflags", "-s")]]),
    }
    for way in draw(st.lists(st.sampled_from(sorted(ways)), max_size=2, unique=True)):
        if way == "namespace" and "name" not in want:
            continue
        value = draw(ways[way])
        want[way] = [value] if way == "variants" else value
    return want


def _spellings(variant: str) -> list[str]:
    if variant[0] in "+~":
        name = variant[1:]
        return [variant, variant[0] + variant, f"{name}=*", f"{name}=true", f"~{name}"]
    name, _, value = variant.partition("=")
    several = [variant, f"{name}:={value}", f"{name}=*", f"{name}=={value}", f"{name}=none"]
    return [each for each in several if each[-1] != "="]


def below(key: str, *, direct: bool) -> list[dict[str, Any]]:
    edges = list(NODES[key].get("dependencies", []))
    if not direct:
        for each in [*edges]:
            edges += NODES[each["hash"]].get("dependencies", [])
    return edges


@st.composite
def wants(draw: st.DrawFn) -> Want:
    """Draw a constraint that is made after a cached spec, and true of it or nearly so."""
    key = draw(st.sampled_from(CACHED))
    want: Want = draw(described(key))
    want["edges"] = [
        draw(edges(key, sigil)) for sigil in draw(st.lists(st.sampled_from("%^"), max_size=2))
    ]
    named = [each["node"].get("name") for each in want["edges"] if each["sigil"] == "%"]
    if len(set(named)) < len(named):
        del want["edges"][1:]  # of one name there is but one direct dependency
    return want


@st.composite
def edges(draw: st.DrawFn, key: str, sigil: str, depth: int = 1) -> Want:
    known = below(key, direct=sigil == "%") or below(draw(st.sampled_from(CACHED)), direct=False)
    if not known:
        return {"sigil": sigil, "node": {"name": "gmake"}}
    each = draw(st.sampled_from(known))
    parameters = each["parameters"]
    edge: Want = {"sigil": sigil, "node": draw(described(each["hash"], anonymous=True))}
    if not edge["node"]:
        edge["node"] = {"name": each["name"]}
    if parameters["virtuals"] and draw(st.booleans()):
        edge["virtuals"] = draw(
            st.lists(st.sampled_from([*parameters["virtuals"], "mpi"]), min_size=1, unique=True)
        )
    elif parameters["virtuals"] and draw(st.booleans()):
        edge["node"] = {"name": draw(st.sampled_from(parameters["virtuals"]))}
    if draw(st.integers(0, 3)) == 0:
        edge["deptypes"] = draw(
            st.lists(st.sampled_from(["build", "link", "run"]), min_size=1, unique=True)
        )
    if depth and sigil == "^" and draw(st.booleans()):
        edge["node"] = edge["node"] | {"edges": [draw(edges(each["hash"], "%", 0))]}
    return edge


@share(0.25)
@given(wants())
@example({"name": "hdf5", "edges": [{"sigil": "%", "node": {"name": "gcc"}}]})
@example({"edges": [{"sigil": "^", "node": {"name": "gmake"}}]})
@example({"name": "hdf5", "variants": ["++shared"]})
@example({"name": "curl", "edges": [{"sigil": "^", "node": {"hash": "3"}}]})
def test_what_spack_wrote_is_answered_as_by_the_slow_rule(
    con: duckdb.DuckDBPyConnection, want: Want
) -> None:
    expected = [key for key in CACHED if spack_dag.satisfies(NODES, key, want)]
    assert answered(con, want, SPACK_1_3) == expected, spack_dag.text(want)


NAMES = ("a", "b", "c", "gcc")


@st.composite
def graphs(draw: st.DrawFn) -> Nodes:
    """Draw a small graph: a node depends on those drawn before it."""
    nodes: Nodes = {}
    for number in range(draw(st.integers(1, 6))):
        key = "abcdefg"[number] * 32
        known = draw(st.lists(st.sampled_from(sorted(nodes)), unique=True)) if nodes else []
        nodes[key] = {
            "name": draw(st.sampled_from(NAMES)),
            "version": draw(st.sampled_from(["1.2", "1.10", "2"])),
            "namespace": "builtin",
            "arch": {"platform": "linux", "platform_os": "u", "target": "zen3"},
            "parameters": {"x": draw(st.booleans())} if draw(st.booleans()) else {},
            "dependencies": [
                {
                    "name": nodes[each]["name"],
                    "hash": each,
                    "parameters": {
                        "deptypes": draw(
                            st.lists(st.sampled_from(["build", "link", "run"]), min_size=1)
                        ),
                        "virtuals": draw(st.sampled_from([[], [], ["v"], ["c", "cxx"]])),
                    },
                }
                for each in known
            ],
        }
    return nodes


SMALL_NODES = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from([*NAMES, "v", "c"]),
        "versions": st.sampled_from(["1.2", "1:", ":1.9"]),
        "variants": st.sampled_from([["+x"], ["~~x"], ["x=*"]]),
    },
).map(lambda node: node or {"name": "a"})
SMALL_EDGES = st.fixed_dictionaries(
    {"sigil": st.sampled_from("%^"), "node": SMALL_NODES},
    optional={
        "virtuals": st.sampled_from([["v"], ["c"], ["c", "cxx"]]),
        "deptypes": st.sampled_from([["build"], ["link", "run"]]),
    },
)


@share(0.25)
@given(graphs(), st.sampled_from(NAMES), SMALL_EDGES, SMALL_EDGES)
def test_small_graphs_are_answered_as_by_the_slow_rule(
    nodes: Nodes, name: str, edge: Want, nested: Want
) -> None:
    nested = nested | {"sigil": "%"}
    if edge["sigil"] == "^":
        edge = edge | {"node": edge["node"] | {"edges": [nested]}}
    want: Want = {"name": name, "edges": [edge]}
    if _asks_version_of_virtual(edge["node"]) or _asks_version_of_virtual(nested["node"]):
        return  # only recipes tell these
    with in_memory(tables(nodes)) as con:
        found = answered(con, want, SNAPSHOT)
    expected = [key for key in sorted(nodes) if spack_dag.satisfies(nodes, key, want)]
    assert found == expected, spack_dag.text(want)


def _asks_version_of_virtual(node: Want) -> bool:
    return node.get("name") in {"v", "c"} and "versions" in node


def tables(nodes: Nodes) -> dict[str, list[dict[str, Any]]]:
    specs = [
        {
            "hash": key,
            "package": node["name"],
            "version": node["version"],
            "version_key": version_key(node["version"]),
            "namespace": "builtin",
            "os": "u",
            "target": "zen3",
            "compiler_name": None,
            "variants": spack_dag._variants(node),
        }
        for key, node in nodes.items()
    ]
    dependencies = [
        {
            "hash": key,
            "dependency": each["name"],
            "dependency_hash": each["hash"],
            "deptypes": each["parameters"]["deptypes"],
            "virtuals": each["parameters"]["virtuals"],
        }
        for key, node in nodes.items()
        for each in node["dependencies"]
    ]
    return {
        "snapshots": [{"snapshot": SNAPSHOT, "hash_epoch": 8}],
        "documents": [{"snapshot": SNAPSHOT, "package": None, "generation": None}],
        "specs": specs,
        "dependencies": dependencies,
    }
