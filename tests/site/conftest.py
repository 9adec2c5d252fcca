"""Explorers for the tests of their pages, a visit to them, and the page's modules in a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from spack_census.site import script
from spack_census.site.publish import publish
from support import browsing
from support.query_cases import write_dataset
from support.report_folders import hostile_tables
from support.visits import Visit

PORTS = ("versions", "constraint", "hosts", "facets", "diff", "snapshot", "commands", "history")

Evaluate = Callable[[str, Any], Any]


@pytest.fixture(scope="session")
def evaluate(browser: Browser) -> Iterator[Evaluate]:
    """Return a function that runs JavaScript with the page's modules as `census`."""
    page = browsing.window(browser).new_page()
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
    with browsing.served(sites) as address:
        yield address


@pytest.fixture
def visit(window: BrowserContext, base: str) -> Iterator[Visit]:
    """Open a page that is empty yet."""
    with browsing.open_page(Visit(window.new_page(), base)) as found:
        yield found
