"""The two readers of documents, asked for the same one: many at once, and each alone."""

from __future__ import annotations

import msgspec

from spack_census.documents import batches, parsing
from spack_census.documents.columns import Rows
from spack_census.documents.records import Document, Reject


def alone(data: bytes, path: str = "a.md") -> Document | Reject:
    """Return what the careful reader says."""
    return parsing.parse(data, path)


def together(data: bytes, path: str = "a.md") -> Document | None:
    """Return the document as the reader of many makes it, None where it leaves it to the other."""
    asked: list[str] = []

    def singly(path: str, data: bytes) -> Document | Reject:
        asked.append(path)
        return parsing.parse(data, path)

    [found] = batches.parse([(path, data)], singly)
    if asked:
        return None
    assert isinstance(found, Document)
    assert isinstance(found.records, Rows)
    return msgspec.structs.replace(found, records=tuple(found.records))
