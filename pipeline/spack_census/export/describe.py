"""What lies in an export, for tools: datapackage.json, SHA256SUMS, census.sql.

All that is said of a table or column comes from the schema. No clock stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from spack_census.ask import database
from spack_census.dataset import datapackage, schema
from spack_census.export.tables import Written

SUMS = "SHA256SUMS"
SCRIPT = "census.sql"
_PROFILE = "https://datapackage.org/profiles/2.0"
ABOUT = (
    "What a Spack build cache holds, snapshot by snapshot: packages, versions, compilers, variants"
    " and hashes of each binary. Made by spack-census; one Parquet file a table."
)
KEYWORDS = ["spack", "hpc", "build cache", "software packages"]
MEDIA_TYPE = "application/vnd.apache.parquet"


def package(files: Sequence[Written], newest: str | None) -> bytes:
    """Return datapackage.json: a Data Package of version 2, a resource for each table."""
    described = {
        "$schema": f"{_PROFILE}/datapackage.json",
        "name": datapackage.NAME,
        "title": datapackage.TITLE,
        "description": ABOUT,
        "keywords": KEYWORDS,
        "dataset_format": schema.FORMAT,
        "newest_snapshot": newest,
        "resources": [_resource(file) for file in files],
    }
    return encode(described)


def sums(contents: Sequence[tuple[str, str]]) -> bytes:
    """Return SHA256SUMS of (name, digest), as `sha256sum --check` reads it."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(contents)).encode()


def script(address: str) -> bytes:
    """Return SQL that makes the views and macros of `census sql` over the files at an address.

    Without an address they are looked for where DuckDB is started. Raises QueryError where there
    is no folder of queries.
    """
    begin = address and f"{address.rstrip('/')}/"
    views = [
        f"create or replace view {table.name} as\n"
        f"from read_parquet({database.quoted(f'{begin}{table.name}.parquet')})"
        for table in schema.TABLES
    ]
    return database.joined([*views, *database.definitions()]).encode()


def encode(described: Any) -> bytes:
    """Return JSON for people too: the same bytes for the same content."""
    return msgspec.json.format(msgspec.json.encode(described), indent=1) + b"\n"


def _resource(file: Written) -> dict[str, Any]:
    return {
        "name": file.table.name,
        "type": "table",
        "description": file.table.description,
        "path": file.name,
        "format": "parquet",
        "mediatype": MEDIA_TYPE,
        "bytes": file.size_bytes,
        "hash": f"sha256:{file.sha256}",
        "rows": file.num_rows,
        "schema": {
            "$schema": f"{_PROFILE}/tableschema.json",
            "fields": [datapackage.field(column) for column in file.table.columns],
            "missingValues": [],
        },
    }
