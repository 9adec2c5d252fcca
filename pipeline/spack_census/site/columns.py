"""One snapshot → columns of small numbers, and dictionaries of what they stand for.

Rows stand by package, version and hash, so that neighbours are alike and compress. Hashes, 20 of
about 21 bytes of a spec that nothing predicts, are a file of their own, which the page reads
after it has shown the rest; so are the recipes' hashes, which only a comparison needs.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from spack_census.errors import DatasetError
from spack_census.site.files import DataFile, data_file

# The order of rows is total, or the same dataset would not give the same bytes.
_ROWS = """
with needs as (
    select
        hash,
        array_to_string(glibc, '.') as glibc
    from glibc_needs
    where snapshot = $snapshot
)

select
    package,
    to_json([version_key, version]) as version,
    to_json([compiler_name, compiler_version]) as compiler,
    platform,
    target,
    os,
    to_json(variants) as variants,
    to_json(stacks) as stacks,
    specs.hash,
    package_hash,
    glibc
from specs
left join needs on specs.hash = needs.hash
where snapshot = $snapshot
order by
    package,
    version_key,
    specs.hash,
    version,
    platform,
    os,
    target,
    compiler_name nulls last,
    compiler_version nulls last,
    specs.variants,
    specs.stacks,
    package_hash nulls last
"""
_HASH_BYTES = 20


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The rows of a snapshot, in the order of all its files."""

    name: str
    rows: pa.Table

    @property
    def hashes(self) -> list[str]:
        """The hash of each row."""
        found: list[str] = self.rows["hash"].to_pylist()
        return found


def read(con: duckdb.DuckDBPyConnection, name: str) -> Snapshot:
    """Return the rows of a snapshot."""
    return Snapshot(name, con.sql(_ROWS, params={"snapshot": name}).to_arrow_table())


def specs_file(snapshot: Snapshot, since: Iterable[str]) -> DataFile:
    """Return the file of everything but hashes; `since` is the snapshot each row is there since.

    `glibc` is the version that a binary was built against, null where the index does not tell.
    """
    rows = snapshot.rows
    packages, package_ids = numbered(rows["package"])
    versions, version_ids = numbered_json(rows["version"])
    compilers, compiler_ids = numbered_json(rows["compiler"])
    variant_sets, variants_ids = numbered_json(rows["variants"])
    stack_sets, stacks_ids = numbered_json(rows["stacks"])
    since_names, since_ids = numbered(pa.chunked_array([pa.array(since, pa.string())]))
    variants, variant_sets = _spelled(variant_sets)
    stacks, stack_sets = _spelled(stack_sets)
    plain = {name: numbered(rows[name]) for name in ("platform", "target", "os", "glibc")}
    return data_file(
        "specs",
        {
            "snapshot": snapshot.name,
            "rows": rows.num_rows,
            "package": packages,
            "packageRows": _run_lengths(package_ids, len(packages)),
            "version": [version for _, version in versions],
            "versionKey": [key for key, _ in versions],
            "compiler": compilers,
            "variant": variants,
            "variantSet": variant_sets,
            "stack": stacks,
            "stackSet": stack_sets,
            "since": since_names,
            **{name: values for name, (values, _) in plain.items()},
            "columns": {
                "version": version_ids,
                "compiler": compiler_ids,
                "variants": variants_ids,
                "stacks": stacks_ids,
                "since": since_ids,
                **{name: ids for name, (_, ids) in plain.items()},
            },
        },
    )


def hashes_file(snapshot: Snapshot) -> DataFile:
    """Return the file of hashes, 20 bytes a row; raises DatasetError for what is no hash."""
    return data_file("hashes", b"".join(_hash_bytes(each, snapshot) for each in snapshot.hashes))


def recipes_file(snapshot: Snapshot) -> DataFile | None:
    """Return the file of the recipes' hashes, None where the snapshot knows none."""
    column = snapshot.rows["package_hash"]
    if column.null_count == len(column):
        return None
    values, ids = numbered(column)
    return data_file("recipes", {"recipe": values, "column": ids})


def numbered(column: pa.ChunkedArray) -> tuple[list[Any], list[int]]:
    """Return the distinct values of a column, sorted, null last, and each row's place there."""
    return _numbered(column, lambda value: value)


def numbered_json(column: pa.ChunkedArray) -> tuple[list[Any], list[int]]:
    """Return the same of a column of JSON texts, the values read."""
    return _numbered(column.cast(pa.string()), json.loads)


def _numbered(column: pa.ChunkedArray, read_value: Any) -> tuple[list[Any], list[int]]:
    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks)
    values = [read_value(value) for value in encoded.dictionary.to_pylist()]
    order = sorted(range(len(values)), key=lambda index: _sortable(values[index]))
    places = [0] * len(values)
    for place, index in enumerate(order):
        places[index] = place
    ids = pa.array(places, pa.int64()).take(encoded.indices).to_pylist()
    return [values[index] for index in order], ids


def _sortable(value: Any) -> tuple[Any, ...]:
    if isinstance(value, list):
        return tuple(_sortable(each) for each in value)
    return (value is None, value or "")


def _spelled(sets: list[list[str]]) -> tuple[list[str], list[list[int]]]:
    """Return the words of all sets, sorted, and the sets as numbers of words."""
    words = sorted({word for each in sets for word in each})
    places = {word: place for place, word in enumerate(words)}
    return words, [[places[word] for word in each] for each in sets]


def _run_lengths(ids: list[int], length: int) -> list[int]:
    counts = [0] * length
    for each in ids:
        counts[each] += 1
    return counts


def _hash_bytes(text: str, snapshot: Snapshot) -> bytes:
    try:
        found = base64.b32decode(text.upper())
    except (binascii.Error, ValueError):
        found = b""
    if len(found) != _HASH_BYTES or base64.b32encode(found).decode().lower() != text:
        message = f"{snapshot.name} holds {text!r}, which is no DAG hash"
        raise DatasetError(message, "what else is wrong there: census check hash_form")
    return found
