"""Where the explorer is that stands beside the reports, and the address of a package in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

_SITE = "site"


def beside(output: Path) -> str | None:
    """Return the explorer's address as seen from the folder of reports, None where none is."""
    there = (output.resolve().parent / _SITE / "index.html").is_file()
    return f"../{_SITE}" if there else None


def package_address(site: str, package: str, snapshot: str) -> str:
    """Return the address of a package's page in the explorer: `packageAddress` of its state.js."""
    name, at = (quote(text, safe="!~*'()") for text in (package, snapshot))
    return f"{site}/index.html#/package/{name}?at={at}"
