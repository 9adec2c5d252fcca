"""The explorer's data files hold the dataset: read by a plain reader, they give its rows again."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.ask import hosts, snapshots
from spack_census.dataset import schema
from spack_census.errors import DatasetError
from spack_census.site import history
from spack_census.site.files import DataFile, data_file, is_data_file
from spack_census.site.index import data_files
from support import site_reader as reader
from support.examples import share
from support.query_cases import Tables, arrow, in_memory

Rows = list[dict[str, Any]]
Fill = Callable[[Tables], duckdb.DuckDBPyConnection]

# Few values, so that they repeat, and odd ones, as nobody checks the names in a document's values.
NAMES = st.sampled_from(["zlib", "hdf5", "py-x", "</script>", '"', "\u202eé\x00", "", "A"])
WORDS = st.lists(NAMES, max_size=3, unique=True).map(sorted)
HASHES = st.integers(0, 12).map(lambda number: f"{'abcdefghijklm'[number]}" * 32)
SNAPSHOTS = ("develop-2024-05-26", "develop-2024-06-02", "develop-2024-06-09", "v0.22")
SERIES = ("develop-dated", "develop-dated", "develop-dated", "release")
SPECS = st.fixed_dictionaries(
    {
        "snapshot": st.sampled_from(SNAPSHOTS),
        "package": NAMES,
        "version": st.sampled_from(["1.0", "1.00", "2", "x"]),
        "version_key": st.sampled_from(["1", "2"]),
        "compiler_name": st.none() | NAMES,
        "compiler_version": st.none() | NAMES,
        "platform": NAMES,
        "target": NAMES,
        "os": NAMES,
        "variants": WORDS,
        "stacks": WORDS,
        "hash": HASHES,
        "package_hash": st.none() | NAMES,
    }
)
EDGES = st.fixed_dictionaries(
    {
        "snapshot": st.sampled_from(SNAPSHOTS),
        "hash": HASHES,
        "dependency": NAMES,
        "dependency_hash": HASHES,
        "deptypes": st.sampled_from([["build"], ["build", "link"]]),
        "virtuals": st.sampled_from([[], ["mpi"]]),
    }
)


def tables(specs: Rows, edges: Rows | tuple[()] = ()) -> Tables:
    listed = [
        {
            "snapshot": name,
            "series": series,
            "series_order": order,
            "num_specs": sum(row["snapshot"] == name for row in specs),
        }
        for order, (name, series) in enumerate(zip(SNAPSHOTS, SERIES, strict=True), start=1)
    ]
    compat = [{"host": "zen4", "target": "zen4"}, {"host": "zen4", "target": "x86_64"}]
    return {
        "specs": specs,
        "dependencies": edges,
        "snapshots": listed,
        "target_compat": compat,
    }


def made(con: duckdb.DuckDBPyConnection) -> list[DataFile]:
    return list(data_files(con, snapshots.listing(con)))


def site(con: duckdb.DuckDBPyConnection) -> reader.Site:
    return {file.name: file.content for file in made(con)}


def canonical(rows: Rows) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


@pytest.fixture(scope="module")
def fill() -> Iterator[Fill]:
    """Return a function that puts rows into the tables of one connection."""
    with in_memory({}) as con:

        def run(found: Tables) -> duckdb.DuckDBPyConnection:
            for table in schema.TABLES:
                con.execute(f"delete from {table.name}")  # noqa: S608 - the names of our own tables
                if found.get(table.name):
                    con.from_arrow(arrow(table, found[table.name])).insert_into(table.name)
            return con

        yield run


@given(st.lists(SPECS, max_size=20), st.lists(EDGES, max_size=12), st.integers(1, 4))
@share(0.15)
def test_the_files_hold_the_dataset(
    fill: Fill, specs: Rows, edges: Rows, rows_a_shard: int
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(history, "_ROWS_A_SHARD", rows_a_shard)
        found = site(fill(tables(specs, edges)))
    demand_rows(found, specs)
    demand_edges(found, specs, edges)
    demand_since(found, specs)
    assert reader.history(found) == {
        (row["package"], f"{row['platform']}/{row['target']}", row["version"], row["snapshot"])
        for row in specs
    }


def demand_rows(found: reader.Site, specs: Rows) -> None:
    """Demand the rows of the dataset, in the order of package, version and hash."""
    entries = reader.index(found)["snapshots"]
    assert [entry["name"] for entry in entries] == list(SNAPSHOTS)
    again = [row for entry in entries for row in reader.specs(found, entry)]
    assert canonical(again) == canonical(specs)
    for entry in entries:
        rows = reader.specs(found, entry)
        keys = [(row["package"], row["version_key"], row["hash"]) for row in rows]
        assert keys == sorted(keys)
        assert entry["specs"] == len(rows)


def demand_edges(found: reader.Site, specs: Rows, edges: Rows) -> None:
    """Demand each spec's dependencies, by the name of a spec that is there, else their own."""
    for entry in reader.index(found)["snapshots"]:
        here = [row for row in specs if row["snapshot"] == entry["name"]]
        hashes = {row["hash"] for row in here}
        expected = set()
        for edge in edges:
            if edge["snapshot"] == entry["name"] and edge["hash"] in hashes:
                known = edge["dependency_hash"] in hashes
                names = (None, edge["dependency_hash"]) if known else (edge["dependency"], None)
                kinds = (tuple(edge["deptypes"]), tuple(edge["virtuals"]))
                expected.add((edge["hash"], *names, *kinds))
        again = {
            (digest, None if below else name, below, *kinds)
            for digest, name, below, *kinds in reader.edges(found, entry)
        }
        assert again == expected


def demand_since(found: reader.Site, specs: Rows) -> None:
    """Demand that a hash is there since the first snapshot of its series without a gap."""
    held = {name: {row["hash"] for row in specs if row["snapshot"] == name} for name in SNAPSHOTS}
    for entry in reader.index(found)["snapshots"]:
        for digest, since in reader.since(found, entry).items():
            at, first = SNAPSHOTS.index(entry["name"]), SNAPSHOTS.index(since)
            assert SERIES[at] == SERIES[first]
            assert all(digest in held[name] for name in SNAPSHOTS[first : at + 1])
            before = first - 1
            earlier = before >= 0 and SERIES[before] == SERIES[at]
            assert not (earlier and digest in held[SNAPSHOTS[before]])


@given(st.lists(SPECS, min_size=1, max_size=20), st.randoms(use_true_random=False))
@share(0.03)
def test_the_same_rows_give_the_same_bytes_and_new_ones_leave_the_others_alone(
    fill: Fill, specs: Rows, chance: Any
) -> None:
    after = site(fill(tables(specs)))
    shuffled = specs.copy()
    chance.shuffle(shuffled)
    assert site(fill(tables(shuffled))) == after
    old = tables([row for row in specs if row["snapshot"] != SNAPSHOTS[2]])
    before = site(fill({**old, "snapshots": [*old["snapshots"][:2], old["snapshots"][3]]}))
    kinds = (".specs.", ".hashes.", ".recipes.")
    gone = [name for name in before if name not in after and any(k in name for k in kinds)]
    assert gone == []


def test_hosts_run_what_census_says(fill: Fill) -> None:
    built = {"centos7": "linux", "ubuntu22.04": "linux", "sonoma": "darwin", "cnl7": "cray"}
    rows = [
        {"snapshot": SNAPSHOTS[2], "os": os, "platform": platform, "hash": letter * 32}
        for letter, (os, platform) in zip("abcd", built.items(), strict=True)
    ]
    targets = [{"target": "zen4"}, {"target": "m1", "vendor": "Apple"}]
    con = fill({**tables(rows), "targets": targets})
    head = reader.index(site(con))
    assert head["runs"] == {"zen4": ["x86_64", "zen4"]}
    assert head["apple"] == ["m1"]
    assert head["systems"]["rhel8"]["runs"] == ["centos7"]
    assert head["systems"]["sequoia"]["runs"] == ["sonoma"]
    sql = """
        select host, list(os order by os)
        from unnest(?) as hosts(host), unnest(?) as built(os)
        where runs_on(os, host)
        group by host
    """
    found = dict(con.execute(sql, [list(head["systems"]), list(built)]).fetchall())
    assert found == {name: each["runs"] for name, each in head["systems"].items() if each["runs"]}
    for name in ("rhel8", "ubuntu22.04", "sequoia", "cnl7"):
        host, system = hosts.resolve(con, None, name), head["systems"][name]
        assert (host.glibc, host.platform) == (system["glibc"], system["platform"])


def test_what_an_index_tells_of_glibc_is_there(fill: Fill) -> None:
    name = SNAPSHOTS[2]
    rows = [{"snapshot": name, "hash": letter * 32} for letter in "ab"]
    libc = {"snapshot": name, "package": "glibc", "version": "2.35", "hash": "g" * 32}
    edge = {"snapshot": name, "hash": "a" * 32, "dependency": "glibc", "dependency_hash": "g" * 32}
    found = {**tables(rows), "externals": [libc], "dependencies": [{**edge, "deptypes": ["link"]}]}
    made = site(fill(found))
    files = reader.index(made)["snapshots"][2]["files"]
    specs = reader.read(made, "specs", files["specs"])
    assert [specs["glibc"][at] for at in specs["columns"]["glibc"]] == ["2.35", None]


def test_a_row_that_bears_no_hash_is_named(fill: Fill) -> None:
    specs = [{"snapshot": SNAPSHOTS[2], "hash": hash_} for hash_ in ["a" * 32]]
    site(fill(tables(specs)))
    for wrong in ("A" * 32, "a" * 31, "1" * 32, ""):
        with pytest.raises(DatasetError, match="no DAG hash"):
            site(fill(tables([{**specs[0], "hash": wrong}])))


@given(st.binary(max_size=200))
def test_a_file_holds_nothing_but_base64(content: bytes) -> None:
    file = data_file("hashes", content)
    assert is_data_file(file.name)
    assert reader.payload(file.content) == content
    packed = file.content.decode().split('"')[5]
    assert base64.b64decode(packed, validate=True)
    assert not is_data_file("index.js")
    assert not is_data_file("../x.specs.js")
