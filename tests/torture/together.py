"""Documents to fuzz among others that are decoded with them: each is what it is alone."""

from __future__ import annotations

import msgspec

from spack_census.documents import batches, parsing
from spack_census.documents.columns import Rows
from spack_census.documents.records import Document, Reject
from support.documents_made import Spec, document, hash_of

_PATH = "mutated.md"
_BEFORE, _AFTER = (
    document(name, "develop", [Spec(hash=hash_of(name))], generation=6).encode()
    for name in ("before", "after")
)

Found = Document | Reject


def is_faultless(data: bytes) -> bool:
    """Tell whether a document is decoded together with others."""
    return _is_together(_parse(data)[1])


def check(data: bytes) -> str:
    """Parse a document between two others; demand of all three what each is alone."""
    found = _parse(data)
    for ours, text in zip(found, (_BEFORE, data, _AFTER), strict=True):
        assert _listed(ours) == parsing.parse(text, _PATH)
    return "decoded together" if _is_together(found[1]) else "left to be decoded alone"


def _parse(data: bytes) -> list[Found]:
    files = [(_PATH, text) for text in (_BEFORE, data, _AFTER)]
    return list(batches.parse(files, lambda path, text: parsing.parse(text, path)))


def _listed(found: Found) -> Found:
    if isinstance(found, Reject):
        return found
    return msgspec.structs.replace(found, records=tuple(found.records))


def _is_together(found: Found) -> bool:
    return isinstance(found, Document) and isinstance(found.records, Rows)
