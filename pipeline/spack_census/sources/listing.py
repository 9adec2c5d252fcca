"""Which indexes make up a snapshot: the site's list of them, or a mirror on its own.

{"develop-2026-01-11": [{"label": "e4s", "url": "s3://spack-binaries/develop-2026-01-11/e4s/…"}]}

The list is read relative to where it lies: what the public bucket holds is beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from spack_census.documents import strict
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError
from spack_census.spack import series

LISTING = "cache_spack_io_index.json"
ROOT = "root"
"""The label of the index of a whole snapshot, the union of its stacks."""

_PUBLIC = ("spack-binaries", "binaries.spack.io")
"""The public bucket, by its own name and by that of its host."""
_REMEDY = "fetch it again: census fetch URL --to FOLDER"


class Listed(NamedTuple):
    """One index of a snapshot, and its place below the folder of the list."""

    snapshot: str
    label: str
    relative: str
    url: str = ""

    @property
    def path(self) -> str:
        """Its name in messages and rows."""
        return f"{self.snapshot}/{self.label}"

    @property
    def is_elsewhere(self) -> bool:
        """Whether the list names another host than that of the public bucket."""
        return urlsplit(self.url).netloc not in ("", *_PUBLIC)


class _Item(msgspec.Struct):
    label: str
    url: str


class Listing(NamedTuple):
    """What a list names."""

    indexes: list[Listed]
    """By snapshot and label."""
    empty: list[str]
    """Snapshots without an index, sorted."""


def decode(data: bytes, name: str) -> Listing:
    """Return what a list names; raises SourceError."""
    try:
        value = strict.json_value(data, "list", 1)
        listed = msgspec.convert(value, dict[str, list[_Item]])
    except (Rejected, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise SourceError(f"{name} is no list of indexes: {error}", _REMEDY) from error
    try:
        found = [
            Listed(snapshot, item.label, relative_of(item.url), item.url)
            for snapshot, items in listed.items()
            for item in items
        ]
    except ValueError as error:
        raise SourceError(f"{name} names what is no address: {error}", _REMEDY) from error
    paths: set[str] = set()
    for each in found:
        if not each.label.strip() or "/" in each.label or each.path in paths:
            message = f"{name}: the label {each.label!r} of {each.snapshot!r} is no name of its own"
            raise SourceError(message, _REMEDY)
        paths.add(each.path)
    return Listing(sorted(found), sorted(each for each, items in listed.items() if not items))


def relative_of(url: str) -> str:
    """Return where a listed index lies, relative to the list; raises ValueError for no address."""
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise ValueError("one with a user's name or password")
    path = parts.path.strip("/")
    return f"{parts.netloc}/{path}" if parts.netloc and parts.netloc not in _PUBLIC else path


def alone(mirror: Path, relative: str, unnamed: str | None) -> Listed:
    """Return the only index of a mirror that no list names.

    Its snapshot is `unnamed`, else what its folder's name or the folder above it says, as in
    develop-2026-01-11/e4s; then the folder is the stack. Raises SourceError where none says it.
    """
    stack, above = mirror.name, mirror.parent.name
    if _is_snapshot(stack) or not _is_snapshot(above):
        snapshot, label = unnamed or stack, ROOT
    else:
        snapshot, label = unnamed or above, stack
    if unnamed is None and not _is_snapshot(snapshot):
        message = f"nothing says which snapshot the index in {mirror} belongs to"
        raise SourceError(message, "name it: census build SOURCE --as NAME")
    return Listed(snapshot, label, relative)


def _is_snapshot(name: str) -> bool:
    return series.classify(name).series != "other"
