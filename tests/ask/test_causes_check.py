"""`checks.causes`: no data can break its laws, so each is broken by a macro that reckons wrong."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from spack_census.ask.queries import load, run
from support.query_cases import cases, in_memory

ROWS = "a changed spec has a row a cause, or one not told; no other has any"
NUMBER = "num_causes = causes told"
PATH = "a cause has one path, from a package down to it"
BEFORE = "specs before = kept + matched + gone"
AFTER = "specs after = kept + matched + appeared"
MACROS = ("causes", "changes")
PAIR = {"before": "develop-2024-01-01", "after": "develop-2024-01-02"}


@pytest.fixture(scope="module")
def answered() -> Iterator[duckdb.DuckDBPyConnection]:
    """Return a connection whose tables `right_…` hold what the macros say of the newest pair."""
    (case,) = [each for each in cases() if each.query == "checks.causes"]
    with in_memory(case.tables) as con:
        for macro in MACROS:
            con.execute(f"create temp table right_{macro} as from {macro}($before, $after)", PAIR)
        yield con


@pytest.mark.parametrize(
    ("macro", "wrong", "broken"),
    [
        ("causes", "from right_causes where package <> 'app'", {ROWS: 1}),
        ("causes", "from right_causes where kind <> 'not told'", {ROWS: 1}),
        ("causes", "from right_causes union all from right_causes", {ROWS: 7}),
        ("causes", "from right_causes where kind <> 'recipe'", {ROWS: 2, NUMBER: 2}),
        (
            "causes",
            "from right_causes union all"
            " select * replace ('kept' as package) from right_causes where package = 'tool'",
            {ROWS: 1},
        ),
        (
            "causes",
            "select * replace (if(package = 'app', 1, num_causes) as num_causes) from right_causes",
            {ROWS: 1, NUMBER: 1},
        ),
        (
            "causes",
            "select * replace (if(cause = 'tool', path[:-2], path) as path) from right_causes",
            {PATH: 1},
        ),
        (
            "causes",
            "select * replace (list_prepend('nobody', path) as path) from right_causes"
            " where cause is not null union all from right_causes where cause is null",
            {PATH: 3},
        ),
        (
            "causes",
            "select * replace (if(package = 'app', list_prepend('lib', path), path) as path)"
            " from right_causes",
            {PATH: 2},
        ),
        ("changes", "from right_changes where change <> 'gone'", {BEFORE: 1}),
        ("changes", "from right_changes where change <> 'appeared'", {AFTER: 1}),
        (
            "changes",
            "from right_changes union all"
            " select * replace (null as before_hash) from right_changes where package = 'app'",
            {AFTER: 1},
        ),
    ],
)
def test_a_wrong_macro_breaks_the_law(
    answered: duckdb.DuckDBPyConnection, macro: str, wrong: str, broken: dict[str, int]
) -> None:
    for name in MACROS:
        rows = wrong if name == macro else f"from right_{name}"
        answered.execute(f"create or replace temp macro {name}(a, b) as table ({rows})")

    found = run(answered, load("checks.causes"), PAIR).fetchall()

    laws = [law for law, *_ in found]
    assert {law: laws.count(law) for law in laws} == broken
    assert all(row[-2] != row[-1] for row in found)
