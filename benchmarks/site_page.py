"""Time the explorer at scale, with Chromium at hand: a part of `make bench`, or alone.

CPU time of the page's thread, not the wall's: the machine may be busy with others. Bytes are those
of the files as a host that compresses would send them.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

import generate
import spack_census as sc
from spack_census.site.publish import publish

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CLICK = """(box) => new Promise((resolve) => {
    box.click();
    requestAnimationFrame(() => setTimeout(resolve, 50));
})"""


def main() -> None:
    """Measure the explorer of two snapshots of 60,000 specs, or of a dataset; print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", nargs="?", type=Path, help="else one is made")
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--specs", type=int, default=60_000, help="in each of the two snapshots")
    options = parser.parse_args()
    if chromium() is None:
        sys.exit("no Chromium: name one in the variable CHROMIUM")
    with tempfile.TemporaryDirectory() as scratch:
        dataset = options.dataset or made(Path(scratch), options.specs)
        print(json.dumps(explorer(dataset, Path(scratch) / "site", options.runs), indent=1))


def chromium() -> str | None:
    """Return the path of a Chromium, None where none is found."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def made(folder: Path, specs: int) -> Path:
    """Make a dataset of two snapshots of so many specs each; return its path."""
    generate.documents(folder / "documents", 2, specs)
    sc.build(folder / "documents", folder / "dataset")
    return folder / "dataset"


def explorer(dataset: Path, site: Path, runs: int) -> dict[str, float]:
    """Publish the explorer of a dataset, and return what that and its pages cost."""
    seconds = []
    for _ in range(2):
        began = time.process_time()
        publish(dataset, site)
        seconds.append(round(time.process_time() - began, 2))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        page = _page(browser, (site / "index.html").as_uri(), runs)
        browser.close()
    times = {"publish_cpu_s": seconds[0], "publish_again_cpu_s": seconds[1]}
    return {**times, **page, **_sizes(site)}


def _sizes(site: Path) -> dict[str, float]:
    largest: dict[str, float] = {}
    for path in [site / "index.html", *(site / "data").iterdir()]:
        kind = path.name.removesuffix(".js").split(".")[-1] + "_kb"
        size = len(gzip.compress(path.read_bytes(), 6)) / 1000
        largest[kind] = round(max(largest.get(kind, 0), size), 1)
    return largest


def _page(browser: Browser, address: str, runs: int) -> dict[str, float]:
    ready, heap = [], 0.0
    for _ in range(runs):
        page = browser.new_page()
        meter = _Meter(page)
        page.goto(address)
        page.wait_for_selector("main[data-shown]")
        ready.append(meter.seconds())
        page.request_gc()
        heap = meter.read()["JSHeapUsedSize"] / 1e6
        if len(ready) < runs:
            page.close()
    clicks = []
    box = page.locator(".facet").nth(2).locator("input").first
    box.scroll_into_view_if_needed()
    meter.seconds()
    for _ in range(runs):
        box.evaluate(CLICK)
        clicks.append(1000 * meter.seconds())
    page.goto(f"{address}#/changes")
    page.wait_for_selector("main.changes[data-shown]", timeout=120_000)
    compared = meter.seconds()
    page.close()
    return {
        "ready_cpu_s": round(statistics.median(ready), 2),
        "facet_cpu_ms": round(statistics.median(clicks), 1),
        "changes_cpu_s": round(compared, 2),
        "heap_mb": round(heap, 1),
    }


class _Meter:
    """Reads the CPU time that the page's thread took since it was last asked."""

    def __init__(self, page: Page) -> None:
        self.client = page.context.new_cdp_session(page)
        self.client.send("Performance.enable", {"timeDomain": "threadTicks"})
        self.last = self.read()["TaskDuration"]

    def read(self) -> dict[str, float]:
        """Return all metrics of the page."""
        found = self.client.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in found}

    def seconds(self) -> float:
        """Return the CPU time of all tasks since the last call."""
        before, self.last = self.last, self.read()["TaskDuration"]
        return self.last - before


if __name__ == "__main__":
    main()
