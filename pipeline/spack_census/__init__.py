"""A census of the Spack build cache: documents → Parquet → answers in SQL.

import spack_census as sc

sc.build("documents", "output/dataset")                      # documents → dataset
con = sc.connect("output/dataset")                           # DuckDB with the views
sc.query("output/dataset", "coverage.by_target").show()      # a checked-in query
sc.scan("output/dataset")                                    # a Polars LazyFrame of specs
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spack_census.builder import build
    from spack_census.database import connect, query
    from spack_census.frames import scan

__all__ = ["build", "connect", "query", "scan"]

# Imported at first use: `census --help` must not wait for three data engines.
_HOMES = {"build": "builder", "connect": "database", "query": "database", "scan": "frames"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
