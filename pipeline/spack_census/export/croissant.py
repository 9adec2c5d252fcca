"""croissant.json: the export as MLCommons' Croissant 1.1 describes a dataset, for search engines.

The rules are those of https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pyarrow as pa

from spack_census.dataset import datapackage
from spack_census.dataset.schema import Column
from spack_census.export.describe import ABOUT, KEYWORDS, encode
from spack_census.export.tables import Written

FILE = "croissant.json"
_MEDIA_TYPE = "application/x-parquet"
"""The specification's own name of it, not that of IANA."""
_OF_CROISSANT = (
    *("arrayShape", "citeAs", "column", "containedIn", "equivalentProperty", "extract", "field"),
    *("fileObject", "fileProperty", "fileSet", "format", "includes", "isArray", "isLiveDataset"),
    *("jsonPath", "key", "md5", "parentField", "path", "recordSet", "references", "regex"),
    *("repeated", "replace", "samplingRate", "separator", "source", "subField", "transform"),
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "name": {"@container": "@language"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OF_CROISSANT},
}
"""The context that the specification gives, whole: readers compare it."""
_TYPES = {
    pa.string(): "sc:Text",
    pa.bool_(): "sc:Boolean",
    pa.date32(): "sc:Date",
    pa.int32(): "cr:Int32",
    pa.int64(): "cr:Int64",
}


def croissant(files: Sequence[Written], address: str, published: date | None) -> bytes:
    """Return croissant.json; `published` is the day of the newest snapshot, None if it has none."""
    described: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        "name": datapackage.NAME,
        "description": ABOUT,
        "keywords": KEYWORDS,
        "distribution": [_file(file) for file in files],
        "recordSet": [_records(file) for file in files],
    }
    if address:
        described["url"] = address
    if published:
        described["datePublished"] = published.isoformat()
    return encode(described)


def _file(file: Written) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "description": file.table.description,
        "contentUrl": file.name,
        "contentSize": f"{file.size_bytes} B",
        "encodingFormat": _MEDIA_TYPE,
        "sha256": file.sha256,
    }


def _records(file: Written) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": file.table.name,
        "name": file.table.name,
        "description": file.table.description,
        "field": [_field(file, column) for column in file.table.columns],
    }


def _field(file: Written, column: Column) -> dict[str, Any]:
    described = {
        "@type": "cr:Field",
        "@id": f"{file.table.name}/{column.name}",
        "name": column.name,
        "description": column.description,
        **_typed(column.type),
        "source": {"fileObject": {"@id": file.name}, "extract": {"column": column.name}},
    }
    inner = column.type.value_type if pa.types.is_list(column.type) else column.type
    if pa.types.is_struct(inner):
        described["subField"] = [_member(described, member) for member in inner]
    return described


def _member(parent: dict[str, Any], member: pa.Field) -> dict[str, Any]:
    """Return a field of a column's structs."""
    source = {**parent["source"], "transform": {"jsonPath": member.name}}
    identity = f"{parent['@id']}/{member.name}"
    typed = _typed(member.type)
    return {"@type": "cr:Field", "@id": identity, "name": member.name, **typed, "source": source}


def _typed(type_: pa.DataType) -> dict[str, Any]:
    if pa.types.is_list(type_):
        return {**_typed(type_.value_type), "isArray": True, "arrayShape": "-1"}
    return {} if pa.types.is_struct(type_) else {"dataType": _TYPES[type_]}
