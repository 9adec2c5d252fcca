"""A report as Markdown, HTML, SVG and Atom: what it says, and that names in it do nothing."""

from __future__ import annotations

import base64
import hashlib
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from html.parser import HTMLParser

import pytest

from spack_census.reports import charts, feed, gathering, html, markdown
from spack_census.reports.report import Report
from support.query_cases import in_memory
from support.report_cases import APRIL, A, B, spec
from support.report_folders import EARLY, HOSTILE, LATE, hostile_tables, snapshot

ATOM = "{http://www.w3.org/2005/Atom}"
URL = "https://example.org/census"


class Page(HTMLParser):
    """The elements of a page with their attributes, the ids, and the text outside of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data

    def attributes(self, name: str) -> list[str]:
        return [
            value or "" for _, found in self.elements for key, value in found.items() if key == name
        ]


@pytest.fixture(scope="module")
def report(report_on: Callable[[str, str], Report]) -> Report:
    return report_on(A, B)


@pytest.fixture(scope="module")
def hostile() -> Report:
    with in_memory(hostile_tables()) as con:
        return gathering.gather(con, EARLY, LATE, gathering.past(con))


def test_markdown_says_the_headline_first_and_ends_with_the_files(report: Report) -> None:
    lines = markdown.render(report).splitlines()
    assert lines[:3] == [f"# {B}", "", f"**{report.headline}**"]
    assert lines[-1].startswith("[the page](report.html)")
    headings = [line for line in lines if line.startswith("## ")]
    assert headings[:2] == ["## Regressions", "## Version changes"]
    assert "| aocl-utils | x86_64_v3 | 4.2 | 1 | no | tutorial |" in lines


def test_markdown_links_the_rest_of_long_tables_or_only_names_it(report: Report) -> None:
    assert "[7 more rows](versions.csv)" in markdown.render(report)
    assert f"[7 more rows]({URL}/versions.csv)" in markdown.render(report, link=f"{URL}/")
    unlinked = markdown.render(report, link=None)
    assert "7 more rows in versions.csv" in unlinked
    assert "](" not in unlinked


def test_markdown_of_the_largest_changes_fits_a_mail(
    report_on: Callable[[str, str], Report],
) -> None:
    assert len(markdown.render(report_on(B, APRIL)).encode()) < 20_000
    wide = [spec(A, "a", stacks=[f"stack-{n:04}" for n in range(2000)])]
    listed = [snapshot(wide, A, 1), snapshot(wide, B, 2)]
    with in_memory({"specs": wide, "snapshots": listed}) as small:
        text = markdown.render(gathering.gather(small, A, B, gathering.past(small)))
    assert len(text.encode()) < 20_000


def test_hostile_names_do_nothing_in_markdown(hostile: Report) -> None:
    text = markdown.render(hostile)
    assert not re.search(r"<(?!br>|!-- -->)[a-z/!]", text, re.IGNORECASE)
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\ufeff]", text)
    links = re.findall(r"(?<!\\)\]\(([^)]*)\)", text)
    assert all(re.fullmatch(r"[a-z_]+\.(html|json|csv)", link) for link in links)
    for line in text.splitlines():
        if line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line)
            assert len(cells) in {5, 6, 7, 8, 9, 10, 13}, line


def test_the_page_is_one_file_that_names_no_other_host(report: Report) -> None:
    page = Page(html.render(report))
    assert [tag for tag, _ in page.elements if tag in {"img", "iframe", "object", "embed"}] == []
    assert page.attributes("src") == []
    hrefs = page.attributes("href")
    assert [h for h in hrefs if not re.fullmatch(r"#\w+|\.\./index\.html|\w+\.\w+|data:,", h)] == []
    assert page.attributes("style") == []
    assert [key for _, found in page.elements for key in found if key.startswith("on")] == []


def test_the_policy_of_a_page_lets_only_its_own_style_and_script_act(report: Report) -> None:
    text = html.render(report)
    (policy,) = [
        found["content"] or ""
        for tag, found in Page(text).elements
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none';")
    for tag in ("style", "script"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def test_the_page_says_what_a_reader_needs_without_a_script(report: Report) -> None:
    page = Page(html.render(report))
    tags = [tag for tag, _ in page.elements]
    assert report.headline in page.text
    assert tags.count("table") == tags.count("caption") >= 8
    scopes = [found.get("scope") for tag, found in page.elements if tag == "th"]
    assert set(scopes) == {"col", "row"}
    for package in ("aocl-utils", "amdlibflame", "py-torchvision", "netcdf-c"):
        assert package in page.text
    assert "354 65.3%" in page.text


def test_charts_say_what_they_show_and_ids_are_of_their_own(report: Report) -> None:
    page = Page(html.render(report))
    ids = page.attributes("id")
    assert len(ids) == len(set(ids))
    pictures = [found for _, found in page.elements if found.get("role") == "img"]
    assert [found["aria-label"] for found in pictures] == [
        "A bar for each of 12 stacks; the table has the figures.",
        "x86_64_v3: 534, then 537",
        "darwin/aarch64: 116, then 117",
        "neoverse_v1: 104, then 108",
        "neoverse_v2: 53, then 66",
    ]
    drawings = [found for tag, found in page.elements if tag == "svg"]
    assert all(found["aria-hidden"] == "true" for found in drawings)


def test_the_bar_of_a_stack_is_all_of_its_specs(report: Report) -> None:
    rows = {row.stack: row for row in report.stacks}
    for bar in charts.stacks(report.stacks):
        row = rows[bar.stack]
        widths = sum(part.width for part in bar.parts)
        longest = max(row.after_specs for row in report.stacks)
        assert widths == pytest.approx(100 * row.after_specs / longest, abs=0.05)
        ends = [part.start for part in bar.parts]
        assert ends == sorted(ends)


def test_a_page_leads_to_its_neighbours_and_into_the_explorer(report: Report) -> None:
    alone = html.render(report)
    assert 'rel="prev"' not in alone
    assert "#/package/" not in alone
    links = html.Links(f"{APRIL}..{A}", "", "../site")
    hrefs = Page(html.render(report, links)).attributes("href")
    assert f"../{APRIL}..{A}/report.html" in hrefs
    assert "../../site/index.html" in hrefs
    # What is gone is looked at where it was.
    assert f"../../site/index.html#/package/amdlibflame?at={A}" in hrefs
    assert f"../../site/index.html#/package/cmake?at={B}" in hrefs
    assert links.mark in html.render(report, links)
    assert len({links.mark, html.Links().mark, html.Links(next="x").mark}) == 3


def test_hostile_names_in_addresses_are_encoded(hostile: Report) -> None:
    page = Page(html.render(hostile, html.Links("a", "b", "../site")))
    for href in page.attributes("href"):
        assert re.fullmatch(r"[#\w./%?=&!~*'()-]*|data:,", href), href


def test_a_table_of_more_rows_than_a_page_holds_says_what_is_not_searched(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(html, "ROWS", 20)
    page = Page(html.render(report))
    (table,) = [found for _, found in page.elements if found.get("data-file") == "versions.csv"]
    assert table["data-left"] == "2"
    assert "2 more rows in versions.csv" in page.text


def test_the_foot_names_the_tool_its_version_and_the_command(report: Report) -> None:
    text = Page(html.render(report)).text
    assert f"spack-census {html.version()}: census report {A} {B}" in text


def test_the_same_report_gives_the_same_bytes(report: Report) -> None:
    assert html.render(report) == html.render(report)
    assert markdown.render(report) == markdown.render(report)
    assert feed.render([report], URL) == feed.render([report], URL)


def test_a_trend_draws_the_largest_targets_and_works_without_dates(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    specs = [
        spec(name, "abcdefghijkl"[n], target=f"t{n:02}", package=f"p{m}")
        for name in ("one", "two")
        for n in range(12)
        for m in range(n + 1)
    ]
    listed = [snapshot(specs, name, n, series="other") for n, name in enumerate(("one", "two"), 1)]
    with in_memory({"specs": specs, "snapshots": listed}) as con:
        points = gathering.trend(con)["other"]
    names = [f"t{n:02}" for n in range(11, -1, -1)]
    assert charts.largest(points, "num_packages") == names
    monkeypatch.setattr(charts, "LINES", 2)
    first, second = charts.trend(points, "num_packages", "one")
    assert (first.target, first.first, first.last) == ("t11", 12, 12)
    assert (second.points, first.mark) == ("4,20 96,20", 4)
    assert charts.colour("x86_64_v3") == 0
    assert charts.colour("t11") == first.colour


def test_a_line_shows_the_change_whatever_its_size() -> None:
    specs = [spec(A, letter, package=letter) for letter in "abcdefgh"]
    specs += [spec(B, letter, package=letter) for letter in "abcdefg"]
    listed = [snapshot(specs, A, 1), snapshot(specs, B, 2)]
    with in_memory({"specs": specs, "snapshots": listed}) as con:
        (line,) = charts.trend(gathering.trend(con)["develop-dated"], "num_packages", B)
    assert (line.first, line.last, line.low, line.high, line.mark) == (8, 7, 7, 8, None)
    assert line.points == "4,4 96,36"


def test_hostile_names_do_nothing_in_a_page(hostile: Report) -> None:
    text = html.render(hostile)
    page = Page(text)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == tags.count("style") == 1
    assert "img" not in tags
    assert [key for _, found in page.elements for key in found if key.startswith("on")] == []
    assert [h for h in page.attributes("href") if ":" in h] == ["data:,"]
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\ufeff]", text)
    # They are told all the same, as text.
    assert HOSTILE[0] in page.text
    assert "{{ 7 * 7 }}" in page.text
    assert "\\u202egnp.exe" in page.text


def test_the_feed_has_what_atom_demands(report: Report) -> None:
    root = ET.fromstring(feed.render([report], URL))
    assert root.tag == f"{ATOM}feed"
    for parent in (root, *root.iter(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            (found,) = parent.findall(f"{ATOM}{name}")
            assert found.text
    assert root.find(f"{ATOM}author/{ATOM}name") is not None
    assert root.findtext(f"{ATOM}updated") == "2024-06-09T00:00:00Z"
    hrefs = [link.get("href") for link in root.iter(f"{ATOM}link")]
    assert hrefs == [f"{URL}/index.html", f"{URL}/feed.xml", f"{URL}/{A}..{B}/report.html"]
    ids = [found.text for found in root.iter(f"{ATOM}id")]
    assert len(set(ids)) == 2
    elsewhere = ET.fromstring(feed.render([report], ""))
    assert ids != [found.text for found in elsewhere.iter(f"{ATOM}id")]


def test_hostile_names_do_nothing_in_the_feed(hostile: Report) -> None:
    data = feed.render([hostile], "")
    entry = ET.fromstring(data).find(f"{ATOM}entry")
    assert entry is not None
    assert [child.tag.removeprefix(ATOM) for child in entry] == [
        *("title", "id", "updated", "link", "summary")
    ]
    assert "<img src=x" in entry.findtext(f"{ATOM}summary", "")
    assert b"<img" not in data
