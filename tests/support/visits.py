"""A visit to the explorer in a browser."""

from __future__ import annotations

from playwright.sync_api import Page

from support import browsing

# Playwright's own way to wait for a condition is one that the page's policy forbids.
_GO = """(address) => new Promise((resolve) => {
    location.hash = address;
    const main = document.querySelector("main");
    const look = () => {
        if (main.dataset.shown === location.hash) resolve();
        else setTimeout(look, 10);
    };
    look();
})"""


class Visit(browsing.Visit):
    """A page of the explorer that is open, and what it did meanwhile."""

    def open(self, address: str, site: str = "real/") -> Page:
        """Load the page at an address of an explorer, and wait until all of it is there."""
        self.page.goto("about:blank")
        self.load(f"{site}index.html{address}")
        return self.shown()

    def go(self, address: str) -> Page:
        """Go to another address of the page that is open, as a link does: that loads no page."""
        self.page.evaluate(_GO, address)
        return self.page

    def shown(self) -> Page:
        """Wait until all of a page is there."""
        self.page.wait_for_selector("main[data-shown]")
        return self.page
