"""DuckDB's own shell, of another version than the library, and its extension for addresses."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest


def shell() -> Path:
    """Return DuckDB's own shell, of the package `duckdb-cli`; skip where it is not installed."""
    return _package("duckdb_cli") / "duckdb"


def httpfs() -> Path:
    """Return the extension that reads addresses, of the shell's version; skip where it is not."""
    (found,) = _package("duckdb_extension_httpfs").rglob("httpfs.duckdb_extension")
    return found


def _package(name: str) -> Path:
    found = find_spec(name)
    if found is None or found.origin is None:
        pytest.skip(f"{name.replace('_', '-')} is not installed here")
    return Path(found.origin).parent
