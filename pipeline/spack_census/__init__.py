"""A census of the Spack build cache: documents → Parquet → answers in SQL.

import spack_census as sc

sc.build("documents", "output/dataset")                      # documents → dataset
con = sc.connect("output/dataset")                           # DuckDB with the views
sc.query("output/dataset", "coverage.by_target").show()      # a checked-in query
sc.coverage.by_target("output/dataset")                      # the same, with completion
sc.scan("output/dataset")                                    # a Polars LazyFrame of specs
sc.find("output/dataset", "hdf5@1.14: +mpi").pl()            # specs that satisfy a constraint
sc.environment("output/dataset", "spack.lock").specs         # what of it is cached
sc.why("output/dataset", "hdf5", host="zen4").rungs          # where the specs drop out
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from spack_census.ask.database import connect, query
    from spack_census.ask.frames import scan
    from spack_census.building.builder import build
    from spack_census.environments.answers import environment, find, why

__version__ = "0.2.0"

__all__ = ["build", "connect", "environment", "find", "query", "scan", "why"]

# Imported at first use: `census --help` must not wait for three data engines.
_HOMES = {
    "build": "building.builder",
    "connect": "ask.database",
    "environment": "environments.answers",
    "find": "environments.answers",
    "query": "ask.database",
    "scan": "ask.frames",
    "why": "environments.answers",
}
_GROUPS = ("checks", "coverage", "diff")
"""Groups of the catalogue: `sc.diff.changes(dataset)` is the query `diff.changes`."""


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_GROUPS})


def __getattr__(name: str) -> Any:
    if name in _GROUPS:
        return import_module(f"{__name__}.ask.functions").Group(name)
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
