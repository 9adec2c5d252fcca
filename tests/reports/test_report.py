"""A report as data: its totals against the queries, its schema, its headline, its laws."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import duckdb
import jsonschema
import msgspec
import pytest

from spack_census.ask import changed as diffs
from spack_census.ask import rules
from spack_census.ask.diff import Diff, matched
from spack_census.ask.queries import load, run
from spack_census.errors import ConservationError
from spack_census.reports import files, gathering, html, markdown
from spack_census.reports.page import sections
from spack_census.reports.report import Report, decode, encode
from spack_census.reports.sentences import headline
from support.query_cases import Tables, in_memory
from support.report_cases import APRIL, A, B, spec
from support.report_folders import snapshot

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
PAIRS = [(A, B), (B, APRIL)]
HEX = "abcdefghijklmnopqrstuvwxyz"
NO_PAST = gathering.Past({}, defaultdict(dict))
"""Neither a trend nor a failing check: most tests ask for none, and both take longer to reckon."""


def gathered(
    specs: list[dict[str, object]],
    *names: str,
    past: Callable[[duckdb.DuckDBPyConnection], gathering.Past] = lambda _: NO_PAST,
    **more: object,
) -> Report:
    """Return the report on the last two of some small snapshots."""
    listed = [snapshot(specs, name, order) for order, name in enumerate(names, start=1)]
    tables: Tables = {"specs": specs, "snapshots": listed, **more}  # type: ignore[dict-item]
    with in_memory(tables) as con:
        return gathering.gather(con, names[-2], names[-1], past(con))


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_totals_are_those_of_the_queries(
    con: duckdb.DuckDBPyConnection, report_on: Callable[[str, str], Report], before: str, after: str
) -> None:
    total = json.loads(encode(report_on(before, after)))["totals"]
    pair = {"before": before, "after": after}
    with matched(con, before, after):
        summary = {row[0]: row[1:4] for row in run(con, load("diff.summary"), pair).fetchall()}
        changes = run(con, load("diff.changes"), pair)
        counted = dict(changes.aggregate("change, count(*)").fetchall())
        coverage = run(con, load("diff.coverage"), pair)
        places = dict(coverage.aggregate("change, count(*)").fetchall())
    assert {name: total[name] for name in diffs.CHANGES} == {
        name: counted.get(name, 0) for name in diffs.CHANGES
    }
    assert (total["before_packages"], total["after_packages"]) == summary["packages"][:2]
    assert (total["before_specs"], total["after_specs"]) == summary["specs"][:2]
    for name in ("gone", "appeared", "upgraded", "rebuilt", "kept", "moved", "churn"):
        assert total[name] == summary[name][2]
    assert (total["places_gone"], total["places_appeared"]) == (places["gone"], places["appeared"])


@pytest.mark.parametrize(("before", "after"), PAIRS)
def test_lists_add_up_to_the_totals(
    report_on: Callable[[str, str], Report], before: str, after: str
) -> None:
    found = report_on(before, after)
    total = found.totals
    assert len(found.places_gone) == total.places_gone
    assert len(found.specs_gone) == total.gone
    assert sum(step.num_specs for step in found.versions) == total.upgraded + total.downgraded
    assert sum(step.num_specs for step in found.compilers) == total.recompiled
    assert sum(step.num_specs for step in found.variants) == total.reconfigured
    assert sum(row.after_specs for row in found.coverage) == total.after_specs
    assert sum(row.before_specs for row in found.coverage) == total.before_specs
    of_targets = [row for row in found.rebuilds if row.dimension == "target"]
    assert sum(row.num_changes for row in of_targets) == total.rebuilt


def test_a_report_is_what_its_schema_says(report_on: Callable[[str, str], Report]) -> None:
    schema = json.loads(SCHEMA.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    document = json.loads(encode(report_on(A, B)))
    validator.validate(document)
    del document["totals"]["rebuilt"]
    assert [error.validator for error in validator.iter_errors(document)] == ["required"]


def test_a_report_can_be_read_back_and_one_of_another_schema_is_none(
    report_on: Callable[[str, str], Report],
) -> None:
    found = report_on(A, B)
    assert decode(encode(found)) == found
    other = json.loads(encode(found)) | {"schema_version": 1}
    with pytest.raises(msgspec.ValidationError, match="schema version 1"):
        decode(json.dumps(other).encode())


def test_the_headline_says_what_a_person_would(report_on: Callable[[str, str], Report]) -> None:
    assert report_on(A, B).headline == (
        "542 packages, 1 fewer than a week before; 2 packages are gone from x86_64_v3; "
        "22 packages were upgraded; 898 specs were rebuilt, 22.5% of them in data-vis-sdk "
        "(1.3× its share of all specs)."
    )
    assert report_on(B, APRIL).headline.startswith(
        f"539 packages, 3 fewer than in {B}; 20 packages are gone from one of 4 targets; "
        "4 packages were upgraded, 99 were downgraded; 1,158 specs were rebuilt"
    )


def test_the_headline_of_equal_snapshots_says_that_nothing_changed() -> None:
    specs = [spec(A, "a"), spec(B, "a")]
    found = gathered(specs, A, B)
    assert found.headline == "1 package, as many as a week before; nothing changed."
    assert not found.changed


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("", "none gone from a target"),
        ("x@zen4", "1 package is gone from zen4"),
        ("x@zen4 y@zen4 x@zen3", "2 packages are gone from zen4, 1 from zen3"),
        ("x@zen4 y@zen4 x@zen3 x@zen2", "2 packages are gone from one of 3 targets"),
    ],
)
def test_the_headline_names_two_targets_and_counts_more(
    compare: Callable[[str, str], Diff], gone: str, said: str
) -> None:
    found = compare(A, B)
    place = found.places_gone[0]
    places = [
        msgspec.structs.replace(place, package=package, target=target)
        for package, target in (each.split("@") for each in gone.split())
    ]
    told = headline(replace(found, places_gone=places), 542, 543)
    assert told.startswith(f"543 packages, 1 more than a week before; {said}; 22 packages were up")


def test_across_epochs_the_report_says_so_and_leaves_rebuilds_out() -> None:
    specs = [spec(A, "a"), spec(B, "b")]
    listed = [snapshot(specs, A, 1, hash_epoch=6), snapshot(specs, B, 2, hash_epoch=8)]
    with in_memory({"specs": specs, "snapshots": listed}) as con:
        found = gathering.gather(con, A, B, NO_PAST)
    assert found.epochs_differ
    assert found.totals.rebuilt == 1
    assert "rebuilt" not in found.headline
    assert found.totals.churn == 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, 2, f"{A} (rules not noted); {B} (rules 2)"),
        (2, 3, f"{A} (rules 2); {B} (rules 3)"),
        (2, 2, ""),
        (None, None, ""),
    ],
)
def test_which_snapshot_was_made_by_which_rules_is_said_where_they_differ(
    compare: Callable[[str, str], Diff], before: int | None, after: int | None, said: str
) -> None:
    found = compare(A, B)
    told = rules.told([replace(found.before, rules=before), replace(found.after, rules=after)])
    assert told.startswith(f"made by different rules: {said}.") if said else told == ""


def test_a_report_says_by_which_rules_it_was_made(
    report_on: Callable[[str, str], Report],
) -> None:
    specs = [spec(A, "a"), spec(B, "b")]
    listed = [snapshot(specs, A, 1, rules=2), snapshot(specs, B, 2, rules=3)]
    with in_memory({"specs": specs, "snapshots": listed}) as con:
        found = gathering.gather(con, A, B, NO_PAST)
    assert (found.before.rules, found.after.rules) == (2, 3)
    for differ, report in ((False, report_on(A, B)), (True, found)):
        for shown in (markdown.render(report), html.render(report), encode(report).decode()):
            said = f"ade by different rules: {A} (rules 2); {B} (rules 3)."
            assert (said in shown) == differ
            assert ("different rules" in shown) == differ


def test_sections_are_in_the_order_in_which_they_matter(
    report_on: Callable[[str, str], Report],
) -> None:
    assert [section.key for section in sections(report_on(A, B))] == [
        *("regressions", "versions", "packages", "stacks", "rebuilds", "coverage", "quality")
    ]


def test_downgrades_come_first_then_roots_then_what_is_on_most_targets() -> None:
    specs, links = [], []
    letters = iter(HEX)
    for package, old, new in (("a", "1", "2"), ("b", "1", "2"), ("c", "2", "1"), ("d", "1", "2")):
        for target in ("zen4", "zen3") if package == "d" else ("zen4",):
            columns = {"package": package, "target": target}
            specs.append(spec(A, next(letters), version=old, **columns))
            specs.append(spec(B, next(letters), version=new, **columns))
    hashes = {(row["package"], row["snapshot"]): row["hash"] for row in specs}
    links = [
        {"snapshot": B, "hash": hashes["b", B], "dependency_hash": row["hash"]}
        for row in specs
        if row["snapshot"] == B and row["package"] in "ad"
    ]
    unknown = gathered(specs, A, B)
    assert [(step.package, step.is_root) for step in unknown.versions] == [
        *(("c", None), ("d", None), ("a", None), ("b", None))
    ]
    known = gathered(specs, A, B, dependencies=links)
    assert [(step.package, step.is_root) for step in known.versions] == [
        *(("c", True), ("b", True), ("d", False), ("a", False))
    ]


def test_the_trend_ends_with_the_snapshot_of_the_report(
    report_on: Callable[[str, str], Report],
) -> None:
    assert {point.snapshot for point in report_on(B, APRIL).trend} == {APRIL}
    assert {point.snapshot for point in report_on(A, B).trend} == {APRIL, A, B}
    names = [f"develop-2024-{n // 28 + 1:02d}-{n % 28 + 1:02d}" for n in range(40)]
    specs = [spec(name, "a") for name in names]
    found = [point.snapshot for point in gathered(specs, *names, past=gathering.past).trend]
    assert found == names[-gathering.TREND_SNAPSHOTS :]


def test_rejects_and_failing_checks_are_those_of_the_later_snapshot() -> None:
    specs = [spec(A, "a"), spec(B, "a"), spec(B, "B", package="badhash")]
    rejects = [{"snapshot": B, "reason": "bad-hash"}, {"snapshot": A, "reason": "other"}]
    found = gathered(specs, A, B, past=gathering.past, rejects=rejects)
    assert [(row.reason, row.num_rejects) for row in found.rejects] == [("bad-hash", 1)]
    assert {each.name: each.num_failing for each in found.checks}["checks.hash_form"] == 1


def test_figures_that_do_not_agree_make_no_report() -> None:
    specs = [spec(A, "a"), spec(B, "b")]
    listed = [snapshot(specs, A, 1), snapshot(specs, B, 2, num_specs=2)]
    with (
        in_memory({"specs": specs, "snapshots": listed}) as con,
        pytest.raises(ConservationError, match="specs after do not add up: 2 ≠ 1 ≠ 1"),
    ):
        gathering.gather(con, A, B, NO_PAST)


def test_each_list_of_a_report_is_a_table_beside_it(
    held: duckdb.DuckDBPyConnection, report_on: Callable[[str, str], Report]
) -> None:
    found = report_on(A, B)
    made = files.render(held, found)
    assert sorted(made) == sorted(files.names())
    document = json.loads(made["report.json"])
    for name, rows in document.items():
        if isinstance(rows, list):
            table = list(csv.DictReader(io.StringIO(made[f"{name}.csv"].decode())))
            assert len(table) == len(rows)
            for text, row in zip(table, rows, strict=True):
                assert list(text) == list(row)
                assert all(text[key] == "" for key, value in row.items() if value is None)
                # An apostrophe keeps a spreadsheet from taking text for a formula.
                assert all(
                    text[key].removeprefix("'") == value
                    for key, value in row.items()
                    if type(value) is str
                )
    changes = list(csv.DictReader(io.StringIO(made["changes.csv"].decode())))
    total = found.totals
    assert len(changes) == sum(getattr(total, label) for label in diffs.CHANGES)


def test_snapshots_without_hash_epoch_have_a_report() -> None:
    found = gathered([spec(A, "a"), spec(B, "b")], A, B)
    assert found.before.hash_epoch is None
    assert not found.epochs_differ
