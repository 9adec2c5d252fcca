"""Each view of the explorer as people meet it: http and file://, narrow, dark, printed, zoomed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from support import browsing
from support.browsing import AXE
from support.visits import Visit

VIEWS = (
    "#/search",
    "#/search?q=hdf5+%2Bmpi&target=x86_64_v3&by=spec",
    "#/search?q=hdf5+%2Bmpi&target=aarch64&cpu=zen4",
    "#/search?q=hdf5+%5Empi",
    "#/package/hdf5?version=1.14.3&target=x86_64_v3&platform=linux",
    "#/package/nothere",
    "#/coverage?missing=linux/x86_64_v3&at=develop",
    "#/changes?kind=gone&text=a&at=nothere",
)
OTHERS = ("#/package/hdf5", "#/coverage", "#/changes")
"""Those that have nothing of another kind in them than those above."""
NARROW = (640, 360, 320)
"""1280 at 200 %, a telephone, and 1280 at 400 %."""
MOST_ROWS = 260


@pytest.fixture
def on_file(browser: Browser, sites: Path) -> Iterator[Visit]:
    """Give a visit to the same explorer by double click."""
    context = browsing.window(browser)
    found = Visit(context.new_page(), f"file://{sites}/")
    browsing.watch(found)
    found.open("")
    yield found
    context.close()


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def settled(page: Page) -> str:
    """Return what the page says once it waits for no file any more."""
    expect(page.locator("main")).not_to_contain_text("…")
    return page.inner_text("main")


def audit(page: Page, *, only_contrast: bool) -> list[tuple[str, str, str]]:
    """Return what axe finds fault with."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    rules = {"runOnly": ["color-contrast"]} if only_contrast else {}
    options = {"resultTypes": ["violations"], **rules}
    found: Any = page.evaluate("(options) => axe.run(options)", options)
    assert found["passes"]
    return [
        (rule["id"], node["html"], node["failureSummary"])
        for rule in found["violations"]
        for node in rule["nodes"]
    ]


def test_each_view_is_quiet_fits_its_window_and_has_no_fault_of_access(
    visit: Visit, on_file: Visit
) -> None:
    for each in (visit, on_file):
        each.page.set_viewport_size({"width": 1280, "height": 700})
    page = visit.open("")
    for address in (*VIEWS, *OTHERS):
        texts = [settled(each.go(address)) for each in (visit, on_file)]
        assert texts[0] == texts[1], address
        page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
        assert page.locator("main tr, main li").count() <= MOST_ROWS, address
        for width in NARROW:
            page.set_viewport_size({"width": width, "height": 700})
            assert fits(page), (address, width)
        audited = AXE.exists() and address in VIEWS
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 700})
            for scheme in ("dark", "light"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                if audited:
                    # What a scheme changes is colours; what a width changes may be anything.
                    faults = audit(page, only_contrast=scheme == "dark")
                    assert faults == [], (address, width, scheme)
        assert fits(page), address
    assert visit.said == on_file.said == []
    assert [url for url in visit.asked if not url.startswith((visit.base, "data:", "about:"))] == []


def test_letters_twice_as_large_push_nothing_out(visit: Visit) -> None:
    page = visit.open("")
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for address in ("#/search?q=hdf5&cpu=zen4", "#/package/hdf5", "#/coverage", "#/changes"):
        visit.go(address)
        assert fits(page), address


CHOSEN = (
    ("#/search", "nav a[aria-current]", "nav a:not([aria-current])"),
    ("#/search", ".switch [aria-pressed=true]", ".switch [aria-pressed=false]"),
    ("#/changes?kind=gone", ".kinds [aria-pressed=true]", ".kinds [aria-pressed=false]"),
    (
        "#/package/hdf5?version=1.14.3&target=x86_64_v3&platform=linux",
        ".heat a[aria-current]",
        ".heat a",
    ),
    ("#/coverage", ".best", ".older"),
)


def test_forced_colours_tell_what_is_chosen_without_any_colour(visit: Visit) -> None:
    page = visit.open("")
    page.emulate_media(forced_colors="active")
    looks = """(where) => {
        const style = getComputedStyle(document.querySelector(where));
        return [style.outlineStyle, style.fontWeight, style.textDecorationLine];
    }"""
    for address, chosen, other in CHOSEN:
        visit.go(address)
        assert page.evaluate(looks, chosen) != page.evaluate(looks, other), chosen
    assert page.evaluate("matchMedia('(forced-colors: active)').matches")


def test_print_has_all_rows_and_no_controls(visit: Visit) -> None:
    page = visit.open("#/coverage")
    page.set_viewport_size({"width": 718, "height": 1000})  # A4 within its margins
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("tbody tr:not(.gap)").count() == 542
    assert page.locator("#find, nav, .at, .tools").filter(visible=True).count() == 0
    assert page.locator("h1, footer p").filter(visible=True).count() == 2
    # The pane of a table has no bounds on paper: nothing of it is cut below.
    assert page.evaluate("getComputedStyle(document.querySelector('.pane')).maxHeight") == "none"
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    page.evaluate("new Promise(requestAnimationFrame)")
    assert page.locator("tbody tr").count() <= 120


def test_without_javascript_there_is_the_table(browser: Browser, base: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 700})
    page = context.new_page()
    page.goto(f"{base}real/index.html")
    assert page.locator("main tbody tr").count() == 542
    assert page.inner_text("h1") == "1,673 binaries of 542 packages"
    # What takes a script is not shown to those who have none.
    assert page.locator("#find, .at, nav [data-view]").filter(visible=True).count() == 0
    context.close()
