"""Chromium for tests of pages: where it is, a server of a folder, a page that is watched.

Needs Chromium (the variable CHROMIUM, or one on the path) and, for the audits, axe-core (`make
test` gets it where npm can). Without Chromium the tests are skipped, unless CENSUS_BROWSER is
demanded; without axe-core the audits are. No wait has a limit that a busy machine could reach.
"""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

AXE = Path(__file__).parents[2] / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser's own errands must not be taken for requests of the page.
_QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]

expect.set_options(timeout=600_000)


@dataclass
class Visit:
    """A page that is open, and what it did meanwhile."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    failed: list[str | None] = field(default_factory=list)

    def load(self, path: str) -> Page:
        """Load a page below the base."""
        self.page.goto(self.base + path)
        return self.page


V = TypeVar("V", bound=Visit)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium, or skip."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        give_up = pytest.fail if os.environ.get("CENSUS_BROWSER") == "demanded" else pytest.skip
        give_up("no Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=_QUIET, timeout=0)
        yield opened
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder over loopback; give its address, which ends in a slash."""
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": _log_nothing})
    serve = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def _log_nothing(*_: object) -> None:
    pass


def window(browser: Browser, scheme: str = "light", width: int = 1280) -> BrowserContext:
    """Open a window in a colour scheme, as wide as that."""
    context = browser.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport={"width": width, "height": 900},
        reduced_motion="reduce",
    )
    context.set_default_timeout(0)
    return context


@contextmanager
def open_page(visit: V) -> Iterator[V]:
    """Have a page open, watched from the start."""
    watch(visit)
    yield visit
    visit.page.close()


def watch(visit: Visit) -> None:
    """Note in a visit what its page says and asks for from now on."""
    visit.page.on("console", lambda message: visit.said.append(message.text))
    visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
    visit.page.on("dialog", lambda dialog: visit.said.append(dialog.message))
    visit.page.on("requestfailed", lambda asked: visit.failed.append(asked.failure))
    visit.page.on("request", lambda asked: visit.asked.append(asked.url))
