"""Records → Arrow tables that conform to `schema.py`, sorted, the same for the same records."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spack_census.dataset import schema
from spack_census.documents.columns import Rows
from spack_census.documents.records import Document, Problem, Record, Reject
from spack_census.spack.versions import version_key


def specs(documents: Iterable[Document]) -> pa.Table:
    """Return one row for each record, sorted by place, in the schema of `schema.SPECS`."""
    pieces: list[pa.Table] = []
    singly: list[Document] = []
    # What stands side by side in a table is taken in one piece.
    run: tuple[str, Rows] | None = None
    for document in documents:
        rows = document.records
        if not isinstance(rows, Rows):
            singly.append(document)
        elif run is not None and run[0] == document.snapshot and run[1].joins(rows):
            run = document.snapshot, Rows(rows.table, run[1].start, rows.stop)
        else:
            if run is not None:
                pieces.append(_specs_in_run(*run))
            run = document.snapshot, rows
    if run is not None:
        pieces.append(_specs_in_run(*run))
    return _finished(schema.SPECS, pa.concat_tables([_specs_singly(singly), *pieces]))


def _specs_in_run(snapshot: str, rows: Rows) -> pa.Table:
    table = rows.table.slice(rows.start, len(rows))
    named = table.append_column("snapshot", pa.repeat(pa.scalar(snapshot, pa.string()), len(rows)))
    columns = named.select(schema.SPECS.arrow.names).columns
    return pa.Table.from_arrays(columns, schema=schema.SPECS.arrow)


def _specs_singly(documents: Iterable[Document]) -> pa.Table:
    snapshots: list[str] = []
    records: list[Record] = []
    for document in documents:
        snapshots += [document.snapshot] * len(document.records)
        records += document.records
    columns: dict[str, Sequence[Any]] = {
        name: list(map(attrgetter(name), records))
        for name in schema.SPECS.arrow.names
        if name not in ("snapshot", "version_key")
    }
    columns["snapshot"] = snapshots
    columns["version_key"] = list(map(version_key, columns["version"]))
    return _columnar(schema.SPECS, columns)


def externals(documents: Iterable[Document]) -> pa.Table:
    """Return one row for each external of the documents, in the schema of `schema.EXTERNALS`."""
    pairs = [(each.snapshot, record) for each in documents for record in each.externals]
    columns: dict[str, Sequence[Any]] = {
        name: [getattr(record, name) for _, record in pairs]
        for name in schema.EXTERNALS.arrow.names
        if name not in ("snapshot", "version_key")
    }
    columns["snapshot"] = [snapshot for snapshot, _ in pairs]
    columns["version_key"] = list(map(version_key, columns["version"]))
    return _finished(schema.EXTERNALS, _columnar(schema.EXTERNALS, columns))


def documents(documents: Iterable[Document]) -> pa.Table:
    """Return one row for each document, in the schema of `schema.DOCUMENTS`."""
    found = list(documents)
    arrow = schema.DOCUMENTS.arrow
    columns: dict[str, pa.Array] = {
        "num_specs_written": pa.array([len(each.records) for each in found], pa.int64()),
        "num_specs_rejected": pa.array([len(each.problems) for each in found], pa.int64()),
        "stacks_declared": _stacks_declared(found, arrow.field("stacks_declared").type),
    }
    for field in arrow:
        if field.name not in columns:
            columns[field.name] = pa.array(map(attrgetter(field.name), found), field.type)
    arrays = [columns[name] for name in arrow.names]
    return _finished(schema.DOCUMENTS, pa.Table.from_arrays(arrays, schema=arrow))


def _stacks_declared(documents: Sequence[Document], type_: pa.DataType) -> pa.Array:
    """Return the lists of (stack, number of specs), put together from columns: dicts are slow."""
    pairs = [pair for each in documents for pair in each.stacks_declared]
    columns = [
        pa.array([stack for stack, _ in pairs], pa.string()),
        pa.array([count for _, count in pairs], pa.int64()),
    ]
    fields = list(type_.value_type)
    offsets = [0, *itertools.accumulate(len(each.stacks_declared) for each in documents)]
    counts = pa.StructArray.from_arrays(columns, fields=fields)
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), counts, type=type_)


def dependencies(documents: Iterable[Document]) -> pa.Table:
    """Return one row for each direct dependency, in the schema of `schema.DEPENDENCIES`."""
    columns: dict[str, list[Any]] = {name: [] for name in schema.DEPENDENCIES.arrow.names}
    for document in documents:
        if isinstance(document.records, Rows):
            continue  # no document names a dependency
        edges = [
            (record.hash, each)
            for record in (*document.records, *document.externals)
            for each in record.dependencies
        ]
        columns["snapshot"] += [document.snapshot] * len(edges)
        columns["hash"] += [spec for spec, _ in edges]
        columns["dependency"] += [each.name for _, each in edges]
        columns["dependency_hash"] += [each.hash for _, each in edges]
        columns["deptypes"] += [each.deptypes for _, each in edges]
        columns["virtuals"] += [each.virtuals for _, each in edges]
    return _finished(schema.DEPENDENCIES, _columnar(schema.DEPENDENCIES, columns))


def rejects(documents: Iterable[Document], rejected: Iterable[Reject]) -> pa.Table:
    """Return one row for each rejected spec and document, in the schema of `schema.REJECTS`."""
    found = [
        _reject_row(
            Reject(
                document.path,
                document.sha256,
                document.size_bytes,
                problem,
                document.snapshot,
                document.package,
                1,
            ),
            "spec",
        )
        for document in documents
        for problem in document.problems
    ]
    found += [_reject_row(reject, "document") for reject in rejected]
    return rows(schema.REJECTS, found)


def _reject_row(reject: Reject, scope: str) -> dict[str, Any]:
    problem: Problem = reject.problem
    return {
        "snapshot": reject.snapshot,
        "package": reject.package,
        "path": reject.path,
        "sha256": reject.sha256,
        "size_bytes": reject.size_bytes,
        "scope": scope,
        "reason": problem.reason.value,
        "place": problem.place,
        "message": problem.message,
        "remedy": problem.remedy,
        "hash": problem.hash,
        "num_specs": reject.num_specs,
    }


def rows(table: schema.Table, found: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return rows given as mappings as a sorted Arrow table of that schema."""
    return _finished(table, pa.Table.from_pylist(list(found), schema=table.arrow))


def _columnar(table: schema.Table, columns: Mapping[str, Sequence[Any]]) -> pa.Table:
    arrays = [_array(columns[field.name], field.type) for field in table.arrow]
    return pa.Table.from_arrays(arrays, schema=table.arrow)


def _array(values: Sequence[Any], type_: pa.DataType) -> pa.Array:
    if not pa.types.is_list(type_):
        return pa.array(values, type_)
    # A few lists come many times, and each is slow to convert: convert the distinct ones.
    codes: dict[Any, int] = {}
    indices = [codes.setdefault(value, len(codes)) for value in values]
    return pa.array(list(codes), type_).take(pa.array(indices, pa.int32()))


def _finished(table: schema.Table, built: pa.Table) -> pa.Table:
    for field, column in zip(table.arrow, built.columns, strict=True):
        assert field.nullable or not column.null_count, f"null in {table.name}.{field.name}"
    keys = [(name, "ascending") for name in (*table.partitions, *table.sort)]
    # In one piece first: rows are picked from several pieces far more slowly.
    whole = built.combine_chunks()
    return whole.take(pc.sort_indices(whole, sort_keys=keys))
