"""Reports in a real browser: quiet, self-contained, accessible, and deaf to hostile names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urljoin
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from spack_census.reports.publish import publish
from support import browsing
from support.browsing import AXE, Visit
from support.query_cases import write_dataset
from support.report_cases import APRIL, A, B
from support.report_folders import EARLY, LATE, hostile_tables

PAGES = ("real/index.html", f"real/{A}..{B}/report.html", f"hostile/{EARLY}..{LATE}/report.html")
CUT = """[...document.querySelectorAll("main *, header *")]
    .filter((each) => each.checkVisibility() && !each.closest(".hidden, thead, svg"))
    .filter((each) => each.getBoundingClientRect().right > innerWidth + 0.5)
    .map((each) => each.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def base(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve the reports on the shipped documents and on hostile names."""
    root = tmp_path_factory.mktemp("site")
    publish(shipped, root / "real")
    publish(shipped, root / "real", pair=(APRIL, B))
    publish(write_dataset(root / "dataset", hostile_tables()), root / "hostile")
    with browsing.served(root) as address:
        yield address


@pytest.fixture
def visit(window: BrowserContext, base: str) -> Iterator[Visit]:
    with browsing.open_page(Visit(window.new_page(), base)) as found:
        yield found


def cells(page: Page, table: str, column: int) -> list[str]:
    """Return the text of a column in the rows that are shown."""
    script = """([table, column]) => [...document.querySelectorAll(table + " tbody tr")]
        .filter((row) => !row.hidden).map((row) => row.cells[column].textContent.trim())"""
    found = page.evaluate(script, [table, column])
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_quiet_asks_nobody_else_and_fits_every_window(visit: Visit, path: str) -> None:
    page = visit.load(path)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate(CUT) == [], "on a phone"
    if AXE.exists():
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        page.evaluate(AXE.read_text(encoding="utf-8"))
        for width, scheme in ((360, "dark"), (1280, "light")):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            assert violations(page) == [], (width, scheme)
    assert visit.said == []
    assert [url for url in visit.asked if not url.startswith((visit.base, "data:"))] == []
    assert [url for url in visit.asked if url.startswith("http")] == [visit.base + path]


def violations(page: Page) -> list[str]:
    """Return what axe-core, which the page has loaded, says of it as it is shown."""
    found: Any = page.evaluate("axe.run()")
    assert len(found["passes"]) > 20
    return [
        f"{rule['id']}: {node['html']} {node['failureSummary']}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def test_a_table_is_sorted_by_the_column_that_is_clicked(visit: Visit) -> None:
    page = visit.load(f"real/{A}..{B}/report.html")
    table = "#stacks table.data"
    given = cells(page, table, 0)
    page.click(f"{table} th:has-text('rebuilt') button")
    counts = [int(text.replace(",", "")) for text in cells(page, table, 9)]
    assert counts == sorted(counts, reverse=True)
    assert page.get_attribute(f"{table} th:has-text('rebuilt')", "aria-sort") == "descending"
    page.click(f"{table} th:has-text('rebuilt') button")
    assert [int(text.replace(",", "")) for text in cells(page, table, 9)] == counts[::-1]
    page.focus(f"{table} th:has-text('stack') button")
    page.keyboard.press("Enter")
    names = cells(page, table, 0)
    assert names[:2] == ["build_systems", "data-vis-sdk"]
    assert sorted(names) == sorted(given)
    assert page.locator(f"{table} th[aria-sort]").count() == 1
    assert visit.said == []


def test_differences_and_versions_are_sorted_by_their_size(visit: Visit) -> None:
    page = visit.load(f"real/{A}..{B}/report.html")
    page.click("#stacks table.data th:has-text('change') button")
    changes = [int(text) for text in cells(page, "#stacks table.data", 2)]
    assert changes == sorted(changes, reverse=True)
    assert changes[-1] < 0 < changes[0]
    page.click("#versions table.data th:has-text('after') button")
    versions = cells(page, "#versions table.data", 2)
    assert versions.index("0.5") < versions.index("0.10.0") < versions.index("24.06")


def test_a_table_is_filtered_by_all_words(visit: Visit) -> None:
    page = visit.load(f"real/{A}..{B}/report.html")
    table = "#versions table.data"
    assert len(cells(page, table, 0)) == 22
    page.fill("#versions input[type=search]", "PY- darwin")
    assert cells(page, table, 0) == ["py-editables", "py-torch", "py-torchvision"]
    assert page.inner_text("#versions .count") == "3 of 22 rows"
    page.fill("#versions input[type=search]", "")
    assert len(cells(page, table, 0)) == 22


def test_a_long_table_begins_short_and_its_filter_looks_at_every_row(visit: Visit) -> None:
    page = visit.load(f"real/{APRIL}..{B}/report.html")
    table = "#versions table.data"
    rows = page.locator(f"{table} tbody tr").count()
    assert rows > 100
    assert len(cells(page, table, 0)) == 30
    page.fill("#versions input[type=search]", "py-")
    found = page.evaluate(
        """[...document.querySelectorAll("#versions tbody tr")]
        .filter((row) => row.textContent.includes("py-")).length"""
    )
    assert len(cells(page, table, 0)) == found > 0
    assert page.inner_text("#versions .count") == f"{found} of {rows} rows"
    page.fill("#versions input[type=search]", "")
    page.click("#versions button.all")
    assert len(cells(page, table, 0)) == rows
    page.click(f"{table} th:has-text('package') button")
    assert len(cells(page, table, 0)) == rows


def test_without_javascript_nothing_is_missing(browser: Browser, base: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}real/{A}..{B}/report.html")
    assert page.locator("#versions table.data tbody tr").count() == 22
    assert page.locator("[role=img]").count() == 5
    assert page.locator("#versions tbody tr:visible").count() == 22
    assert page.locator("button, input").count() == 0
    context.close()


@pytest.mark.parametrize("start", ["real/index.html", "hostile/index.html"])
def test_each_link_leads_somewhere(visit: Visit, start: str) -> None:
    seen, waiting = set(), [visit.base + start]
    while waiting:
        address = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        assert address.startswith(visit.base), address
        with urlopen(address) as answer:  # noqa: S310 - our own server, as the line above holds
            assert answer.status == 200
        if not address.endswith(".html"):
            continue
        visit.page.goto(address)
        script = "[...document.querySelectorAll('[href]')].map((each) => each.getAttribute('href'))"
        for link in visit.page.evaluate(script):
            target, anchor = urldefrag(urljoin(address, link))
            if anchor:
                assert visit.page.locator(f"[id='{unquote(anchor)}']").count() == 1
            if not target.startswith("data:"):
                waiting.append(target)
    assert sum(address.endswith("report.html") for address in seen) >= 1
    assert any(address.endswith("feed.xml") for address in seen)
    assert any(address.endswith("changes.csv") for address in seen)


def test_latest_is_the_newest_report(visit: Visit) -> None:
    page = visit.load("real/latest/report.html")
    assert page.inner_text("h1") == B


@pytest.mark.parametrize("path", ["hostile/index.html", PAGES[2]])
def test_hostile_names_are_text(visit: Visit, path: str) -> None:
    page = visit.load(path)
    assert visit.said == []
    assert page.evaluate("window.hacked") is None
    assert (
        page.locator("img, iframe, object, embed, form, body script:not(:last-child)").count() == 0
    )
    addresses = page.evaluate("[...document.querySelectorAll('a')].map((each) => each.href)")
    assert [address for address in addresses if not address.startswith(visit.base)] == []
    if path == PAGES[2]:
        shown = page.inner_text("#regressions") + page.inner_text("#versions")
        assert "<img src=x onerror=window.hacked=1>" in shown
        assert "{{ 7 * 7 }}" in shown


def test_the_policy_stops_what_slips_through(visit: Visit) -> None:
    page = visit.load(PAGES[1])
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        document.body.append(script);
        const image = document.createElement("img");
        image.src = "http://127.0.0.1:9/elsewhere.png";
        document.body.append(image);
    }""")
    assert page.evaluate("window.hacked") is None
    assert [said for said in visit.said if "Content Security Policy" in said]
    assert visit.failed == ["csp"]
