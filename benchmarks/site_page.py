"""Time the explorer at scale: `python benchmarks/site_page.py`, with Chromium at hand.

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
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

import generate
import spack_census as sc
from spack_census.site.publish import publish

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
INPUTS = {"60,000 specs, 2 snapshots": (2, 60_000), "100 snapshots of 15,000 specs": (100, 15_000)}
CLICK = """(box) => new Promise((resolve) => {
    box.click();
    requestAnimationFrame(() => setTimeout(resolve, 50));
})"""


def main() -> None:
    """Measure each input and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--small", action="store_true", help="leave out the 100 snapshots")
    options = parser.parse_args()
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit("no Chromium: name one in the variable CHROMIUM")
    inputs = dict(list(INPUTS.items())[: 1 if options.small else None])
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        for name, size in inputs.items():
            with tempfile.TemporaryDirectory() as scratch:
                print(name, json.dumps(_measure(browser, Path(scratch), *size, options.runs)))
        browser.close()


def _measure(
    browser: Browser, scratch: Path, snapshots: int, specs: int, runs: int
) -> dict[str, Any]:
    generate.documents(scratch / "documents", snapshots, specs)
    sc.build(scratch / "documents", scratch / "dataset")
    began = time.process_time()
    publish(scratch / "dataset", scratch / "site")
    made = time.process_time() - began
    began = time.process_time()
    publish(scratch / "dataset", scratch / "site")
    again = time.process_time() - began
    address = (scratch / "site" / "index.html").as_uri()
    return {
        "publish_cpu_s": round(made, 1),
        "publish_again_cpu_s": round(again, 1),
        "kilobytes": _sizes(scratch / "site"),
        **_page(browser, address, runs),
    }


def _sizes(site: Path) -> dict[str, float]:
    largest: dict[str, float] = {}
    for path in [site / "index.html", *(site / "data").iterdir()]:
        kind = path.name.removesuffix(".js").split(".")[-1]
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
