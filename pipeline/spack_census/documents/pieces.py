"""The `spec_details` of many documents → five pieces of each spec, cut beside its hash and lists.

compiler   "compiler": "gcc@=11.4.0
           ", "hash": "4augdlfndn5chn5g47khmdchzi734tuo
build      ", "os": "ubuntu22.04", "platform": "linux", "size": "-", "stacks
place      ": ["e4s", "root"], "target": "x86_64_v3", "variants
variants   ": ["+pic", "build_system=cmake"], "versions
version    ": ["2.1.6"]

Few pieces differ in a million specs, and only those that do are decoded, strictly. Without a
backslash each quote begins or ends a text, so a piece that is one when its ends are put back is
what a decoder of the whole would have seen there. What only looks like a cut, or is written in
another form, leaves pieces that are none.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET, UnsetType

TEXT = pa.string()
_SPECS = "}, {"
_LISTS = '": ['
_HASH = '", "hash": "'
_HASH_CHARACTERS = 32
_IS_HASH = f"^[a-z2-7]{{{_HASH_CHARACTERS}}}$"
_FOR_EVER = 1 << 31


class _Piece(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A piece with its ends put back; what was put back to make it whole is empty."""


class _Compiler(_Piece):
    compiler: str


class Build(_Piece):
    """What stands between the hash of a spec and its stacks."""

    hash: Literal[""]
    os: str
    platform: str
    stacks: tuple[()]
    size: str | UnsetType | None = UNSET


class Place(_Piece):
    """The stacks of a spec, and what stands between them and its variants."""

    stacks: tuple[str, ...]
    target: str
    variants: tuple[()]


class _Variants(_Piece):
    variants: tuple[str, ...]
    versions: tuple[()]


class _Version(_Piece):
    versions: tuple[str]


P = TypeVar("P", bound=_Piece)


def _num_texts(value: str | tuple[str, ...] | None) -> int:
    return len(value) if isinstance(value, tuple) else int(value is not None)


def _decoder(before: str, kind: type[P], after: str) -> Callable[[str], P]:
    """Return what decodes a piece between its ends; it raises msgspec.MsgspecError."""
    decoder = msgspec.json.Decoder(kind)

    @functools.lru_cache(maxsize=1 << 14)
    def decode(piece: str) -> P:
        text = f"{before}{piece}{after}"
        found = decoder.decode(text)
        told = (getattr(found, name) for name in kind.__struct_fields__)
        # A key that stands twice has quotes of its own, however it is spaced.
        if text.count('"') != 2 * sum(1 + _num_texts(each) for each in told if each is not UNSET):
            raise msgspec.ValidationError("a key stands twice")
        return found

    return decode


_compiler = _decoder("{", _Compiler, '"}')
_variants = _decoder('{"variants": [', _Variants, '": []}')
_version = _decoder('{"versions": [', _Version, "}")
build = _decoder('{"hash": "', Build, '": []}')
place = _decoder('{"stacks": [', Place, '": []}')


def compiler(piece: str) -> str:
    """Return the compiler as it is written; raises msgspec.MsgspecError."""
    return _compiler(piece).compiler


def variants(piece: str) -> tuple[str, ...]:
    """Return the variants as they are written; raises msgspec.MsgspecError."""
    return _variants(piece).variants


def version(piece: str) -> str:
    """Return the only version; raises msgspec.MsgspecError."""
    return _version(piece).versions[0]


class Coded(NamedTuple):
    """A column: its distinct texts, and for each row the place of its own among them."""

    texts: list[str]
    indices: pa.Array

    def column(self, function: Callable[[str], Any], type_: pa.DataType = TEXT) -> pa.Array:
        """Return the texts as a function changes them, which is asked once for each."""
        return pa.array(map(function, self.texts), type_).take(self.indices)


class Pieces(NamedTuple):
    """The specs of many lists, in their order."""

    offsets: pa.Array
    """Where each list begins, and the last one ends."""
    parents: pa.Array
    """The number of the list that each spec stands in."""
    hashes: pa.Array
    compiler: Coded
    build: Coded
    place: Coded
    variants: Coded
    version: Coded


def is_eligible(details: bytes) -> bool:
    """Tell whether a list can be cut if it is faultless."""
    begins_and_ends = details.startswith(b'[{"') and details.endswith(b"}]")
    return (begins_and_ends or details == b"[]") and b"\\" not in details


def cut(details: Sequence[bytes]) -> Pieces | None:
    """Return the pieces of lists that are eligible, None where one is not like the others."""
    # Of no text no specs are made, of an empty one there would be one.
    lists = pc.split_pattern(pa.array([each[2:-2] or None for each in details], TEXT), _SPECS)
    columns = _split(lists.flatten(), _LISTS, 4)
    head = _split(columns[0], _HASH, 2) if columns else None
    if columns is None or head is None:
        return None
    tail = head[1].view(pa.binary())
    hashes = pc.binary_slice(tail, 0, _HASH_CHARACTERS).view(TEXT)
    if pc.all(pc.match_substring_regex(hashes, _IS_HASH)).as_py() is False:
        return None
    build = pc.binary_slice(tail, _HASH_CHARACTERS, _FOR_EVER).view(TEXT)
    coded = map(_coded, (head[0], build, *columns[1:]))
    return Pieces(lists.offsets, pc.list_parent_indices(lists), hashes, *coded)


def _split(texts: pa.Array, pattern: str, count: int) -> list[pa.Array] | None:
    """Return columns of what stands between the patterns; None unless each text has `count`."""
    parts = pc.split_pattern(texts, pattern)
    lengths = pc.min_max(pc.list_value_length(parts)).as_py()
    if len(texts) and lengths != {"min": count, "max": count}:
        return None
    rows = pa.FixedSizeListArray.from_arrays(parts.values, count)
    return [pc.list_element(rows, number) for number in range(count)]


def _coded(column: pa.Array) -> Coded:
    coded = column.dictionary_encode()
    return Coded(coded.dictionary.to_pylist(), coded.indices)
