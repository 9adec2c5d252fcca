"""What reading may cost, and the number of the rules by which documents become rows."""

from __future__ import annotations

from dataclasses import dataclass

RULES = 3
"""Raised when the same documents must give other rows: every snapshot is then built anew."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one document may cost, and one archive."""

    document_bytes: int = 16 * 1024 * 1024
    spec_file_bytes: int = 4 * 1024 * 1024
    index_bytes: int = 2 * 1024 * 1024 * 1024
    yaml_bytes: int = 256 * 1024
    nodes: int = 250_000
    depth: int = 64
    text_characters: int = 10_000
    message_characters: int = 300
    archive_members: int = 2_000_000
    archive_bytes: int = 16 * 1024**3
    archive_kept_bytes: int = 2 * 1024**3


LIMITS = Limits()
