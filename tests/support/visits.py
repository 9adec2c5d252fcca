"""A visit to the explorer in a browser."""

from __future__ import annotations

from dataclasses import dataclass, field

from playwright.sync_api import Page

# Playwright's own way to wait for a condition is one that the page's policy forbids.
_GO = """(address) => new Promise((resolve, reject) => {
    location.hash = address;
    const main = document.querySelector("main");
    const look = (times) => {
        if (main.dataset.shown === location.hash) resolve();
        else if (times > 2000) reject(new Error(`nothing is shown at ${address}`));
        else setTimeout(look, 10, times + 1);
    };
    look(0);
})"""


@dataclass
class Visit:
    """A page that is open, and what it did meanwhile."""

    page: Page
    base: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, address: str, site: str = "real/") -> Page:
        """Load the page at an address of an explorer, and wait until all of it is there."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.base}{site}index.html{address}")
        return self.shown()

    def go(self, address: str) -> Page:
        """Go to another address of the page that is open, as a link does: that loads no page."""
        self.page.evaluate(_GO, address)
        return self.page

    def shown(self) -> Page:
        """Wait until all of a page is there."""
        self.page.wait_for_selector("main[data-shown]")
        return self.page
