"""One word for one thing: docs/vocabulary.md against what queries, reports and commands say."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.ask.changed import CHANGES
from spack_census.ask.diff import diff
from spack_census.ask.queries import catalogue
from spack_census.reports import diff as shown
from spack_census.reports import feed, gathering, html, markdown
from spack_census.reports.report import Report, encode
from spack_census.reports.text import render
from support.report_cases import APRIL, B, plain

WORDS = (Path(__file__).parents[1] / "docs" / "vocabulary.md").read_text(encoding="utf-8")
OTHERS = re.compile(
    r"\b(lost|gained|newer|older|vanished|disappeared|came|went|new packages?)\b",
    re.IGNORECASE,
)
"""Words for a change that are none of ours."""


@pytest.fixture(scope="module")
def texts(shipped: Path) -> dict[str, str]:
    """Return what the last weeks of the shipped documents give, in every form."""
    with sc.connect(shipped) as con:
        report = gathering.gather(con, APRIL, B, gathering.past(con))
        lines = plain(render(shown.diff(diff(con, APRIL, B), ["census", "diff"]), 80))
    page = re.sub(r"(?s)<(style|script)>.*?</\1>", "", html.render(report))
    return {
        "terminal": lines,
        "page": re.sub(r"<[^>]*>", " ", page),
        "markdown": markdown.render(report),
        "json": encode(report).decode(),
        "feed": feed.render([report], "").decode(),
    }


@pytest.mark.parametrize("word", [*CHANGES, "kept", "moved", "cause", "renamed", "churn"])
def test_each_word_for_a_change_is_explained(word: str) -> None:
    assert re.search(rf"^\| (?:\w+, )?{word}\b", WORDS, re.MULTILINE), f"{word} is not explained"


@pytest.mark.parametrize("form", ["terminal", "page", "markdown", "json", "feed"])
def test_no_other_word_for_a_change_is_used(texts: dict[str, str], form: str) -> None:
    assert OTHERS.findall(texts[form]) == []


@pytest.mark.parametrize("query", [name for name in catalogue() if name.startswith("diff.")])
def test_queries_use_the_words(query: str) -> None:
    found = catalogue()[query]
    said = [found.title, *(f"{column.name} {column.description}" for column in found.columns)]
    assert OTHERS.findall(" ".join(said)) == []


def test_every_spec_that_is_gone_is_named_with_its_stacks_and_system(
    texts: dict[str, str],
) -> None:
    document = json.loads(texts["json"])
    assert len(document["specs_gone"]) == document["totals"]["gone"] > 0
    for row in document["specs_gone"]:
        assert row["os"]
        assert row["stacks"]
        assert row["hash"] in texts["page"]


def test_counts_say_what_they_count(texts: dict[str, str]) -> None:
    document = json.loads(texts["json"])
    packages = {row["package"] for row in document["places_gone"]}
    specs = document["totals"]["gone"]
    for form in ("page", "markdown"):
        assert f"{len(packages)} packages are gone from a target. {specs} specs are gone" in (
            " ".join(texts[form].split())
        )
    said = re.findall(r"(?<![\w.,-])\d[\d,]* ([a-z]+)", document["headline"])
    units = {"package", "packages", "spec", "specs", "more", "fewer", "weeks", "targets"}
    # The noun stands once where two counts have the same: 99 packages were upgraded, 4 were …
    assert set(said) <= units | {"were", "was", "from"}


def test_the_fields_of_a_report_bear_the_words() -> None:
    assert not [name for name in Report.__struct_fields__ if OTHERS.search(name.replace("_", " "))]
