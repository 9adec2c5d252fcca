"""The table of Spack's grammar in docs/environments.md: each line is true of each dataset."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

import spack_census as sc
from spack_census.ask.finding import conjunction, values
from spack_census.ask.predicates import conditions
from spack_census.ask.snapshots import resolve
from spack_census.errors import ConstraintError
from spack_census.spack.grammar import parse

HERE = Path(__file__).parents[1]
DOCS = HERE.parent / "docs" / "environments.md"
SOURCES = {
    "v2": HERE / "corpus" / "buildcache" / "v2",
    "v3": HERE / "corpus" / "buildcache" / "v3",
    "v3-2026": HERE / "corpus" / "buildcache" / "v3-2026",
}
ANSWERS = ("answered", "from indexes only", "refused")


def lines() -> list[tuple[str, str]]:
    """Return (constraint, answer) of each example in the table."""
    section = DOCS.read_text(encoding="utf-8").partition("## Constraints")[2].partition("\n## ")[0]
    found = []
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and cells[2].startswith(ANSWERS):
            found += [(text, cells[2]) for text in re.findall(r"`([^`]+)`", cells[0])]
    return found


@pytest.fixture(scope="module")
def datasets(
    shipped: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, duckdb.DuckDBPyConnection]:
    found = {"documents": sc.connect(shipped)}
    for name, source in SOURCES.items():
        dataset = tmp_path_factory.mktemp(name) / "dataset"
        sc.build(source, dataset)
        found[name] = sc.connect(dataset)
    return found


def answer(con: duckdb.DuckDBPyConnection, text: str) -> str:
    """Return whether a dataset answers a constraint: its conditions must run, too."""
    try:
        constraint = parse(text)
    except ConstraintError:
        return "refused"
    try:
        asked = conditions(con, constraint, resolve(con, "latest"))
    except ConstraintError:
        return "untold"
    sql = f"select count(*) from specs where {conjunction(asked)}"  # noqa: S608 - our own conditions
    assert con.execute(sql, values(asked)).fetchall()
    return "answered"


def test_the_table_has_each_kind_of_answer() -> None:
    assert len(lines()) > 50
    assert {each.partition(",")[0] for _, each in lines()} == set(ANSWERS)


@pytest.mark.parametrize(("text", "said"), lines())
def test_each_line_of_the_table_is_true(
    datasets: dict[str, duckdb.DuckDBPyConnection], text: str, said: str
) -> None:
    whole = text if text[0].isalpha() and "=" not in text else f"hdf5 {text}"
    found = {name: answer(con, whole) for name, con in datasets.items()}
    of_indexes = "refused" if said.startswith("refused") else "answered"
    of_documents = "untold" if said == "from indexes only" else of_indexes
    assert found.pop("documents") == of_documents
    if text.startswith(("%gcc+", "%gcc target")):
        # Before database version 8 compilers are no nodes in an index either.
        assert found.pop("v2") == "untold"
    assert set(found.values()) == {of_indexes}
