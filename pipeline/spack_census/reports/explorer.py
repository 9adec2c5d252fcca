"""Where the explorer is that the reports lie in or beside, and the address of a package in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

_SITE = "site"
_INDEX = "data/index.js"


def near(output: Path) -> str | None:
    """Return the explorer's address as seen from the folder of reports, None where none is.

    It is around that folder, or the folder `site` beside it.
    """
    above = output.resolve().parent
    if (above / _INDEX).is_file():
        return ".."
    return f"../{_SITE}" if (above / _SITE / _INDEX).is_file() else None


def package_address(site: str, package: str, snapshot: str) -> str:
    """Return the address of a package's page in the explorer: `packageAddress` of its state.js."""
    name, at = (quote(text, safe="!~*'()") for text in (package, snapshot))
    return f"{site}/index.html#/package/{name}?at={at}"
