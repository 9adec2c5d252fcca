"""The explorer in a real browser: what people do, on http and file://, and what may go wrong."""

from __future__ import annotations

import csv
import io
import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

import spack_census
from support.command_line import Census, rows
from support.report_cases import A, B
from support.report_folders import HOSTILE
from support.visits import Visit

PAGES = Path(spack_census.__file__).parent / "site" / "page"
KINDS = ("gone", "appeared", "downgraded", "upgraded", "recompiled", "reconfigured", "rebuilt")


def heading(page: Page) -> str:
    return page.inner_text("h1")


def binaries(page: Page) -> int:
    """Return how many binaries the heading of the results counts."""
    match = re.match(r"([\d,]+) binar", heading(page))
    return int(match[1].replace(",", "")) if match else 0


def test_modules_do_not_use_what_the_policy_is_there_to_stop() -> None:
    for path in PAGES.glob("*.js"):
        text = path.read_text()
        for banned in (
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "eval(",
            '"style"',
            "document.write",
        ):
            assert banned not in text, (path.name, banned)
    assert not re.search(r'\sstyle="', (PAGES / "index.html").read_text())


def test_each_count_of_a_facet_is_what_a_click_gives(visit: Visit) -> None:
    page = visit.open("#/search?q=%2Bmpi")
    before = page.evaluate("document.querySelectorAll('.facet').length")
    assert before == 7
    for facet in range(1, 7):
        field_ = page.locator(".facet").nth(facet)
        for n in range(2):
            label = field_.locator("label").nth(n)
            count = int(label.locator(".n").inner_text().replace(",", ""))
            label.locator("input").check()
            visit.shown()
            assert binaries(page) == count, (facet, n)
            label.locator("input").uncheck()
            visit.shown()
    label = page.locator(".facet").nth(2).locator("label")
    label.nth(0).locator("input").check()
    one = binaries(page)
    other = int(label.nth(1).locator(".n").inner_text().replace(",", ""))
    label.nth(1).locator("input").check()
    assert binaries(page) == one + other
    assert visit.said == []


def test_what_the_page_finds_is_what_the_line_that_it_offers_finds(
    visit: Visit, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    census = Census(shipped, capsys)
    page = visit.page
    page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard',"
        " { value: { writeText: async (text) => { window.copied = text; } } })"
    )
    visit.open("")
    for address in (
        "#/search?q=hdf5@1.12:+%2Bmpi+%25gcc@11:",
        "#/search?q=hdf5&cpu=zen4&system=ubuntu22.04&variant=%2Bmpi",
        "#/search?target=neoverse_v1&target=neoverse_v2&compiler=gcc%4011.4.0&at=develop-2024-06-02",
        "#/search?q=py-*&os=ventura&variant=build_system%3Dpython_pip",
    ):
        visit.go(address)
        button = page.get_by_role("button", name="Copy as census find")
        if "py-" in address:
            assert button.count() == 0
            continue
        button.click()
        line = page.evaluate("window.copied")
        found = census(line.removeprefix("census "), "--format", "csv").out
        own = list(csv.DictReader(io.StringIO(found)))
        if "q=hdf5&" in address:
            # A lone word finds more than the package of that name; this one is alone.
            assert "census find 'hdf5 +mpi'" in line
        assert len(own) == binaries(page) > 0
        with page.expect_download() as saving:
            page.get_by_role("button", name="Download CSV").click()
        saved = list(csv.DictReader(io.StringIO(Path(saving.value.path()).read_text())))
        assert sorted(map(str, saved)) == sorted(map(str, own))


def test_a_journey_with_the_keyboard_alone(visit: Visit) -> None:
    page = visit.open("")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "skip"
    page.keyboard.press("/")
    page.keyboard.type("mpi")
    expect(page.locator("tbody a").first).to_contain_text("mpi")
    names = page.locator("tbody a").all_inner_texts()
    assert len(names) > 3
    assert all("mpi" in name for name in names)
    assert [name.startswith("mpi") for name in names] == sorted(
        (name.startswith("mpi") for name in names), reverse=True
    )
    page.keyboard.press("Escape")
    expect(page.locator("h1")).to_have_text("1,673 binaries of 542 packages")
    page.keyboard.type("hdf5")
    page.keyboard.press("Enter")
    page.locator("tbody a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("hdf5")
    visit.shown()
    assert page.evaluate("document.activeElement.tagName") == "H1"
    assert page.title() == "hdf5 · Spack build cache"
    page.locator("table.heat a").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("h2").nth(1)).to_have_text("1 of 9 binaries")
    assert page.evaluate("document.activeElement.getAttribute('aria-current')") == "true"


def test_back_and_forward_go_through_choices_and_not_through_typing(visit: Visit) -> None:
    page = visit.open("")
    page.locator("#q").press_sequentially("hdf5")
    expect(page.locator("h1")).to_contain_text("9 binaries")
    page.locator(".facet").nth(2).locator("input").nth(0).check()
    page.locator("tbody a").first.click()
    expect(page.locator("h1")).to_have_text("hdf5")
    page.go_back()
    expect(page.locator("h1")).to_contain_text("of 1 package")
    assert page.locator(".facet").nth(2).locator("input").nth(0).is_checked()
    assert page.input_value("#q") == "hdf5"
    page.go_back()
    expect(page.locator("h1")).to_contain_text("9 binaries")
    page.go_forward()
    page.go_forward()
    expect(page.locator("h1")).to_have_text("hdf5")
    assert page.input_value("#q") == ""


def test_an_unknown_snapshot_shows_the_newest_and_says_so(visit: Visit) -> None:
    page = visit.open("#/search?at=develop-1999-01-01")
    assert page.locator("#unknown").is_visible()
    assert heading(page) == "1,673 binaries of 542 packages"
    page.select_option("#at", "develop-2024-04-28")
    expect(page.locator("h1")).to_contain_text("1,576 binaries")
    assert not page.locator("#unknown").is_visible()


def test_a_package_that_is_gone_tells_where_it_was(visit: Visit) -> None:
    page = visit.open("#/package/aocl-utils")
    expect(page.locator(".lead")).to_contain_text(
        "The last snapshot here that did: develop-2024-06-02"
    )
    page.locator(".lead a").click()
    expect(page.locator(".lead")).to_contain_text("The newest is 4.2")


def test_coverage_shows_what_is_missing(visit: Visit) -> None:
    page = visit.open("#/coverage")
    assert page.locator("table.long tbody tr").count() <= 120
    page.select_option("main select", "linux/neoverse_v1")
    expect(page.locator(".lead")).to_have_text(
        "434 of 542 packages are missing on linux/neoverse_v1."
    )
    assert "missing=linux%2Fneoverse_v1" in page.url
    page.mouse.move(400, 700)
    page.locator(".pane").evaluate("(pane) => { pane.scrollTop = pane.scrollHeight; }")
    expect(page.locator("tbody tr:not(.gap)").last).to_have_attribute("aria-rowindex", "435")


def test_changes_count_what_the_query_counts(
    visit: Visit, shipped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = rows(
        Census(shipped, capsys)(f"diff {A} {B} --format json --only {','.join(KINDS)}").out
    )
    page = visit.open("#/changes")
    numbers = page.locator(".kinds strong").all_inner_texts()
    assert numbers == [str(sum(row["change"] == kind for row in found)) for kind in KINDS]
    page.locator(".kinds button.gone").click()
    expect(page.locator("tbody tr:not(.gap)")).to_have_count(
        len({row["package"] for row in found if row["change"] == "gone"})
    )
    page.get_by_label("Filter by package").fill("aocl")
    expect(page.locator("tbody tr:not(.gap)")).to_have_count(1)
    assert page.evaluate("document.activeElement.type") == "search"
    page.get_by_role("link", name="Swap").click()
    visit.shown()
    expect(page.locator("tbody tr:not(.gap)")).to_have_count(0)
    assert "text=aocl" in page.url


def test_a_long_list_draws_what_is_in_sight(visit: Visit) -> None:
    page = visit.open("#/search?by=spec")
    visit.shown()
    page.mouse.wheel(0, 60_000)
    expect(page.locator("tbody tr:not(.gap)").last).to_have_attribute(
        "aria-rowindex", re.compile("1[0-9]{3}")
    )
    assert page.locator("tbody tr").count() <= 120
    page.keyboard.press("End")
    expect(page.locator("tbody tr:not(.gap)").last).to_have_attribute("aria-rowindex", "1674")
    page.locator(".facet").nth(2).locator("input").nth(2).check(force=True)
    assert page.evaluate("scrollY") == 0


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_hostile_names_are_text(visit: Visit, sites: Path, scheme: str) -> None:
    if scheme == "file":
        visit.base = f"file://{sites}/"
    page = visit.open("", "hostile/")
    names = ["#/search", "#/coverage", "#/changes", "#/search?by=spec"]
    names += ["#/package/" + page.evaluate("encodeURIComponent", name) for name in HOSTILE]
    for address in names:
        visit.go(address)
        assert page.evaluate("window.hacked") is None
        assert page.locator("main img, main iframe, main script, main form").count() == 0
        links = page.evaluate("[...document.querySelectorAll('main a')].map((each) => each.href)")
        assert [link for link in links if not link.startswith(visit.base)] == []
        assert "\u202e" not in page.inner_text("main")
        if "package" in address:
            assert page.locator(".install").count() == 0
    assert visit.said == []


def test_the_policy_stops_what_slips_through(visit: Visit) -> None:
    page = visit.open("")
    page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.hacked = 1";
        document.body.append(script);
        document.body.setAttribute("style", "color: red");
    }""")
    assert page.evaluate("window.hacked") is None
    assert len([said for said in visit.said if "Content Security Policy" in said]) == 2


@pytest.fixture
def broken(sites: Path, tmp_path: Path, visit: Visit) -> Path:
    """Return a copy of the explorer that a test may damage; the visit goes there."""
    shutil.copytree(sites / "real", tmp_path / "broken")
    visit.base = f"file://{tmp_path}/"
    return tmp_path / "broken"


@pytest.mark.parametrize(
    ("kind", "address"), [("specs", ""), ("hashes", "#/changes"), ("index", "")]
)
@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_a_file_that_is_missing_or_cut_is_told(
    visit: Visit, broken: Path, kind: str, address: str, harm: str
) -> None:
    for path in (broken / "data").iterdir():
        if kind in path.name:
            text = path.read_text()
            path.unlink()
            if harm == "cut":
                path.write_text(text[: len(text) // 2])
    page = visit.open(address, "broken/")
    assert heading(page) == "Something could not be read"
    alert = page.inner_text("[role=alert]:visible")
    assert re.search(f"{kind}.*(is missing|is cut off)", alert)
    assert "data/ included" in page.inner_text("main")


def test_what_is_left_works_where_one_snapshot_or_the_history_is_missing(
    visit: Visit, broken: Path
) -> None:
    for path in (broken / "data").glob("*.history.js"):
        path.unlink()
    page = visit.open("#/package/hdf5", "broken/")
    assert heading(page) == "hdf5"
    assert "history.js is missing" in page.inner_text("main")
    assert page.locator(".binaries li").count() == 9


def test_damaged_base64_a_newer_format_and_an_old_browser_are_told(
    visit: Visit, broken: Path
) -> None:
    page = visit.page
    index = broken / "data" / "index.js"
    text = index.read_text()
    index.chmod(0o644)
    index.write_text(text[:40] + "AAAA" + text[44:])
    visit.open("", "broken/")
    assert "is damaged" in page.inner_text("[role=alert]:visible")
    index.write_text(text)
    page.add_init_script("delete window.DecompressionStream")
    visit.open("", "broken/")
    assert "This browser cannot unpack the data" in page.inner_text("[role=alert]:visible")


def test_a_bad_constraint_says_why_and_what_the_command_line_can(visit: Visit) -> None:
    page = visit.open("#/search?q=hdf5+%5Empi")
    assert "census find 'hdf5 ^mpi' --snapshot develop-2024-06-09" in page.inner_text(
        "main .warning"
    )
    for text, why in (
        ("hdf5@1.2@3", "two versions"),
        ("hdf5 ?", "what is"),
        ("a b", "second spec"),
    ):
        page.fill("#q", text)
        expect(page.locator("main .warning")).to_contain_text(why)


def test_nothing_found_says_which_condition_is_in_the_way(visit: Visit) -> None:
    page = visit.open("#/search?q=hdf5+%2Bmpi+target%3Dzen4&stack=e4s")
    assert heading(page) == "No binary matches"
    link = page.locator(".empty a").first
    assert link.inner_text() == "Without target=zen4"
    number = int(page.locator(".empty li").first.inner_text().split()[-2])
    link.click()
    visit.shown()
    assert binaries(page) == number
    assert page.input_value("#q") == "hdf5 +mpi"


def test_without_a_clipboard_the_line_is_selected(visit: Visit) -> None:
    page = visit.page
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    visit.open("#/package/hdf5")
    page.get_by_role("button", name="Copy the install command").click()
    assert page.evaluate("String(getSelection())") == "spack install hdf5@1.14.3"
