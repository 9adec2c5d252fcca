"""The report of a diff against the queries that count the same, and its laws."""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import pytest

from spack_census.ask.changed import CHANGES
from spack_census.ask.diff import Diff, change_rows, diff, matched
from spack_census.ask.queries import load, run
from spack_census.ask.scope import Scope
from spack_census.errors import UnknownNameError
from spack_census.reports.sentences import sentence
from support.query_cases import in_memory
from support.report_cases import APRIL, SNAPSHOTS, A, B, shown, spec

PAIRS = [(A, B), (B, APRIL)]


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_diff_agrees_with_the_queries_that_count_the_same(
    con: duckdb.DuckDBPyConnection,
    compare: Callable[[str, str], Diff],
    before: str,
    after: str,
) -> None:
    pair = {"before": before, "after": after}
    found = compare(before, after)
    summary = {row[0]: row[1:] for row in run(con, load("diff.summary"), pair).fetchall()}
    assert found.counts == {label: summary[label][2] for label in CHANGES}
    assert summary["specs"][:2] == (found.totals.before_specs, found.totals.after_specs)
    assert summary["kept"][2] == found.totals.kept
    assert summary["moved"][2] == found.totals.moved
    assert summary["packages gone from a target"][2] == len(found.places_gone)
    assert summary["packages appeared on a target"][2] == len(found.places_appeared)


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_stacks_are_called_as_the_data_call_them_and_hold_what_they_hold(
    con: duckdb.DuckDBPyConnection,
    compare: Callable[[str, str], Diff],
    before: str,
    after: str,
) -> None:
    counted = """
        select stack, count(*) filter (where snapshot = ?), count(*) filter (where snapshot = ?)
        from (select snapshot, unnest(stacks) as stack from specs)
        where stack <> 'root' and snapshot in (?, ?)
        group by stack order by stack
    """
    expected = con.execute(counted, [before, after, before, after]).fetchall()
    found = compare(before, after)
    rows = [(row.stack, row.before_specs, row.after_specs) for row in found.stacks]
    assert sorted(rows) == expected
    assert found.renamed == []
    of = {"before": before, "after": after}
    asked = run(con, load("diff.stacks"), of).project(", ".join(("kept", *CHANGES))).fetchall()
    told = [(row.kept, *(getattr(row, label) for label in CHANGES)) for row in found.stacks]
    assert sorted(asked) == sorted(told)


def test_what_is_held_is_the_same_for_its_snapshots_and_an_error_for_others(
    con: duckdb.DuckDBPyConnection,
) -> None:
    pair = {"before": A, "after": B}
    names = ("diff.changes", "diff.summary", "diff.packages")
    expected = [run(con, load(name), pair).fetchall() for name in names]
    with matched(con, A, B), matched(con, A, B):
        assert [run(con, load(name), pair).fetchall() for name in names] == expected
        with pytest.raises(duckdb.Error, match="other snapshots are held here"):
            run(con, load("diff.changes"), {"before": APRIL, "after": B}).fetchall()
    assert run(con, load("diff.changes"), {"before": APRIL, "after": B}).fetchall()


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_concentration_is_the_stack_that_attribution_tells(
    con: duckdb.DuckDBPyConnection,
    compare: Callable[[str, str], Diff],
    before: str,
    after: str,
) -> None:
    rows = run(con, load("diff.attribution"), {"before": before, "after": after})
    told = {
        value: (number_of, over)
        for change, dimension, value, number_of, _, _, over in rows.fetchall()
        if change == "rebuilt" and dimension == "stack" and over >= 1.1
    }
    found = compare(before, after).concentration
    assert found is not None
    assert told[found.stack][0] == found.num_changes == max(count for count, _ in told.values())
    assert told[found.stack][1] == pytest.approx(found.over_represented, abs=0.006)


@pytest.mark.parametrize(
    "scope",
    [
        Scope(package="cmake"),
        Scope(target="aarch64"),
        Scope(stack="e4s"),
        Scope(package="cmake", target="x86_64_v3", stack="tutorial"),
    ],
)
def test_a_scope_counts_what_lies_in_it_and_nothing_else(
    held: duckdb.DuckDBPyConnection, scope: Scope
) -> None:
    def inside(package: str, target: str, stacks: list[str]) -> bool:
        return (
            scope.package in {None, package}
            and scope.target in {None, target}
            and (scope.stack is None or scope.stack in stacks)
        )

    sides = "select snapshot, package, target, stacks from specs where snapshot in (?, ?)"
    specs = held.execute(sides, [A, B]).fetchall()
    everything = change_rows(held, A, B, Scope(), []).project("change, package, target, stacks")
    found = diff(held, A, B, scope)
    expected = [row[0] for row in everything.fetchall() if inside(*row[1:])]
    assert {label: expected.count(label) for label in CHANGES} == found.counts
    assert found.totals.before_specs == sum(s == A and inside(*rest) for s, *rest in specs)
    assert found.totals.after_specs == sum(s == B and inside(*rest) for s, *rest in specs)
    assert len(change_rows(held, A, B, scope, [])) == len(expected) > 0


def test_only_keeps_the_rows_with_these_labels(held: duckdb.DuckDBPyConnection) -> None:
    rows = change_rows(held, A, B, Scope(), ["gone", "reconfigured"])
    labels = {label for (label,) in rows.project("change").distinct().fetchall()}
    assert labels == {"gone", "reconfigured"}
    with pytest.raises(UnknownNameError, match="upgraded"):
        change_rows(held, A, B, Scope(), ["upgrade"])


def test_a_renamed_stack_is_found_under_both_names_and_loses_nothing() -> None:
    old, new = "developer-tools-manylinux2014", "developer-tools-x86_64_v3-linux-gnu"
    specs = [spec(A, "a", stacks=[old]), spec(B, "a", stacks=[new]), spec(B, "b", stacks=["e4s"])]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        for name in (old, new):
            found = diff(con, A, B, Scope(stack=name))
            assert [row.stack for row in found.stacks] == [new]
            assert found.renamed == [(old, new)]
            assert (found.totals.before_specs, found.totals.kept) == (1, 1)
            assert not any(found.counts.values())


def test_unknown_names_of_a_scope_suggest_near_ones(held: duckdb.DuckDBPyConnection) -> None:
    for scope, near in (
        (Scope(package="cmkae"), "cmake"),
        (Scope(target="x86_64_v33"), "x86_64_v3"),
        (Scope(stack="e4s-oneap"), "e4s-oneapi"),
        (Scope(stack="root"), "coverage.by_stack"),
    ):
        with pytest.raises(UnknownNameError, match=near):
            diff(held, A, B, scope)


def test_a_diff_across_epochs_says_so_first_and_draws_nothing_from_hashes() -> None:
    specs = [spec(A, "a"), spec(B, "b")]
    snapshots = [{"snapshot": A, "hash_epoch": 6}, {"snapshot": B, "hash_epoch": 8}]
    with in_memory({"specs": specs, "snapshots": snapshots}) as con:
        found = diff(con, A, B)
    assert found.epochs_differ
    lines = shown(found)
    assert lines.startswith("Hashes are made differently")
    assert "database version 6 → 8" in " ".join(lines.split())
    assert "of hashes kept" not in lines
    assert sentence(found) == "No package was upgraded or downgraded."


def test_an_unknown_epoch_is_no_difference() -> None:
    snapshots = [{"snapshot": A, "hash_epoch": None}, {"snapshot": B, "hash_epoch": 8}]
    with in_memory({"specs": [spec(A, "a"), spec(B, "a")], "snapshots": snapshots}) as con:
        assert not diff(con, A, B).epochs_differ


def test_the_same_snapshot_twice_is_no_change(con: duckdb.DuckDBPyConnection) -> None:
    found = diff(con, B, B)
    assert not found.changed
    assert shown(found).endswith("\n\nNothing changed.")


def test_a_spec_that_only_moved_to_another_stack_is_a_change() -> None:
    specs = [spec(A, "a", stacks=["e4s"]), spec(B, "a", stacks=["radiuss"])]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        found = diff(con, A, B)
    assert found.changed
    assert "1 kept, 1 of them moved to other stacks" in shown(found)


def test_a_spec_that_moved_into_a_stack_was_not_in_it_before() -> None:
    specs = [spec(A, "a", stacks=["e4s"]), spec(B, "a", stacks=["hep"])]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        into, out = (diff(con, A, B, Scope(stack=name)).totals for name in ("hep", "e4s"))
    assert (into.before_specs, into.after_specs, into.kept) == (0, 1, 0)
    assert (out.before_specs, out.after_specs, out.kept) == (1, 0, 1)


def test_losses_and_upgrades_stand_in_the_sentence_before_rebuilds() -> None:
    specs = [
        spec(A, "a", package="gone"),
        spec(A, "b", package="half", target="x86_64_v3"),
        spec(A, "c", package="half", target="zen4"),
        spec(B, "c", package="half", target="zen4"),
        spec(A, "d", package="up", version="1.2"),
        spec(B, "e", package="up", version="1.3"),
        spec(A, "f", package="same"),
        spec(B, "g", package="same"),
    ]
    with in_memory({"specs": specs, "snapshots": SNAPSHOTS}) as con:
        found = diff(con, A, B)
        back = diff(con, B, A)
    assert sentence(found) == (
        "1 package was upgraded; 1 package is gone, 1 is gone from a target; 1 spec was rebuilt."
    )
    assert sentence(back) == "1 package was downgraded; 1 package appeared; 1 spec was rebuilt."
    rows = {
        row.package: (row.change, row.before_version, row.after_version)
        for row in found.versions + back.versions
        if row.package == "up"
    }
    assert rows == {"up": ("downgraded", "1.3", "1.2")}
