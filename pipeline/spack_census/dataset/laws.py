"""The laws that the rows of one version obey: their form, their order, and how they add up."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from spack_census.dataset import formats, schema
from spack_census.dataset.layout import PARTITION_VALUE, File, Manifest, SnapshotState


class Breach(NamedTuple):
    """A law that does not hold."""

    kind: Literal["rows", "counts"]
    """rows, where one file's rows are not as they must be; counts, where they do not add up."""
    path: str
    """From the version's folder; empty for the version as a whole."""
    snapshot: str | None
    message: str


@dataclass(slots=True)
class _Tally:
    """What the rows of one snapshot add up to."""

    specs: Counter[str] = field(default_factory=Counter)
    """Package → rows of specs."""
    written: Counter[str | None] = field(default_factory=Counter)
    """Package → specs that its document says were written; None for an index."""
    num_documents: int = 0
    num_seen: int = 0
    num_rejected: int = 0
    rejects: Counter[str] = field(default_factory=Counter)
    """Scope → rows of rejects."""


def check(version: Path, manifest: Manifest, files: Iterable[File]) -> Iterator[Breach]:
    """Yield each law that does not hold among the files given, all known to be undamaged.

    A snapshot or table that lacks a file is not added up: what is missing has been said already.
    """
    tallies: dict[str, _Tally] = defaultdict(_Tally)
    unread = {file.path for file in manifest.files}
    snapshot_rows: list[dict[str, Any]] = []
    for file in files:
        unread.remove(file.path)
        if file.table is None:
            continue
        rows, faults = _read(version, file, formats.number(manifest.format))
        yield from (Breach("rows", file.path, file.snapshot, fault) for fault in faults)
        if rows is not None and file.snapshot is not None:
            _add(tallies[file.snapshot], file, rows)
        if rows is not None and file.table == schema.SNAPSHOTS.name:
            snapshot_rows += rows.to_pylist()
    incomplete = {file.snapshot for file in manifest.files if file.path in unread}
    for name, state in manifest.snapshots.items():
        if name not in incomplete:
            for fault in _sums(tallies[name], state):
                yield Breach("counts", "", name, f"{name}: {fault}")
    if None not in incomplete:
        yield from _check_snapshots(snapshot_rows, manifest)
    yield from _check_manifest(manifest)


def _read(version: Path, file: File, of_format: int) -> tuple[pa.Table | None, list[str]]:
    tables = {table.name: table for table in formats.tables(of_format)}
    table = tables.get(file.table or "")
    if table is None:
        return None, [f"there is no table {file.table!r}"]
    try:
        rows = pq.ParquetFile(version / file.path).read()
    except (pa.ArrowException, OSError) as error:
        return None, [f"it cannot be read as Parquet: {error}"]
    faults = [*_form(table, file), *_schema(table, rows, described=of_format == schema.FORMAT)]
    if faults:
        return None, faults
    return rows, [*_content(table, file, rows)]


def _form(table: schema.Table, file: File) -> Iterator[str]:
    """Yield what is wrong with a file's path: TABLE/column=value/…/part-<sha16>.parquet."""
    first, *levels, name = file.path.split("/")
    columns = [level.partition("=")[0] for level in levels]
    values = [level.partition("=")[2] for level in levels]
    if first != table.name or tuple(columns) != table.partitions:
        yield f"its folders are not those of the table {table.name}"
    elif not all(map(PARTITION_VALUE.fullmatch, values)):
        yield "a folder has a name that no value may have"
    elif file.snapshot != dict(zip(columns, values, strict=True)).get("snapshot", file.snapshot):
        yield f"its folder is that of another snapshot than {file.snapshot}"
    if name != f"part-{file.sha256[:16]}.parquet":
        yield "its name is not that of its content"


def _schema(table: schema.Table, rows: pa.Table, *, described: bool) -> Iterator[str]:
    expected = table.file_arrow
    if not rows.schema.equals(expected):
        yield f"its columns are not those of the table {table.name}: {rows.schema.names}"
        return
    # Older formats told of the same columns in other words.
    for column in expected if described else ():
        if rows.schema.field(column.name).metadata != column.metadata:
            yield f"the column {column.name} has another description"


def _content(table: schema.Table, file: File, rows: pa.Table) -> Iterator[str]:
    if rows.num_rows != file.rows:
        yield f"{rows.num_rows:,} rows instead of {file.rows:,}"
    keys = rows.select(table.sort)
    if not keys.sort_by([(name, "ascending") for name in table.sort]).equals(keys):
        yield f"its rows are not sorted by {', '.join(table.sort)}"
    if file.snapshot is not None and "snapshot" in rows.schema.names:
        named = set(rows["snapshot"].unique().to_pylist())
        if named - {file.snapshot}:
            yield f"it holds rows of other snapshots than {file.snapshot}"


def _add(tally: _Tally, file: File, rows: pa.Table) -> None:
    if file.table == schema.SPECS.name:
        tally.specs.update(_counts(rows, "package"))
    elif file.table == schema.REJECTS.name:
        tally.rejects.update(_counts(rows, "scope"))
    elif file.table == schema.DOCUMENTS.name:
        tally.num_documents += rows.num_rows
        tally.num_seen += pc.sum(rows["num_specs_seen"]).as_py() or 0
        tally.num_rejected += pc.sum(rows["num_specs_rejected"]).as_py() or 0
        for row in rows.select(["package", "num_specs_written"]).to_pylist():
            tally.written[row["package"]] += row["num_specs_written"]


def _counts(rows: pa.Table, column: str) -> dict[str, int]:
    counted = pc.value_counts(rows[column]).to_pylist()
    return {each["values"]: each["counts"] for each in counted}


def _sums(tally: _Tally, state: SnapshotState) -> Iterator[str]:
    num_specs, num_written = tally.specs.total(), tally.written.total()
    laws = [
        ("specs", num_specs, state.num_specs),
        ("packages with specs", len(tally.specs), state.num_packages),
        ("specs that its documents say were written", num_written, state.num_specs),
        ("documents", tally.num_documents, state.num_documents),
        ("specs rejected", tally.num_rejected, state.num_specs_rejected),
        ("rejects of specs", tally.rejects["spec"], state.num_specs_rejected),
        ("rejects of documents", tally.rejects["document"], state.num_documents_rejected),
        ("specs seen", tally.num_seen, num_written + tally.num_rejected),
    ]
    for what, found, expected in laws:
        if found != expected:
            yield f"{found:,} {what}, {expected:,} accounted for"
    # An index describes many packages at once and says nothing of each.
    if None not in tally.written:
        packages = [name for name in tally.specs.keys() | tally.written.keys() if name is not None]
        wrong = [name for name in packages if tally.specs[name] != tally.written[name]]
        if wrong:
            names = ", ".join(sorted(wrong)[:3])
            yield f"{len(wrong):,} packages have not the specs that their documents say: {names}"


def _check_snapshots(rows: Sequence[dict[str, Any]], manifest: Manifest) -> Iterator[Breach]:
    found = {row["snapshot"]: row for row in rows}
    expected = {name: state for name, state in manifest.snapshots.items() if state.num_documents}
    if len(rows) != len(expected) or found.keys() != expected.keys():
        yield Breach("counts", "", None, "the table snapshots has not the manifest's snapshots")
        return
    for name, state in expected.items():
        for column in found[name].keys() & set(SnapshotState.__struct_fields__):
            if found[name][column] != getattr(state, column):
                message = f"{name}: {column} is not the same in table and manifest"
                yield Breach("counts", "", None, message)


def _check_manifest(manifest: Manifest) -> Iterator[Breach]:
    rows = dict.fromkeys(manifest.counts, 0)
    for file in manifest.files:
        if file.table is not None:
            rows[file.table] = rows.get(file.table, 0) + (file.rows or 0)
        if file.snapshot is not None and file.snapshot not in manifest.snapshots:
            message = f"it belongs to {file.snapshot}, which the manifest does not have"
            yield Breach("counts", file.path, None, message)
    for table in rows:
        if rows[table] != manifest.counts.get(table):
            yield Breach("counts", "", None, f"the rows of {table} do not add up in the manifest")
