"""What sources of documents share, wherever the files lie: which are documents, and reading them.

A file is a document if its name ends in .md, .markdown or .txt, or if it starts with front matter
that names a category; README files and dot-files never are. Beside documents of generations 1 to 3
lie spec files (`spec-0.json`): they belong to their documents and are no candidates themselves.
"""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from spack_census.documents import batches, frontmatter, legacy, parsing
from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Document, Problem, Reason, Reject
from spack_census.sources.model import Entry

DOCUMENT_SUFFIXES = (".md", ".markdown", ".txt")
HEAD_BYTES = 4096
"""How much of a file tells whether it is a document."""


class Files(Protocol):
    """Files that can be read by path."""

    @property
    def unnamed(self) -> str | None:
        """The snapshot of documents that name none."""

    def read(self, path: str, limit: int | None = None) -> bytes:
        """Return a file's bytes, or its first `limit`; raises SourceError naming the file."""

    def sibling(self, path: str, name: str) -> bytes | None:
        """Return the bytes of a spec file in a document's folder; None where there is none."""


def is_candidate(name: str) -> bool:
    """Tell whether a file or folder of this name may be or hold a document."""
    # Asked of each of a million names, of which hardly one has a dot.
    return "." not in name or not (name[0] == "." or name.upper().startswith("README."))


def is_spec_file(name: str) -> bool:
    """Tell whether a file of this name describes a spec for a document beside it."""
    return legacy.SPEC_FILE.fullmatch(name) is not None


def state_of(siblings: Iterable[tuple[str, str]]) -> str:
    """Return what a folder's spec files, (name, state) each, add to its documents' states.

    Empty where there are none: nearly all documents have none.
    """
    lines = "".join(f"{name}\0{state}\n" for name, state in sorted(siblings))
    return f".{hashlib.sha256(lines.encode()).hexdigest()}" if lines else ""


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
    head = files.read(path, HEAD_BYTES)
    if not is_document(path, head):
        return None
    snapshot = frontmatter.peek(head)
    if snapshot is not None:
        return snapshot
    # The spec files are left unread: they do not tell the snapshot.
    found = parsing.parse(files.read(path), path, files.unnamed)
    return found if isinstance(found, Reject) and found.snapshot is None else found.snapshot


def is_document(path: str, head: bytes) -> bool:
    """Tell whether a file that begins like this is a document."""
    if path.endswith(DOCUMENT_SUFFIXES):
        return True
    body = head.removeprefix(b"\xef\xbb\xbf")
    return body.startswith((b"---\n", b"---\r\n")) and b"\ncategor" in body


def read_documents(files: Files, paths: Sequence[str]) -> Iterator[Document | Reject]:
    """Return an iterator of what each document holds, in path order."""
    found = ((path, files.read(path)) for path in sorted(paths))
    return batches.parse(found, functools.partial(_parse, files))


def _parse(files: Files, path: str, data: bytes) -> Document | Reject:
    sibling = functools.partial(files.sibling, path)
    return parsing.parse(data, path, files.unnamed, sibling)
