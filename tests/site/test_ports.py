"""Rules that the page has in JavaScript give what Python and SQL give: all examples in one call.

A property draws its examples with Hypothesis, asks the browser once for the answers to all of
them, and compares. So an example that fails is not made smaller; they are small already.
"""

from __future__ import annotations

import hashlib
import itertools
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import spack_census
from spack_census.ask import finding, hosts
from spack_census.ask import snapshots as listing
from spack_census.ask.queries import find_root, load
from spack_census.dataset import schema
from spack_census.errors import CensusError
from spack_census.site.index import data_files
from spack_census.spack import compilers
from spack_census.spack.grammar import parse
from spack_census.spack.ranges import parse_versions
from spack_census.spack.versions import key_after, version_key
from support import site_reader as reader
from support.examples import share
from support.matcher import Spec
from support.query_cases import arrow, in_memory

T = TypeVar("T")
Evaluate = Callable[[str, Any], Any]
PACKAGE = Path(spack_census.__file__).parent

PORTED = {
    "spack/versions.py": ("versions.js", "91927115eff1"),
    "spack/ranges.py": ("versions.js", "5649cd0bc293"),
    "spack/tokens.py": ("grammar.js", "58f698d978f7"),
    "spack/attributes.py": ("constraint.js", "7684451b5c5f"),
    "spack/grammar.py": ("constraint.js", "1ec808df0369"),
    "ask/attributes.py": ("constraint.js", "fb2740f14ac8"),
    "ask/dependencies.py": ("constraint.js", "877612a03225"),
    "ask/hosts.py": ("hosts.js and site/index.py", "43b90239e600"),
    "queries/views/changes.sql": ("diff.js and matching.js", "f960698a247a"),
    "queries/views/os_glibc.sql": ("hosts.js and site/index.py", "a736a341cbb0"),
}
"""Original → the modules that port it, and the start of the SHA-256 that they were held to."""


@pytest.mark.parametrize("original", PORTED)
def test_an_original_is_as_its_port_was_held_to(original: str) -> None:
    modules, known = PORTED[original]
    path = find_root() / original.removeprefix("queries/")
    path = path if original.startswith("queries/") else PACKAGE / original
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    assert found == known, (
        f"{original} has changed: does pipeline/spack_census/site/page/ still say the same in"
        f" {modules}? Bring it up to date, see that the properties below hold and cover what is"
        f" new, then write {found!r} into PORTED."
    )


def examples(strategy: st.SearchStrategy[T], number: int) -> list[T]:
    """Return so many examples of a strategy, the same each time; more in the long form."""
    found: list[T] = []

    @settings(
        share(number / 100),
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(example: T) -> None:
        found.append(example)

    draw()
    return found


def tried(rule: Callable[[str], T], text: str) -> T | None:
    """Return what a rule makes of a text, None where it refuses."""
    try:
        return rule(text)
    except (ValueError, CensusError):
        return None


WORDS = ["alpha", "beta", "rc", "final", "develop", "main", "head", "stable", "nightly", "trunk"]
PARTS = st.sampled_from([*WORDS, "a", "z", "Z", "yz", "b", "rc1", "1", "01", "2", "9", "10", "0"])
VERSIONS = st.one_of(
    st.lists(st.tuples(PARTS, st.sampled_from([".", "_", "-", ""])), min_size=1, max_size=5).map(
        lambda parts: "".join(itertools.chain(*parts))
    ),
    st.text("0129abzZ._-", min_size=1, max_size=9),
    st.tuples(
        st.sampled_from(["git.", ""]),
        st.sampled_from(["main", "a/b", "0" * 40]),
        st.sampled_from(["", "=1.2", "=develop", "="]),
    ).map("".join),
    st.sampled_from(["", "1" * 100, "1." * 200, "é", "n" * 300, "stablz", "maim", "developz"]),
)


def test_versions_have_the_order_of_python(evaluate: Evaluate) -> None:
    found = examples(VERSIONS, 400)
    script = """(texts) => texts.map((text) => ["versionKey", "keyAfter"].map((name) => {
        try { return census.versions[name](text); } catch { return null; }
    }))"""
    expected = [[tried(version_key, text), tried(key_after, text)] for text in found]
    assert evaluate(script, found) == expected
    keys = [key for key, _ in expected if key is not None]
    assert len(set(keys)) > 100
    order = evaluate("(keys) => keys.toSorted((x, y) => (x < y ? -1 : +(x > y)))", keys)
    assert order == sorted(keys)


def test_version_lists_hold_what_python_has_them_hold(evaluate: Evaluate) -> None:
    one = st.sampled_from(["1", "1.2", "1.2.3", "1.10", "2", "develop", "1.2rc1", "1.2rc2", "a"])
    element = st.tuples(
        st.sampled_from(["", "="]), one, st.sampled_from(["", ":"]), st.one_of(st.just(""), one)
    ).map("".join)
    lists = examples(st.lists(element, min_size=1, max_size=3).map(",".join), 400)
    keys = [version_key(text) for text in ("1", "1.2", "1.2.3", "1.2rc1", "1.10", "2.1", "develop")]
    script = """([texts, keys]) => texts.map((text) => {
        try {
            const test = census.versions.versionTest(text);
            return keys.map((key) => test === null || test(key));
        } catch { return null; }
    })"""
    expected = []
    for text in lists:
        ranges = tried(parse_versions, text)
        inside = ranges is not None and [not ranges or any(k in r for r in ranges) for k in keys]
        expected.append(inside or None)
    assert evaluate(script, [lists, keys]) == expected
    assert sum(each is not None for each in expected) > 100


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory({}) as con:
        yield con


def fill(con: duckdb.DuckDBPyConnection, tables: dict[str, Any]) -> None:
    for table in schema.TABLES:
        con.execute(f"delete from {table.name}")  # noqa: S608 - the names of our own tables
        if tables.get(table.name):
            con.from_arrow(arrow(table, tables[table.name])).insert_into(table.name)


def digest(number: int) -> str:
    letters = "abcdefghijklmnopqrstuvwxyz234567"
    return letters[number // 32 % 32] + letters[number % 32] * 31


NAMES = ["hdf5", "zlib", "py-mpi4py", "mpich"]
OWN = [
    "+mpi",
    "~mpi",
    "+shared",
    "~shared",
    "build_type=Release",
    "languages=c,c++",
    "languages=c",
    "cxxstd=17",
    "patches=0a1b2c3,4d5e6f7",
    "shared=True",
    "x=a",
]
ROWS = st.fixed_dictionaries(
    {
        "package": st.sampled_from(NAMES),
        "version": st.sampled_from(["1.2", "1.2.3", "1.10", "2.0rc1", "develop", "main"]),
        "compiler": st.sampled_from(
            [
                (None, None),
                ("gcc", "11.4.0"),
                ("gcc", "12.3"),
                ("llvm", "16"),
                ("clang", "16.0"),
                ("intel-oneapi-compilers", None),
            ]
        ),
        "place": st.sampled_from(
            [
                ("linux", "ubuntu22.04", "x86_64_v3"),
                ("linux", "centos7", "zen4"),
                ("darwin", "sonoma", "m1"),
                ("linux", "ubuntu22.04", "x86_64"),
            ]
        ),
        "variants": st.lists(st.sampled_from(OWN), unique=True, max_size=5).map(sorted),
        "stacks": st.sampled_from([["e4s", "root"], ["ml"], []]),
    }
)
CLAUSES = st.sampled_from(
    [
        "hdf5",
        "zlib",
        "nothere",
        "mpi",
        "@1.2",
        "@1.2:",
        "@:1.2,2",
        "@=1.2",
        "@1.10:1.2",
        "@develop",
        "@git.main=1.2",
        "@main",
        "+mpi",
        "~mpi",
        "-mpi",
        "+shared",
        "shared=true",
        "shared=True",
        "build_type=Release",
        "build_type=*",
        "languages=c",
        "languages:=c",
        "languages=c++,c",
        "languages:=c,c++",
        "patches=0a1b2c3ffff",
        "mpi=*",
        'x="a"',
        "%gcc",
        "%gcc@11:",
        "%gcc@=12.3",
        "%clang",
        "%llvm@16",
        "%oneapi",
        "%cmake",
        "platform=linux",
        "os=sonoma",
        "target=x86_64_v3",
        "target=x86_64:",
        "target=:x86_64_v3",
        "target=zen4,m1",
        "target=nope:",
        "os=*",
        "target=*",
        "@git.main",
        "shared=FALSE",
        "mpi=a,*",
        "target=x86_64:zen4",
        "arch=linux-centos7-zen4",
        "arch=None-None-m1",
        "arch=m1",
        "arch=linux-None-zen4",
        "operating_system=centos7",
        "architecture=zen4",
        "target=fe",
        "/a",
        "/ab",
        "/aaaa",
        "/x9",
        "/7",
        "++mpi",
        "%%gcc",
        "k==v",
        "%[virtuals=c]gcc",
        "%c=gcc",
        "hdf5.json",
        "?",
        "@",
        "cxxstd=17,20",
    ]
)
ELSEWHERE = st.sampled_from(["^zlib", "namespace=builtin", "builtin.hdf5", "cflags=-O3", "^mpi@3"])
SPACES = st.sampled_from([" ", "  ", ""])
CONSTRAINTS = st.lists(st.tuples(CLAUSES, SPACES), min_size=1, max_size=4).map(
    lambda parts: "".join(itertools.chain(*parts)).strip()
)
SNAPSHOT = "develop-2024-06-09"
TARGETS = {
    "x86_64": [],
    "x86_64_v2": ["x86_64"],
    "x86_64_v3": ["x86_64_v2", "x86_64"],
    "zen4": ["x86_64_v3", "x86_64_v2", "x86_64"],
    "m1": [],
}


def dataset(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return tables of one snapshot that holds these rows, and of what CPUs run."""
    specs = [
        {
            "snapshot": SNAPSHOT,
            "package": row["package"],
            "version": row["version"],
            "version_key": version_key(row["version"]),
            "compiler_name": row["compiler"][0],
            "compiler_version": row["compiler"][1],
            **dict(zip(("platform", "os", "target"), row["place"], strict=True)),
            "variants": row["variants"],
            "stacks": row["stacks"],
            "hash": digest(number),
        }
        for number, row in enumerate(rows)
    ]
    compat = [
        {"host": host, "target": target, "distance": distance}
        for host, below in TARGETS.items()
        for distance, target in enumerate([host, *below])
    ]
    targets = [{"target": name, "vendor": "Apple" if name == "m1" else "x"} for name in TARGETS]
    held = [{"snapshot": SNAPSHOT, "num_specs": len(specs)}]
    return {"specs": specs, "snapshots": held, "target_compat": compat, "targets": targets}


OPEN = """() => {
    globalThis.opened = (entry, raw, hashes) => {
        const snap = census.snapshot.decode(entry)(raw);
        snap.hashes = Uint8Array.from(hashes);
        return snap;
    };
}"""


def files(con: duckdb.DuckDBPyConnection) -> tuple[Any, list[Any]]:
    """Return the index of a dataset, and of each snapshot what the page reads of it."""
    found = {file.name: file.content for file in data_files(con, listing.listing(con))}
    head = reader.index(found)
    read = []
    for entry in head["snapshots"]:
        names = entry["files"]
        recipes = reader.read(found, "recipes", names["recipes"]) if "recipes" in names else None
        hashes = list(reader.payload(found[f"{names['hashes']}.hashes.js"]))
        read.append([entry, reader.read(found, "specs", names["specs"]), hashes, recipes])
    return head, read


FIND = """([head, [entry, raw, hashes], texts]) => {
    const snap = opened(entry, raw, hashes);
    return texts.map((text) => {
        try {
            const { conditions } = census.constraint.parse(text, head);
            const filters = conditions.map((each) => census.facets.filterOf(snap, each));
            const { rows } = census.facets.select(snap, filters, {});
            return [...rows].map((row) => census.snapshot.hashText(snap.hashes, row)).sort();
        } catch (error) { return error.elsewhere ? "elsewhere" : error.message; }
    });
}"""


def test_constraints_find_what_census_finds(
    con: duckdb.DuckDBPyConnection, evaluate: Evaluate
) -> None:
    rows = random.Random(1).sample(examples(ROWS, 100), 60)  # noqa: S311 - no secret
    fill(con, dataset(rows))
    head, [only] = files(con)
    evaluate(OPEN, None)
    # A lone name means more here: any package that contains it.
    texts = [text for text in examples(CONSTRAINTS, 160) if not re.fullmatch(r"[\w-]+", text)]
    answers = evaluate(FIND, [head, only, texts])
    expected = [found_by_census(con, text) for text in texts]
    wrong = [
        (text, answer, found)
        for text, answer, found in zip(texts, answers, expected, strict=True)
        # What the page leaves to the command line may be found there, and nothing else may differ.
        if answer != "elsewhere"
        and (answer != found if isinstance(found, list) else isinstance(answer, list) and answer)
    ]
    assert wrong == [], wrong
    refused = [answer for answer in answers if isinstance(answer, str)]
    assert len(refused) > 10
    assert sum(bool(each) for each in expected if isinstance(each, list)) > 10


def found_by_census(con: duckdb.DuckDBPyConnection, text: str) -> list[str] | str:
    """Return the hashes that `census find` finds, or what it says of a constraint."""
    try:
        return sorted(row[8] for row in finding.find(con, parse(text), SNAPSHOT).fetchall())
    except CensusError as error:
        return str(error)


def test_what_only_the_command_line_answers_is_said(
    con: duckdb.DuckDBPyConnection, evaluate: Evaluate
) -> None:
    fill(con, dataset(examples(ROWS, 5)))
    head, [only] = files(con)
    evaluate(OPEN, None)
    texts = [f"hdf5 {text}" for text in examples(ELSEWHERE, 20) if "." not in text]
    assert set(evaluate(FIND, [head, only, [*texts, "builtin.hdf5"]])) == {"elsewhere"}


def test_a_lone_word_finds_parts_of_names_and_a_star_stands_for_any_text(
    con: duckdb.DuckDBPyConnection, evaluate: Evaluate
) -> None:
    place, compiler = ("linux", "centos7", "zen4"), ("gcc", "12.3")
    common = {"version": "1.2", "place": place, "compiler": compiler, "variants": [], "stacks": []}
    fill(con, dataset([{"package": name, **common} for name in NAMES]))
    head, [only] = files(con)
    evaluate(OPEN, None)
    texts = [
        "mpi",
        "MPI",
        "py-*",
        "*mpi*",
        "*",
        "h*5",
        "mpi*",
        "py",
        "zli@1.2",
        "*mpi @1.2",
        "hdf5",
    ]
    found = [
        [NAMES["abcdefghijklmnopqrstuvwxyz234567".index(digest_[1])] for digest_ in each]
        for each in evaluate(FIND, [head, only, texts])
    ]
    assert found == [
        ["py-mpi4py", "mpich"],
        ["py-mpi4py", "mpich"],
        ["py-mpi4py"],
        ["py-mpi4py", "mpich"],
        NAMES,
        ["hdf5"],
        ["mpich"],
        ["py-mpi4py"],
        [],
        [],
        ["hdf5"],
    ]
    # What provides a virtual package is a matter of recipes, which the page does not know.
    assert evaluate(FIND, [head, only, ["mpi@1.2"]]) == ["elsewhere"]


def test_the_compilers_that_are_known_are_those_of_spack(con: duckdb.DuckDBPyConnection) -> None:
    fill(con, dataset([]))
    head, _ = files(con)
    assert head["compilers"].keys() == compilers.COMPILERS
    assert head["compilers"]["clang"] == ["clang", "llvm"]


RUNS = """([head, [entry, raw, hashes], asked]) => {
    const snap = opened(entry, raw, hashes);
    return asked.map(([cpu, system]) => {
        const conditions = census.hosts.hostConditions({ cpu, system }, head);
        const filters = conditions.map((each) => census.facets.filterOf(snap, each));
        const { rows } = census.facets.select(snap, filters, {});
        return [...rows].map((row) => census.snapshot.hashText(snap.hashes, row)).sort();
    });
}"""


def test_hosts_run_what_census_find_says(
    con: duckdb.DuckDBPyConnection, evaluate: Evaluate
) -> None:
    tables = dataset(examples(ROWS, 40))
    libc = [
        {"snapshot": SNAPSHOT, "package": "glibc", "version": version, "hash": letter * 32}
        for letter, version in (("y", "2.9"), ("z", "2.35"))
    ]
    edges = [
        {
            "snapshot": SNAPSHOT,
            "hash": row["hash"],
            "dependency": "glibc",
            "deptypes": ["link"],
            "dependency_hash": "yz"[number % 2] * 32,
        }
        for number, row in enumerate(tables["specs"])
        if number % 3
    ]
    fill(con, {**tables, "externals": libc, "dependencies": edges})
    head, [only] = files(con)
    evaluate(OPEN, None)
    systems = ["", "ubuntu22.04", "ubuntu18.04", "centos7", "sequoia", "rhel9"]
    asked = list(itertools.product(["", "zen4", "m1"], systems))
    answers = evaluate(RUNS, [head, only, asked])
    for (cpu, system), answer in zip(asked, answers, strict=True):
        host = hosts.resolve(con, cpu or None, system or hosts.ANY_OS)
        found = finding.find(con, parse(""), SNAPSHOT, host).fetchall()
        assert answer == sorted(row[8] for row in found), (cpu, system)
    assert len({tuple(answer) for answer in answers}) > 4


BASE = Spec(
    "zlib", "linux", "ubuntu22.04", "zen4", "1.0", "v1", "gcc", "11.4.0", (), ("e4s",), "h", None
)
SLOTS = [
    BASE.slot,
    BASE.slot,
    BASE.slot,
    ("zlib", "darwin", "ubuntu22.04", "zen4"),
    ("zlib", "linux", "rhel8", "zen4"),
    ("bzip2", "linux", "ubuntu22.04", "zen4"),
]
SPECS = st.builds(
    lambda place, version, compiler, variants, stacks, hash_, package_hash: Spec(
        *place, *version, *compiler, tuple(sorted(variants)), tuple(stacks), hash_, package_hash
    ),
    st.sampled_from(SLOTS),
    st.sampled_from([("1.0", "v1"), ("1.00", "v1"), ("1.1", "v2"), ("1.2", "v3"), ("2.0", "v4")]),
    st.sampled_from([(None, None), ("gcc", "11"), ("gcc", "12"), ("clang", "12"), ("clang", None)]),
    st.sets(
        st.sampled_from(["+mpi", "+x", "~x", "gpu=70", "gpu=80", "patches=aa", "patches=bb"]),
        max_size=3,
    ),
    st.sampled_from([[], ["e4s", "root"], ["ml", "root"]]),
    (st.integers(0, 2) | st.integers(0, 60)).map(digest),
    st.sampled_from([None, "p", "q"]),
)
SIDES = st.tuples(st.lists(SPECS, max_size=14), st.lists(SPECS, max_size=14))
COMPARE = """(sides) => {
    const [before, after] = sides.map(([entry, raw, hashes, recipes]) =>
        Object.assign(opened(entry, raw, hashes), { recipes }));
    const run = (one, other) => {
        const work = census.diff.compare(one, other);
        for (;;) { const step = work.next(); if (step.done) return step.value; }
    };
    return [run(before, after), run(after, before)];
}"""
COLUMNS = {
    "change": "change",
    "package": "package",
    "platform": "platform",
    "os": "os",
    "target": "target",
    "before_version": "beforeVersion",
    "after_version": "afterVersion",
    "before_compiler": "beforeCompiler",
    "after_compiler": "afterCompiler",
    "before_hash": "beforeHash",
    "after_hash": "afterHash",
    "variants_added": "variantsAdded",
    "variants_removed": "variantsRemoved",
    "stacks": "stacks",
    "attributes": "attributes",
}


def test_what_changed_is_what_the_sql_says_both_ways(
    con: duckdb.DuckDBPyConnection, evaluate: Evaluate
) -> None:
    # All examples in one pair of snapshots: packages and hashes of each are its own.
    rows = [
        asdict(spec)
        | {
            "snapshot": name,
            "package": f"{number}-{spec.package}",
            "hash": digest(number)[:2] + spec.hash[:30],
        }
        for number, sides in enumerate(examples(SIDES, 100))
        for name, specs in zip("ab", sides, strict=True)
        for spec in specs
    ]
    held = [{"snapshot": name, "series_order": n} for n, name in enumerate("ab")]
    fill(con, {"specs": rows, "snapshots": held})
    _, read = files(con)
    evaluate(OPEN, None)
    kinds = set()
    for answer, pair in zip(evaluate(COMPARE, read), ("ab", "ba"), strict=True):
        own = [{name: one[key] for name, key in COLUMNS.items()} for one in answer["changes"]]
        found = changes(con, *pair)
        assert canonical(own) == canonical(found)
        kinds |= {row["change"] for row in found}
    assert len(kinds) == 7


def changes(con: duckdb.DuckDBPyConnection, before: str, after: str) -> list[dict[str, Any]]:
    for name, value in (("before", before), ("after", after)):
        con.execute(f"set variable {name} = '{value}'")
    sql = load("diff.changes").sql
    found = con.execute(sql)
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    # The page asks the graph for causes, which not every snapshot has.
    return [{name: row[name] for name in row if name != "causes"} for row in rows]


def canonical(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(repr(sorted(row.items())) for row in rows)


def test_shards_are_found_by_the_same_sum(evaluate: Evaluate) -> None:
    import zlib

    names = examples(st.text("aéz-0😀", max_size=9), 40)
    sums = evaluate("(names) => names.map(census.history.crc32)", names)
    assert sums == [zlib.crc32(name.encode()) for name in names]
