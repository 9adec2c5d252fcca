"""The `spec_details` of many documents → Arrow columns at once, where nothing is wrong with any.

What is taken here must be exactly what `decoding` makes of each list alone. Whatever is odd in any
way is left to it: then `decode` returns None and does not say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, overload

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pj

from spack_census.dataset.schema import COUNT, SPECS, TEXT, TEXTS
from spack_census.documents import details, generations, values
from spack_census.documents.records import Record, Rejected
from spack_census.spack.versions import version_key

_DETAILS = pa.list_(
    pa.struct(
        [(name, TEXT) for name in ("compiler", "hash", "os", "platform", "size", "target")]
        + [(name, TEXTS) for name in ("stacks", "variants", "versions")]
    )
)
# A key or value that is not as it should be, or stands twice, is an error of the parser.
_PARSE = pj.ParseOptions(
    explicit_schema=pa.schema([("details", _DETAILS)]), unexpected_field_behavior="error"
)
_COLUMNS = tuple(name for name in SPECS.arrow.names if name != "snapshot")
_UNKNOWN = ("tarball_url", "namespace", "package_hash", "build_spec")
"""Columns that no document taken here fills."""


@dataclass(frozen=True, slots=True)
class Rows(Sequence[Record]):
    """Records that stand in a table, and are made only if they are asked for one by one."""

    table: pa.Table
    """All columns of `SPECS` but the snapshot."""
    start: int
    stop: int

    def joins(self, other: Rows) -> bool:
        """Tell whether the other's rows come right after these."""
        return self.table is other.table and self.stop == other.start

    def __len__(self) -> int:
        return self.stop - self.start

    def __iter__(self) -> Iterator[Record]:
        for row in self.table.slice(self.start, len(self)).to_pylist():
            lists = {name: tuple(row[name]) for name in ("variants", "flags", "stacks")}
            plain = {name: value for name, value in row.items() if name != "version_key"}
            yield Record(**{**plain, **lists})

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | Sequence[Record]:
        places = range(self.start, self.stop)[index]
        if isinstance(places, int):
            (record,) = Rows(self.table, places, places + 1)
            return record
        if places.step == 1:
            return Rows(self.table, places.start, max(places.start, places.stop))
        return [self[place - self.start] for place in places]


class Decoded(NamedTuple):
    """What many lists hold, in their order."""

    records: list[Rows]
    generations: list[tuple[int, int | None]]
    """(generation, hash epoch) of each."""


def is_eligible(details: bytes) -> bool:
    """Tell whether a list can be decoded here if it is faultless.

    Without a backslash no text holds a line break, which `_joined` relies on.
    """
    return b"\\" not in details and b'"tarball"' not in details


def decode(packages: Sequence[str], details: Sequence[bytes]) -> Decoded | None:
    """Return the records of lists that are eligible, None where one of them is not faultless."""
    try:
        lists = _lists(details)
        # One document's text must not become two lists.
        if lists.null_count or len(lists) != len(details):
            return None
        specs = lists.flatten()
        parents = pc.list_parent_indices(lists)
        if specs.null_count or not _is_plain(specs) or _has_twins(parents, specs.field("hash")):
            return None
        package = pa.array(packages, TEXT).take(parents)
        columns = {"package": package, **_columns(specs)}
    except (pa.ArrowInvalid, Rejected):
        return None
    table = pa.Table.from_arrays([columns[name] for name in _COLUMNS], _COLUMNS)
    records = [Rows(table, start, stop) for start, stop in pairwise(lists.offsets.to_pylist())]
    return Decoded(records, _generations(specs, lists.offsets))


def _lists(details: Sequence[bytes]) -> pa.ListArray:
    text = b"".join(b'{"details":%b}\n' % each for each in details)
    options = pj.ReadOptions(use_threads=False, block_size=len(text) + 1)
    table = pj.read_json(pa.BufferReader(text), read_options=options, parse_options=_PARSE)
    return table.column("details").combine_chunks()


def _is_plain(specs: pa.StructArray) -> bool:
    for field in specs.type:
        column = specs.field(field.name)
        if field.name != "size" and column.null_count:
            return False
        if pa.types.is_list(field.type):
            texts = column.flatten()
            # `_joined` cannot tell an empty text from no text.
            if texts.null_count or pc.index(texts, "").as_py() >= 0:
                return False
    matches = pc.match_substring_regex(specs.field("hash"), f"^{details.HASH.pattern}$")
    versions = pc.list_value_length(specs.field("versions"))
    # Of no specs at all, `all` says null.
    return pc.all(pc.and_(matches, pc.equal(versions, 1))).as_py() is not False


def _has_twins(parents: pa.Array, hashes: pa.Array) -> bool:
    """Tell whether a hash stands twice in one list; another list may well have it too."""
    if pc.count_distinct(hashes).as_py() == len(hashes):
        return False
    pairs = pa.table({"parent": parents, "hash": hashes})
    distinct = pairs.group_by(pairs.column_names, use_threads=False).aggregate([])
    return bool(distinct.num_rows < len(hashes))


def _columns(specs: pa.StructArray) -> dict[str, pa.Array]:
    """Return what the specs tell; raises Rejected for what cannot stand in a column."""
    compiler, version = specs.field("compiler"), specs.field("versions").flatten()
    variants, stacks = _joined(specs.field("variants")), _joined(specs.field("stacks"))
    return dict.fromkeys(_UNKNOWN, pa.nulls(len(specs), TEXT)) | {
        "platform": _mapped(specs.field("platform"), values.platform),
        "target": _mapped(specs.field("target"), values.target),
        "version": _mapped(version, values.version),
        "version_key": _mapped(version, version_key),
        "compiler_name": _mapped(compiler, lambda text: values.compiler(text).name),
        "compiler_version": _mapped(compiler, lambda text: values.compiler(text).version),
        "compiler_written": _mapped(compiler, lambda text: values.compiler(text).written),
        "os": _mapped(specs.field("os"), values.operating_system),
        "variants": _mapped(variants, lambda text: values.variants(_parted(text)), TEXTS),
        "flags": _no_texts(len(specs)),
        "stacks": _mapped(stacks, lambda text: values.stacks(_parted(text)), TEXTS),
        "hash": specs.field("hash"),
        "size_bytes": _mapped(specs.field("size"), values.size_bytes, COUNT),
    }


def _no_texts(count: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), count + 1), pa.array([], TEXT)
    )


def _mapped(
    column: pa.Array, function: Callable[[str], Any], type_: pa.DataType = TEXT
) -> pa.Array:
    """Return the values as a function changes them, which is asked once for each distinct one."""
    coded = column.dictionary_encode()
    return pa.array(map(function, coded.dictionary.to_pylist()), type_).take(coded.indices)


def _joined(lists: pa.ListArray) -> pa.Array:
    """Return each list as one text, which Arrow tells apart fast; `_parted` gives it back."""
    return pc.binary_join(lists, "\n")


def _parted(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _generations(specs: pa.StructArray, offsets: pa.Array) -> list[tuple[int, int | None]]:
    """Return (generation, hash epoch) of each list, from the marks that its specs bear."""
    compilers = specs.field("compiler")
    variants = _joined(specs.field("variants"))
    has_array = _any(variants, lambda text: generations.has_array(_parted(text)), offsets)
    has_none = _any(compilers, generations.is_none, offsets)
    has_package = _any(compilers, generations.is_package, offsets)
    has_equals = _any(compilers, generations.is_equals, offsets)
    bounds = offsets.to_pylist()
    return [
        generations.generation(
            generations.Marks(
                is_empty=start == stop,
                has_tarball=False,
                has_array=has_array[index],
                has_none=has_none[index],
                has_package=has_package[index],
                has_equals=has_equals[index],
            )
        )
        for index, (start, stop) in enumerate(pairwise(bounds))
    ]


def _any(column: pa.Array, test: Callable[[str], bool], offsets: pa.Array) -> list[bool]:
    """Tell of each list whether one of its values passes a test, asked once for each distinct."""
    coded = column.dictionary_encode()
    passed = [test(text) for text in coded.dictionary.to_pylist()]
    if not any(passed):
        return [False] * (len(offsets) - 1)
    counts = pa.array(passed).cast(pa.int64()).take(coded.indices)
    sums = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(counts)])
    return [before < after for before, after in pairwise(sums.take(offsets).to_pylist())]
