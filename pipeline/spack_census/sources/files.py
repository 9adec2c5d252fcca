"""What sources of documents share, wherever the files lie: which are documents, and reading them.

A file is a document if its name ends in .md, .markdown or .txt, or if it starts with front matter
that names a category; README files and dot-files never are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from spack_census import bulk, documents, frontmatter
from spack_census.config import LIMITS
from spack_census.records import Document, Problem, Reason, Reject
from spack_census.sources import Entry

DOCUMENT_SUFFIXES = (".md", ".markdown", ".txt")
_HEAD_BYTES = 4096


class Files(Protocol):
    """Files that can be read by path."""

    @property
    def unnamed(self) -> str | None:
        """The snapshot of documents that name none."""

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a file's bytes, or its first `limit`; raises SourceError naming the file."""


def is_candidate(name: str) -> bool:
    """Tell whether a file or folder of this name may be or hold a document."""
    return not name.startswith(".") and not name.upper().startswith("README.")


def too_large(entry: Entry) -> Reject | None:
    """Return a Reject for a document that is not even opened, for its size."""
    if entry.size <= LIMITS.document_bytes or not entry.path.endswith(DOCUMENT_SUFFIXES):
        return None
    message = f"{entry.size:,} bytes; at most {LIMITS.document_bytes:,} are read"
    return rejected(entry.path, entry.size, Reason.TOO_LARGE, message, "split the document")


def rejected(path: str, size: int | None, reason: Reason, message: str, remedy: str) -> Reject:
    """Return a Reject for a file that could not be read."""
    return Reject(path, None, size, Problem(reason, "file", message, remedy))


def snapshot_of(files: Files, path: str) -> str | Reject | None:
    """Return what `Source.snapshot_of` returns, reading as little as tells it."""
    head = files.read(path, _HEAD_BYTES)
    if not _is_document(path, head):
        return None
    snapshot = frontmatter.peek(head)
    if snapshot is not None:
        return snapshot
    found = documents.parse(files.read(path), path)
    return found if isinstance(found, Reject) and found.snapshot is None else found.snapshot


def _is_document(path: str, head: bytes) -> bool:
    if path.endswith(DOCUMENT_SUFFIXES):
        return True
    body = head.removeprefix(b"\xef\xbb\xbf")
    return body.startswith((b"---\n", b"---\r\n")) and b"\ncategor" in body


def read_documents(files: Files, paths: Sequence[str]) -> Iterator[Document | Reject]:
    """Return an iterator of what each document holds, in path order."""
    return bulk.parse((path, files.read(path)) for path in sorted(paths))
