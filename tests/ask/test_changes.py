"""What became of each spec: the SQL against a slow matcher, and the laws that hold for any diff."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.ask.queries import load
from spack_census.dataset import schema
from support.examples import share
from support.matcher import Spec, match
from support.query_cases import arrow, in_memory

Rows = list[dict[str, Any]]
Differ = Callable[[Sequence[Spec], Sequence[Spec]], Rows]
Sides = tuple[list[Spec], list[Spec]]

MATCHED = ("upgraded", "downgraded", "recompiled", "reconfigured", "rebuilt")
MIRRORED = {
    "upgraded": "downgraded",
    "downgraded": "upgraded",
    "appeared": "gone",
    "gone": "appeared",
    "before_version": "after_version",
    "before_compiler": "after_compiler",
    "before_hash": "after_hash",
    "variants_added": "variants_removed",
}
BASE = Spec(
    "zlib", "linux", "ubuntu22.04", "zen4", "1.0", "v1", "gcc", "11.4.0", (), ("e4s",), "h", None
)

# Few values, so that kinds meet, tie, and stand several times on a side. 1.0 and 1.00 are one
# version; a hash may stand in another slot, with other values, or twice on a side, and does so
# often: half of the specs have one of three.
SLOTS = [
    BASE.slot,
    BASE.slot,
    BASE.slot,
    ("zlib", "darwin", "ubuntu22.04", "zen4"),
    ("zlib", "linux", "rhel8", "zen4"),
    ("zlib", "linux", "ubuntu22.04", "zen3"),
    ("bzip2", "linux", "ubuntu22.04", "zen4"),
]
HASHES = st.sampled_from(["h00", "h01", "h02"]) | st.integers(0, 40).map("h{:02d}".format)
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
    HASHES,
    st.sampled_from([None, "p", "q"]),
)
SIDES = st.tuples(st.lists(SPECS, max_size=10), st.lists(SPECS, max_size=10))
RARELY = share(0.12)
OFTEN = share(0.4)


def test_a_pass_for_other_compilers_would_decide_nothing() -> None:
    """Of the pairs of one version those with the same variants come first in any case."""
    distances = list(itertools.product(range(3), range(2), range(3)))

    def five_passes(far: tuple[int, ...]) -> tuple[int, ...]:
        settings, version, compiler = far
        if version == 0 and settings == 0:
            return (1 if compiler == 0 else 3, *far)
        if version > 0 and compiler < 2 and settings == 0:
            return (2, *far)
        return (4 if version == 0 else 5, *far)

    def four_passes(far: tuple[int, ...]) -> tuple[int, ...]:
        number, *_ = five_passes(far)
        return ({1: 1, 2: 2, 3: 3, 4: 3, 5: 4}[number], *far)

    assert sorted(distances, key=five_passes) == sorted(distances, key=four_passes)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with in_memory({}) as con:
        yield con


@pytest.fixture(scope="module")
def diff(con: duckdb.DuckDBPyConnection) -> Differ:
    # Why a spec changed is asked of the graph (test_causes), not of the matching.
    names = [column.name for column in load("diff.changes").columns if column.name != "causes"]
    sql = f"select {', '.join(names)} from changes($before, $after)"  # noqa: S608 - our own names

    def run(before: Sequence[Spec], after: Sequence[Spec]) -> Rows:
        rows = [
            asdict(spec) | {"snapshot": snapshot}
            for snapshot, specs in (("a", before), ("b", after))
            for spec in specs
        ]
        table = arrow(schema.SPECS, rows)
        con.execute("delete from specs")
        con.from_arrow(table).insert_into("specs")
        found = con.sql(sql, params={"before": "a", "after": "b"})
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]

    return run


def _sorted(rows: Rows) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def _mirror(row: dict[str, Any]) -> dict[str, Any]:
    names = MIRRORED | {new: old for old, new in MIRRORED.items()}
    return {names.get(key, key): value for key, value in row.items()} | {
        "change": MIRRORED.get(row["change"], row["change"])
    }


def _kept(before: Sequence[Spec], after: Sequence[Spec]) -> int:
    old, new = (Counter(spec.hash for spec in side) for side in (before, after))
    return (old & new).total()


@OFTEN
@given(SIDES)
def test_changes_are_those_of_the_slow_matcher_and_account_for_every_spec(
    diff: Differ, sides: Sides
) -> None:
    before, after = sides
    rows = diff(before, after)
    assert _sorted(rows) == _sorted(match(before, after))
    counts = Counter(row["change"] for row in rows)
    accounted = _kept(before, after) + sum(counts[change] for change in MATCHED)
    assert accounted + counts["gone"] == len(before)
    assert accounted + counts["appeared"] == len(after)


@RARELY
@given(SIDES)
def test_diff_backwards_is_the_mirror_image(diff: Differ, sides: Sides) -> None:
    before, after = sides
    assert _sorted(diff(after, before)) == _sorted(list(map(_mirror, diff(before, after))))


@RARELY
@given(st.lists(SPECS, max_size=10), st.randoms(use_true_random=False))
def test_same_specs_do_not_differ_and_order_of_rows_is_nothing(
    diff: Differ, specs: list[Spec], random: Any
) -> None:
    shuffled = random.sample(specs, len(specs))
    assert diff(specs, shuffled) == []


@RARELY
@given(st.lists(SPECS, max_size=10))
def test_other_hashes_alone_are_rebuilds_of_each_spec_and_nothing_else(
    diff: Differ, specs: list[Spec]
) -> None:
    rehashed = [replace(spec, hash=f"new-{spec.hash}") for spec in specs]
    respelled = [replace(s, version={"1.0": "1.00"}.get(s.version, s.version)) for s in rehashed]
    rows = diff(specs, respelled)
    assert [row["change"] for row in rows] == ["rebuilt"] * len(specs)
    assert not [row for row in rows if {"version", "compiler", "variants"} & {*row["attributes"]}]


def _after(hash_: str, key: str = "v1", **values: Any) -> Spec:
    return replace(BASE, version=key, version_key=key, hash=hash_, **values)


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        # Pass 5: one variant more two steps away, against two more one step away.
        (_after("n", "v3", variants=("+x",)), _after("f", "v2", variants=("+x", "+y"))),
        # Pass 2: a step less, though its compiler is another release and its stacks differ.
        (_after("n", "v2", compiler_version="12", stacks=()), _after("f", "v3")),
        # Pass 4: the same compiler, then the same name, before the same stacks.
        (
            _after("n", variants=("+x",), stacks=()),
            _after("f", variants=("+x",), compiler_version="12"),
        ),
        (
            _after("n", variants=("+x",), compiler_version="12", stacks=()),
            _after("f", variants=("+x",), compiler_name="clang"),
        ),
        # Pass 4: the same stacks, before the first in text order.
        (_after("n", variants=("+y",)), _after("f", variants=("+x",), stacks=("hep",))),
        # The first place in text order.
        (_after("n", variants=("+x",)), _after("f", variants=("+y",))),
        # Alike in all: the first by version's spelling, patches, hash.
        (_after("n", variants=("patches=a",)), _after("f", variants=("patches=b",))),
        (_after("g"), _after("h")),
    ],
)
def test_closest_pair_is_matched_first_and_backwards_too(
    diff: Differ, nearer: Spec, farther: Spec
) -> None:
    one = _after("one")
    forth = {row["after_hash"] for row in diff([one], [farther, nearer]) if row["before_hash"]}
    back = {row["before_hash"] for row in diff([farther, nearer], [one]) if row["after_hash"]}
    assert forth == back == {nearer.hash}


# What tells copies of one hash apart, in order: what comes first, and what comes later.
COPIES: dict[str, tuple[Any, Any]] = {
    "package": ("bzip2", "zlib"),
    "version_key": ("v1", "v2"),
    "version": ("1.0", "1.00"),
    "platform": ("darwin", "linux"),
    "os": ("rhel8", "rhel9"),
    "target": ("zen3", "zen4"),
    "stacks": (("a",), ("b",)),
    "compiler_name": ("gcc", None),
    "compiler_version": ("12", None),
    "settings": ("+a", "+b"),
    "patches": ("patches=a", "patches=b"),
    "package_hash": ("p", None),
}


def _copy(**values: Any) -> Spec:
    return Spec(hash="h", variants=(values.pop("settings"), values.pop("patches")), **values)


@pytest.mark.parametrize("level", COPIES)
def test_of_a_hash_that_stands_more_often_the_first_copies_are_kept(
    diff: Differ, level: str
) -> None:
    # One comes first by this, the other by all that is looked at later.
    at = [*COPIES].index(level)
    places = {name: number for number, name in enumerate(COPIES)}
    one = _copy(**{name: pair[places[name] > at] for name, pair in COPIES.items()})
    other = _copy(**{name: pair[places[name] == at] for name, pair in COPIES.items()})
    again = replace(other, hash="new")
    for before in ([one, other], [other, one]):
        rows = diff(before, [again, one])
        assert [row["change"] for row in rows] == ["rebuilt"]
        assert {*rows[0]["attributes"]} <= {"dependencies"}


def test_of_equally_close_pairs_the_first_in_text_order_is_taken(diff: Differ) -> None:
    # +x, second on its side, is as close to +a, the first on the other, as to +c, the third.
    x, a, c = (_after(name, variants=(f"+{name}",)) for name in "xac")
    m = _after("m", variants=("+b", "+m", "+n"))
    w = _after("w", variants=("+b", "+m", "+o"))
    rows = {(row["before_hash"], row["after_hash"]) for row in diff([c, m, a], [w, x])}
    assert rows == {("m", "w"), ("a", "x"), ("c", None)}
    # Versions b1 < a2 < b3, one step each; a2 can have one of them only.
    rows = {
        (row["before_hash"], row["after_hash"])
        for row in diff([_after("b3", "v3"), _after("b1", "v1")], [_after("a2", "v2")])
    }
    assert rows == {("b1", "a2"), ("b3", None)}


@pytest.mark.parametrize("case", ["ties", "versions"])
def test_many_pairs_equally_close_are_matched_in_text_order(diff: Differ, case: str) -> None:
    # Of 400 a side no two are alike; pairs taken one a round would make this endless.
    def side(odd: int) -> list[Spec]:
        names = [f"{2 * i + odd:05d}" for i in range(400)]
        if case == "ties":
            return [replace(BASE, variants=(f"k={n}",), hash=f"h{n}") for n in names]
        return [replace(BASE, version=n, version_key=n, hash=f"h{n}") for n in names]

    pairs = {(row["before_hash"], row["after_hash"]) for row in diff(side(0), side(1))}
    assert pairs == {(f"h{2 * i:05d}", f"h{2 * i + 1:05d}") for i in range(400)}
