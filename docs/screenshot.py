"""Take the picture of the explorer that the README shows: `make screenshot`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

ADDRESS = "#/search?q=hdf5+%2Bmpi"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main(site: Path, picture: Path) -> None:
    """Open the explorer from its folder and write what a window of it shows."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        sys.exit("no Chromium: name one in the variable CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 760}, color_scheme="light")
        page.goto(f"{(site / 'index.html').resolve().as_uri()}{ADDRESS}")
        page.wait_for_selector("main[data-shown]")
        page.wait_for_function("!document.body.innerText.includes('…')")
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
