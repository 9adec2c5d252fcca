"""Many documents' bytes → Documents and Rejects, as `documents.parse` gives them, but faster."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from spack_census.documents import columns, frontmatter, parsing, pieces
from spack_census.documents.frontmatter import PlainFields
from spack_census.documents.parsing import StackCounts
from spack_census.documents.records import Document, Reject

_BATCH_BYTES = 16 * 1024 * 1024
"""Enough that Arrow's cost of a batch does not show, few enough to lose little when one fails."""

_Decoded = tuple[columns.Rows, tuple[int, int | None]]
"""A document's records, its generation and the epoch of its hashes."""

File = tuple[str, bytes]
"""A document's path and its bytes."""

Singly = Callable[[str, bytes], Document | Reject]
"""`documents.parse` with what else it is to know."""


class _Plain(NamedTuple):
    """A document without fault, but for its specs, which are not decoded yet."""

    fields: PlainFields
    num_specs_declared: int
    stacks_declared: StackCounts


def parse(files: Iterable[File], singly: Singly) -> Iterator[Document | Reject]:
    """Yield what `singly` returns for each file, in order, asking it only in doubt."""
    batch: list[File] = []
    size = 0
    for file in files:
        batch.append(file)
        size += len(file[1])
        if size >= _BATCH_BYTES:
            yield from _parse_batch(batch, singly)
            batch, size = [], 0
    yield from _parse_batch(batch, singly)


def _parse_batch(batch: list[File], singly: Singly) -> Iterator[Document | Reject]:
    plain = {
        number: found
        for number, (_, data) in enumerate(batch)
        if (found := _plain(data)) is not None
    }
    rows = _rows([*plain], plain)
    for number, (path, data) in enumerate(batch):
        if number in rows:
            yield _document(path, data, plain[number], *rows[number])
        else:
            yield singly(path, data)


def _rows(numbers: list[int], plain: Mapping[int, _Plain]) -> dict[int, _Decoded]:
    """Return what can be decoded at once, halving what fails until the odd ones are alone."""
    fields = [plain[number].fields for number in numbers]
    decoded = columns.decode([each.title for each in fields], [each.details for each in fields])
    if decoded is not None:
        pairs = zip(decoded.records, decoded.generations, strict=True)
        return dict(zip(numbers, pairs, strict=True))
    half = len(numbers) // 2
    return _rows(numbers[:half], plain) | _rows(numbers[half:], plain) if half else {}


def _plain(data: bytes) -> _Plain | None:
    fields = frontmatter.exact(data)
    if fields is None or not pieces.is_eligible(fields.details):
        return None
    declared = parsing.declared(fields.meta)
    return None if declared is None else _Plain(fields, *declared)


def _document(
    path: str,
    data: bytes,
    plain: _Plain,
    records: columns.Rows,
    generation: tuple[int, int | None],
) -> Document:
    package, snapshot = plain.fields.title, plain.fields.snapshot
    return Document(
        snapshot=snapshot,
        package=package,
        path=path,
        sha256=hashlib.sha256(data).hexdigest(),
        size_bytes=len(data),
        generation=generation[0],
        num_specs_seen=len(records),
        num_specs_declared=plain.num_specs_declared,
        stacks_declared=plain.stacks_declared,
        warnings=tuple(parsing.path_warnings(path, snapshot, package)),
        records=records,
        problems=(),
        hash_epoch=generation[1],
    )
