"""The catalogue as functions: `sc.coverage.by_target("output/dataset", snapshot="latest")`."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spack_census.ask.database import query
from spack_census.ask.queries import DEFAULTS, Query, catalogue

if TYPE_CHECKING:
    import duckdb


class Group:
    """The queries of one folder, each a function of a dataset and the query's parameters."""

    def __init__(self, name: str) -> None:
        self._functions = {
            each.name.partition(".")[2]: _function(each)
            for each in catalogue().values()
            if each.name.startswith(f"{name}.")
        }
        self.__doc__ = f"Queries of the group {name}: {', '.join(self._functions)}."

    def __dir__(self) -> list[str]:
        return sorted(self._functions)

    def __getattr__(self, name: str) -> Callable[..., duckdb.DuckDBPyRelation]:
        functions = self.__dict__.get("_functions", {})
        if name not in functions:
            raise AttributeError(f"no query {name!r} here; there are: {', '.join(functions)}")
        found: Callable[..., duckdb.DuckDBPyRelation] = functions[name]
        return found

    def __repr__(self) -> str:
        return str(self.__doc__)


def _function(asked: Query) -> Callable[..., duckdb.DuckDBPyRelation]:
    def ask(dataset: Path | str, /, **params: Any) -> duckdb.DuckDBPyRelation:
        return query(dataset, asked.name, **params)

    columns = "\n".join(f"    {column.name}: {column.description}" for column in asked.columns)
    ask.__name__ = asked.name.rpartition(".")[2]
    ask.__qualname__ = asked.name
    ask.__doc__ = f"{asked.title}.\n\nColumns:\n{columns}\n"
    positional = Parameter("dataset", Parameter.POSITIONAL_ONLY)
    named = [
        Parameter(name, Parameter.KEYWORD_ONLY, default=DEFAULTS.get(name, Parameter.empty))
        for name in asked.params
    ]
    vars(ask)["__signature__"] = Signature([positional, *named])
    return ask
