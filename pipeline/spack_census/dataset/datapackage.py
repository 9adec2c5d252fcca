"""Tables and columns in the words of Data Package (Frictionless Data)."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from spack_census.dataset.schema import Column

NAME = "spack-census"
TITLE = "A census of the Spack build cache"
FILE = "datapackage.json"


def field(column: Column) -> dict[str, Any]:
    """Return a column as a field of a Table Schema."""
    return {
        "name": column.name,
        "type": kind(column.type),
        "arrow_type": str(column.type),
        "description": column.description,
        "constraints": {"required": not column.nullable},
    }


def kind(type_: pa.DataType) -> str:
    """Return the Table Schema's name of an Arrow type."""
    if pa.types.is_list(type_):
        return "array"
    names = {pa.string(): "string", pa.bool_(): "boolean", pa.date32(): "date"}
    return names.get(type_, "integer")
