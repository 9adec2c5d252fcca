"""`census diff` of any two: snapshots, lockfiles and specs, against what plain Python reckons."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.ask import diff as asked
from spack_census.ask.changed import CHANGES
from spack_census.environments import pair, rows
from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.model import Lockfile
from support.command_line import Census
from support.command_line import rows as printed
from support.examples import share
from support.locks_made import node, write_lock
from support.query_cases import write_dataset

A, B = "develop-2024-06-02", "develop-2024-06-09"
APP, LIB, TOOL, LIBC, NEW_LIB, NEW_APP, NEW_TOOL = (letter * 32 for letter in "abcdefg")
FORMATS = ("table", "markdown", "csv", "tsv", "json", "jsonl")


def _old(app: str = APP) -> list[dict[str, Any]]:
    below = [("lib", LIB, ["build", "link"]), ("tool", TOOL, ["build"])]
    return [
        node("app", app, below=below),
        node("lib", LIB, below=[("libc", LIBC, ["link"])]),
        node("tool", TOOL),
        node("libc", LIBC, "2.35", external={"path": "/usr"}),
    ]


def _new() -> list[dict[str, Any]]:
    return [
        node(
            "app", NEW_APP, below=[("lib", NEW_LIB, ["build", "link"]), ("tool", TOOL, ["build"])]
        ),
        node("lib", NEW_LIB, "1.1", below=[("libc", LIBC, ["link"])]),
        node("tool", TOOL),
        node("libc", LIBC, "2.35", external={"path": "/usr"}),
    ]


def _tables(tmp: Path) -> dict[str, Any]:
    """Return tables with both lockfiles as snapshots, in which a spec of another place stands."""
    tables: dict[str, list[dict[str, Any]]] = {"specs": [], "externals": [], "dependencies": []}
    for name, nodes in ((A, _old()), (B, _new())):
        lock = rows.locked(read_lockfile(write_lock(tmp / name / "made.lock", nodes)))
        for table, found in tables.items():
            found += [{**row, "snapshot": name} for row in lock[table].to_pylist()]
    for row in tables["specs"]:
        row["stacks"] = ["e4s"]
    tables["specs"].append(tables["specs"][0] | {"hash": "z" * 32, "snapshot": B, "os": "rhel8"})
    tables["snapshots"] = [
        {"snapshot": name, "series_order": at, "num_specs": 3} for at, name in enumerate((A, B), 1)
    ]
    return tables


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp = tmp_path_factory.mktemp("any_two")
    write_dataset(tmp / "dataset", _tables(tmp))
    write_lock(tmp / "old" / "spack.lock", _old())
    write_lock(tmp / "new" / "spack.lock", _new())
    return tmp


@pytest.fixture
def census(ground: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(ground / "dataset", capsys)


def _sides(ground: Path, which: str) -> dict[str, str]:
    snapshot, hash_ = {"old": (A, APP), "new": (B, NEW_APP)}[which]
    return {
        "snapshot": snapshot,
        "folder": str(ground / which),
        "hash": f"/{hash_[:7]}",
        "spec of a snapshot": f"{snapshot}:app os=ubuntu22.04",
        "spec of a file": f"{ground / which / 'spack.lock'}:app@1.0:",
    }


KINDS = list(_sides(Path(), "old"))
SPECS = {"hash", "spec of a snapshot", "spec of a file"}


@pytest.mark.parametrize(("before", "after"), list(product(KINDS, KINDS)))
def test_each_kind_against_each(census: Census, ground: Path, before: str, after: str) -> None:
    sides = (_sides(ground, "old")[before], _sides(ground, "new")[after])
    if {before, after} & SPECS and "snapshot" in {before, after}:
        # A place stands for its one app; the newer snapshot has two.
        sides = (sides[0], f"{B}:app os=ubuntu22.04") if after == "snapshot" else sides
    ran = census("diff --format json --exit-code", *sides)
    assert (ran.code, ran.err) == (1, "")
    found = printed(ran.out)
    assert found
    if {before, after} & SPECS:
        assert {(row["package"], row["attribute"]) for row in found} == {
            ("app", None),
            ("lib", "version"),
        }
        assert [row["path"] for row in found] == [["app"], ["app", "lib"]]
    else:
        by_package = {row["package"]: row["change"] for row in found if row["os"] != "rhel8"}
        assert by_package == {"app": "rebuilt", "lib": "upgraded"}
        assert {tuple(row["causes"]) for row in found if row["change"] != "appeared"} == {
            ("lib version 1.0 → 1.1",)
        }


@pytest.mark.parametrize(("kind", "format_"), list(product(("folder", "spec of a file"), FORMATS)))
def test_each_kind_in_each_format(census: Census, ground: Path, kind: str, format_: str) -> None:
    old, new = _sides(ground, "old")[kind], _sides(ground, "new")[kind]
    ran = census(f"diff --format {format_}", old, new)
    assert (ran.code, ran.err) == (0, "")
    assert "lib" in ran.out
    if format_ == "table":
        same = census(f"diff --exit-code --format {format_}", new, new)
        assert (same.code, same.err) == (0, "")
        assert "upgraded" not in same.out.replace("upgraded  rec", "")


def test_two_lockfiles_need_no_dataset(census: Census, ground: Path, tmp_path: Path) -> None:
    ran = census("diff", str(ground / "old"), str(ground / "new"), dataset=tmp_path / "none")
    assert ran.code == 0
    assert "3 → 3 specs   33.3% of hashes kept" in ran.out
    assert "1 package was upgraded; 1 spec was rebuilt (1 by lib 1.1)." in ran.out
    assert census("diff", str(ground / "old"), dataset=tmp_path / "none").code == 2


def test_beside_a_lockfile_a_snapshot_counts_as_far_as_it_matches(
    census: Census, ground: Path
) -> None:
    old = str(ground / "old")
    ran = census(f"diff {old} {B}")
    assert "3 → 3 specs" in ran.out
    assert f"Of {B} only what matches a spec of" in " ".join(ran.out.split())
    assert "appeared" not in ran.out
    back = census(f"diff {B} {old} --format json")
    assert {row["change"] for row in printed(back.out)} == {"downgraded", "rebuilt"}
    # What is beyond the matched specs, such as that of rhel8, is there between snapshots.
    assert "appeared" in census(f"diff {A} {B}").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([f"{A}:app", f"{B}:app"], ["2 specs of", "satisfy app: choose one", f"{B}:/zzzzzzz"]),
        ([f"{A}:lob", B], ["no package 'lob'", "nearest: lib"]),
        (["develop-2024-06-01", B], ["no snapshot 'develop-2024-06-01'", A]),
        (["xyzzy", B], ["no snapshot, spack.lock or package 'xyzzy'"]),
        (["no.lock", B], ["no file no.lock"]),
        (["./nowhere", B], ["no file ./nowhere"]),
        (["/qqqqqqq", B], ["no spec in the dataset has a hash that begins with /qqqqqqq"]),
        ([f"{A}:app@9:", B], ["has no spec that satisfies app@9:", "census why"]),
        ([f"{A}:app", f"{A}:lib"], ["app and lib are two packages"]),
        ([f"{A}:app", "/", "--package", "app"], ["no"]),
        ([f"{A}:lib", f"{B}:lib", "--target", "x"], ["say nothing of two specs"]),
        ([A, B, "--cause", "lob"], ["no cause 'lob'", "nearest: lib"]),
    ],
)
def test_what_cannot_be_compared_is_said(census: Census, words: list[str], said: list[str]) -> None:
    ran = census("diff", *words)
    assert (ran.code, ran.out) == (2, "")
    for text in said:
        assert text in ran.err


def test_a_folder_without_a_lockfile_and_a_stack_beside_one(
    census: Census, ground: Path, tmp_path: Path
) -> None:
    assert "no spack.lock in the folder" in census("diff", str(tmp_path)).err
    ran = census("diff --stack e4s", str(ground / "old"), B)
    assert "a lockfile has no stacks" in ran.err


def test_cause_keeps_what_owes_to_a_package(census: Census) -> None:
    found = printed(census(f"diff {A} {B} --cause lib --format json").out)
    assert [(row["change"], row["package"]) for row in found] == [
        ("upgraded", "lib"),
        ("rebuilt", "app"),
    ]
    both = printed(census(f"diff {A} {B} --cause lib --only rebuilt --format json").out)
    assert [row["package"] for row in both] == ["app"]
    assert "lib version 1.0 → 1.1" in census(f"diff {A} {B} --cause lib").out


def test_cause_without_dependencies_says_what_it_needs(
    shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = Census(shipped, capsys)("diff --cause cmake")
    assert ran.code == 2
    assert "knows no dependencies" in ran.err
    assert "build both from the indexes" in ran.err


PACKAGES = ("app", "lib", "tool")
NODES = st.lists(
    st.tuples(
        st.integers(0, 8),
        st.sampled_from(PACKAGES),
        st.sampled_from(("1.0", "1.1")),
        st.sampled_from(("one", "two")),
        st.booleans(),
        st.lists(st.integers(0, 8), max_size=3),
        st.sampled_from(("11", "12")),
        st.booleans(),
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda each: each[0],
)


def _made(drawn: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    drawn = list(drawn)
    names = {number: package for number, package, *_ in drawn}
    return [
        node(
            package,
            "abcdefghi"[number] * 32,
            version,
            recipe=recipe,
            parameters={"shared": shared},
            gcc=gcc,
            # Lower numbers alone: a lockfile has no circle.
            below=[
                (names[each], "abcdefghi"[each] * 32, ["link"])
                for each in sorted(set(below))
                if each in names and each < number
            ],
            **({"external": {"path": "/usr"}} if external else {}),
        )
        for number, package, version, recipe, shared, below, gcc, external in drawn
    ]


def _lock(name: str, drawn: Iterable[tuple[Any, ...]]) -> Lockfile:
    with tempfile.TemporaryDirectory() as folder:
        found = read_lockfile(write_lock(Path(folder) / "spack.lock", _made(drawn)))
    return Lockfile(Path(name), found.roots, found.specs, found.groups, found.version)


@share(0.06)
@given(NODES, NODES, st.booleans())
def test_every_locked_spec_is_kept_matched_or_gone(
    before: list[Any],
    after: list[Any],
    forward: bool,  # noqa: FBT001 - drawn
) -> None:
    old, new = _lock("a.lock", before), _lock("b.lock", after)
    number = [sum(not each.external for each in lock.specs.values()) for lock in (old, new)]
    con = rows.joined(rows.locked(old), rows.locked(new))
    found = asked.diff(con, "a.lock", "b.lock")
    counts, kept = found.counts, found.totals.kept
    matched = sum(counts[label] for label in CHANGES) - counts["gone"] - counts["appeared"]
    assert kept + matched + counts["gone"] == number[0]
    assert kept + matched + counts["appeared"] == number[1]
    assert found.totals.moved == 0

    # Reduced, the other side is what was kept or matched, and nothing beyond it appears.
    keep = "a.lock" if forward else "b.lock"
    con = rows.reduced(rows.locked(old), rows.locked(new), ("a.lock", "b.lock"), keep=keep)
    part = asked.diff(con, "a.lock", "b.lock")
    alone, beyond = ("gone", "appeared") if forward else ("appeared", "gone")
    assert part.totals.kept == kept
    assert part.counts[alone] == counts[alone]
    assert part.counts[beyond] == 0
    assert (part.totals.before_specs, part.totals.after_specs) == (
        (number[0], kept + matched) if forward else (kept + matched, number[1])
    )


def _naive(  # noqa: C901 - as plain as can be
    old: dict[str, Any], new: dict[str, Any], one: str, other: str
) -> set[Any]:
    """Return (package, kind) of what differs from two hashes down, by recursion."""
    found: set[Any] = set()
    done: set[tuple[str, str]] = set()

    def order(below: Any, nodes: dict[str, Any]) -> Any:
        return below["parameters"]["deptypes"], nodes[below["hash"]]["version"], below["hash"]

    def visit(level: list[tuple[str, str]], *, is_root: bool) -> None:
        lower: list[tuple[str, str]] = []
        for pair_ in level:
            a, b = old[pair_[0]], new[pair_[1]]
            kinds = set()
            if "external" in a or "external" in b:
                kinds.add("external")
            else:
                kinds |= {"version"} if a["version"] != b["version"] else set()
                kinds |= {"compiler"} if a["compiler"] != b["compiler"] else set()
                kinds |= {"variants"} if a["parameters"] != b["parameters"] else set()
                kinds |= {"recipe"} if a["package_hash"] != b["package_hash"] else set()
                names = [sorted(d["name"] for d in each["dependencies"]) for each in (a, b)]
                kinds |= {"dependencies"} if names[0] != names[1] else set()
            found.update((a["name"], kind, *pair_) for kind in kinds)
            if kinds and not is_root:
                continue
            for name in sorted({d["name"] for d in a["dependencies"]}):
                sides = [
                    sorted(
                        (d for d in each["dependencies"] if d["name"] == name),
                        key=lambda d, nodes=nodes: order(d, nodes),
                    )
                    for each, nodes in ((a, old), (b, new))
                ]
                for left, right in zip(*sides, strict=False):
                    step = (left["hash"], right["hash"])
                    if step[0] != step[1] and step not in done:
                        done.add(step)
                        lower.append(step)
        if lower:
            visit(lower, is_root=False)

    if one != other:
        done.add((one, other))
        visit([(one, other)], is_root=True)
    return found


@share(0.15)
@given(NODES, NODES)
def test_two_specs_differ_as_a_walk_in_python_says(before: list[Any], after: list[Any]) -> None:
    old = {each["hash"]: each for each in _made(before)}
    new = {each["hash"]: each for each in _made(after)}
    sides = (rows.locked(_lock("a.lock", before)), rows.locked(_lock("b.lock", after)))
    con = rows.joined(*sides, diffs=False)
    for one, other in product(old, new):
        if old[one]["name"] != new[other]["name"]:
            continue
        found = pair.compare(
            pair.graph(con, "a.lock", one),
            pair.graph(con, "b.lock", other),
            knows_dependencies=True,
        )
        told = {
            (step.package, each.kind, step.before_hash, step.after_hash)
            for step in found.steps
            for each in step.differences
        }
        assert told == _naive(old, new, one, other)
        assert found.changed == (one != other)


def test_locked_rows_are_those_of_an_index_that_holds_the_same(tmp_path: Path) -> None:
    flags = {"cflags": ["-O3", "-g"], "shared": False, "patches": ["0123456789abcdef"]}
    made = [node("app", APP, parameters=flags, compiler={"name": "clang", "version": "18"})]
    lock = rows.locked(read_lockfile(write_lock(tmp_path / "spack.lock", made, version=6)))
    (spec,) = lock["specs"].to_pylist()
    assert spec["flags"] == ["cflags=-O3 -g"]
    assert spec["variants"] == ["patches=0123456", "~shared"]
    assert (spec["compiler_name"], spec["compiler_written"]) == ("llvm", "clang")
    assert spec["namespace"] == "builtin"
    assert [row["hash_epoch"] for row in lock["snapshots"].to_pylist()] == [8]
    assert json.loads(json.dumps(spec["stacks"])) == []
