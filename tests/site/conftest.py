"""A browser for the tests of the explorer, a visit to its pages, and its modules in it."""

from __future__ import annotations

import functools
import http.server
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from spack_census.site import script
from spack_census.site.publish import publish
from support.query_cases import write_dataset
from support.report_folders import hostile_tables
from support.visits import Visit

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser's own errands must not be taken for requests of the page.
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
PORTS = ("versions", "constraint", "hosts", "facets", "diff", "snapshot", "commands", "history")

Evaluate = Callable[[str, Any], Any]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        give_up = pytest.fail if os.environ.get("CENSUS_BROWSER") == "demanded" else pytest.skip
        give_up("no Chromium")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def evaluate(browser: Browser) -> Iterator[Evaluate]:
    """Return a function that runs JavaScript with the page's modules as `census`."""
    page = browser.new_page()
    page.evaluate(f"() => {{ globalThis.census = {script.bundle(PORTS)}; }}")
    yield page.evaluate
    page.close()


@pytest.fixture(scope="session")
def sites(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the explorer of the shipped documents, and one of hostile names."""
    root = tmp_path_factory.mktemp("sites")
    publish(shipped, root / "real")
    publish(write_dataset(root / "dataset", hostile_tables()), root / "hostile")
    return root


@pytest.fixture(scope="session")
def base(sites: Path) -> Iterator[str]:
    """Serve the folder of explorers; return its address."""
    handler = type("Quiet", (http.server.SimpleHTTPRequestHandler,), {"log_message": print_nothing})
    serve = functools.partial(handler, directory=str(sites))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def print_nothing(*_: object) -> None:
    """Log no request."""


@pytest.fixture
def visit(browser: Browser, base: str) -> Iterator[Visit]:
    """Open a window of a usual size."""
    context = browser.new_context(
        color_scheme="light", viewport={"width": 1280, "height": 900}, reduced_motion="reduce"
    )
    found = Visit(context.new_page(), base)
    found.page.set_default_timeout(20_000)
    found.page.on("console", lambda message: found.said.append(message.text))
    found.page.on("pageerror", lambda error: found.said.append(str(error)))
    found.page.on("request", lambda asked: found.asked.append(asked.url))
    yield found
    context.close()
