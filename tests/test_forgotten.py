"""What is easily forgotten when something is added: each test names the place that lacks it.

CONTRIBUTING.md tells the places for each kind of thing. That a query has a case, a reason a file
and a column a description is told beside these, by tests of their own.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import spack_census as sc
from spack_census import sources
from spack_census.cli.app import app
from spack_census.dataset import schema
from spack_census.reports import page as report_page
from spack_census.sources import model
from support.query_cases import in_memory

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "pipeline" / "spack_census"
ROOMS = sorted(path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file())
CONTRIBUTING = ROOT / "CONTRIBUTING.md"


def text(place: str) -> str:
    return (ROOT / place).read_text(encoding="utf-8")


@pytest.mark.parametrize("column", [column.name for column in schema.SPECS.columns])
def test_a_column_of_specs_is_everywhere(column: str) -> None:
    with in_memory({}) as con:
        for place in ("specs_at('x')", "nodes", "latest_specs"):
            found = con.sql(f"select * from {place}").columns  # noqa: S608 - names from above
            assert column in found, f"queries/views: {place} lacks the column {column}"
    types = {"string": "varchar", "list<item: string>": "array(varchar)", "int64": "bigint"}
    (made,) = [each for each in schema.SPECS.columns if each.name == column]
    table = text("docs/scale.md").partition("create table")[2].partition("with (")[0]
    written = f"{column} {types[str(made.type)]}"
    assert re.search(rf"\b{re.escape(written)}", table), f"docs/scale.md: {written} belongs there"


def test_a_source_is_recognised() -> None:
    recognise = inspect.getsource(sources.recognise)
    for path in sorted((PACKAGE / "sources").glob("*.py")):
        module = import_module(f"spack_census.sources.{path.stem}")
        for name, found in inspect.getmembers(module, inspect.isclass):
            is_source = found.__module__ == module.__name__ and hasattr(found, "portable")
            if is_source and found is not model.Source:
                assert f"{path.stem}." in recognise, f"recognise() does not try {name} of {path}"


def test_a_section_is_part_of_the_report() -> None:
    listed = inspect.getsource(report_page.sections)
    for path in sorted((PACKAGE / "reports").glob("*.py")):
        module = import_module(f"spack_census.reports.{path.stem}")
        for name, found in inspect.getmembers(module, inspect.isfunction):
            taken = list(found.__annotations__.values())
            makes_one = taken == ["Report", "Section"] and found.__module__ == module.__name__
            if makes_one and not name.startswith("_"):
                assert f"{name}(" in listed, f"page.sections() leaves out {name} of {path}"


def test_a_command_is_in_the_docs() -> None:
    pages = text("README.md") + "".join(
        path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md"))
    )
    for name in app.list_commands():
        assert f"census {name}" in pages, f"no page tells of census {name}"


def test_a_page_is_linked_from_the_readme_or_another_page() -> None:
    pages = sorted((ROOT / "docs").rglob("*.md"))
    linked = text("README.md") + "".join(page.read_text(encoding="utf-8") for page in pages)
    for page in pages:
        assert re.search(rf"\]\((?:[a-z./]+/)?{page.name}[)#]", linked), f"nothing links {page}"


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_on_the_map_in_the_contract_and_has_tests(room: str) -> None:
    diagram = text("CONTRIBUTING.md").partition("```text")[2].partition("```")[0]
    assert re.search(rf"\b{room}\b", diagram), f"CONTRIBUTING.md: {room} is not on the map"
    assert re.search(rf'"[^"]*\b{room}\b[^"]*",', text("pyproject.toml")), f"no layer has {room}"
    assert list((ROOT / "tests" / room).glob("test_*.py")), f"tests/{room} is empty"


def test_the_public_names_are_listed_and_found() -> None:
    assert set(sc.__all__) == set(sc._HOMES)
    assert set(sc.__all__) <= set(dir(sc))
    for name in sc.__all__:
        assert callable(getattr(sc, name))
        assert f"sc.{name}(" in (sc.__doc__ or ""), f"the package's docstring lacks {name}"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = sc.nothing


def test_a_make_target_is_in_its_help_and_in_contributing() -> None:
    makefile = text("Makefile")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    for target in phony.split():
        assert re.search(rf"^{target}:.*## ", makefile, re.MULTILINE), f"make {target} has no help"
        told = text("CONTRIBUTING.md") + text("README.md")
        assert target == "help" or f"make {target}" in told, f"no page tells of make {target}"


CLOCKS = ("perf_counter", "process_time", "monotonic", "deadline=")
MAY_LOOK_AT_THE_CLOCK = {
    "conftest.py",  # the one profile of Hypothesis, which has no deadline
    "stress.py",  # prints how long a pass took
    "test_forgotten.py",
    "torture/__main__.py",  # prints how long a stage took
    "torture/cost.py",  # ratios of one time to another
    "torture/crash.py",  # how long a build takes here, to kill the next within that time
}


def test_no_test_looks_at_the_clock() -> None:
    for path in sorted((ROOT / "tests").rglob("*.py")):
        name = path.relative_to(ROOT / "tests").as_posix()
        found = [clock for clock in CLOCKS if clock in path.read_text(encoding="utf-8")]
        assert not found or name in MAY_LOOK_AT_THE_CLOCK, f"{name} has {found}: count, or compare"


def docstrings() -> Iterator[tuple[str, bool]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if path.name != "__init__.py" or tree.body:
            yield str(path.relative_to(ROOT)), ast.get_docstring(tree) is not None


def test_a_module_says_what_it_is() -> None:
    assert [place for place, told in docstrings() if not told] == []
