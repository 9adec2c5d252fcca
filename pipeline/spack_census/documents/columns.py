"""The `spec_details` of many documents → Arrow columns at once, where nothing is wrong with any.

What is taken here must be exactly what `details` makes of each list alone. Whatever is odd in any
way is left to it: then `decode` returns None and does not say why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, overload

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import UNSET

from spack_census.dataset.schema import SPECS
from spack_census.documents import generations, pieces, values
from spack_census.documents.pieces import TEXT, Coded, Pieces
from spack_census.documents.records import Record, Rejected
from spack_census.spack.versions import version_key

TEXTS, COUNT = pa.list_(TEXT), pa.int64()
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


def decode(packages: Sequence[str], details: Sequence[bytes]) -> Decoded | None:
    """Return the records of lists that can be cut, None where one of them is not faultless."""
    found = pieces.cut(details)
    if found is None or _has_twins(found):
        return None
    try:
        columns = {"package": pa.array(packages, TEXT).take(found.parents), **_columns(found)}
    except (msgspec.MsgspecError, Rejected):
        return None
    table = pa.Table.from_arrays([columns[name] for name in _COLUMNS], _COLUMNS)
    records = [Rows(table, start, stop) for start, stop in pairwise(found.offsets.to_pylist())]
    return Decoded(records, _generations(found))


def _has_twins(found: Pieces) -> bool:
    """Tell whether a hash stands twice in one list; another list may well have it too."""
    if pc.count_distinct(found.hashes).as_py() == len(found.hashes):
        return False
    pairs = pa.table({"parent": found.parents, "hash": found.hashes})
    distinct = pairs.group_by(pairs.column_names, use_threads=False).aggregate([])
    return bool(distinct.num_rows < len(found.hashes))


def _columns(found: Pieces) -> dict[str, pa.Array]:
    """Return what the specs tell; raises Rejected or MsgspecError for what is not faultless."""
    compiler, build, place = found.compiler, found.build, found.place
    variants, version = found.variants, found.version
    return dict.fromkeys(_UNKNOWN, pa.nulls(len(found.hashes), TEXT)) | {
        "platform": build.column(lambda piece: values.platform(pieces.build(piece).platform)),
        "target": place.column(lambda piece: values.target(pieces.place(piece).target)),
        "version": version.column(lambda piece: values.version(pieces.version(piece))),
        "version_key": version.column(lambda piece: version_key(pieces.version(piece))),
        "compiler_name": compiler.column(lambda piece: _compiler(piece).name),
        "compiler_version": compiler.column(lambda piece: _compiler(piece).version),
        "compiler_written": compiler.column(lambda piece: _compiler(piece).written),
        "os": build.column(lambda piece: values.operating_system(pieces.build(piece).os)),
        "variants": variants.column(lambda piece: values.variants(pieces.variants(piece)), TEXTS),
        "flags": _no_texts(len(found.hashes)),
        "stacks": place.column(lambda piece: values.stacks(pieces.place(piece).stacks), TEXTS),
        "hash": found.hashes,
        "size_bytes": build.column(_size_bytes, COUNT),
    }


def _compiler(piece: str) -> values.Compiler:
    return values.compiler(pieces.compiler(piece))


def _size_bytes(piece: str) -> int | None:
    size = pieces.build(piece).size
    return None if size is UNSET else values.size_bytes(size)


def _no_texts(count: int) -> pa.ListArray:
    return pa.ListArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), count + 1), pa.array([], TEXT)
    )


def _generations(found: Pieces) -> list[tuple[int, int | None]]:
    """Return (generation, hash epoch) of each list, from the marks that its specs bear."""

    def shown(column: Coded, is_mark: Callable[[str], bool]) -> list[bool]:
        return _any(column, is_mark, found.offsets)

    compiler, variants = found.compiler, found.variants
    shown_by_list = zip(
        # Few pieces have an array, and a look at the text says so without taking it apart.
        shown(variants, lambda piece: ":=" in piece and _has_array(piece)),
        shown(compiler, lambda piece: generations.is_none(pieces.compiler(piece))),
        shown(compiler, lambda piece: generations.is_package(pieces.compiler(piece))),
        shown(compiler, lambda piece: generations.is_equals(pieces.compiler(piece))),
        strict=True,
    )
    bounds = pairwise(found.offsets.to_pylist())
    return [
        # One with a tarball is of another form.
        generations.generation(generations.Marks(start == stop, False, *marks))  # noqa: FBT003
        for (start, stop), marks in zip(bounds, shown_by_list, strict=True)
    ]


def _has_array(piece: str) -> bool:
    return generations.has_array(pieces.variants(piece))


def _any(column: Coded, is_mark: Callable[[str], bool], offsets: pa.Array) -> list[bool]:
    """Tell of each list whether one of its pieces bears a mark, looked for once in each."""
    passed = [is_mark(piece) for piece in column.texts]
    if not any(passed):
        return [False] * (len(offsets) - 1)
    counts = pa.array(passed).cast(pa.int64()).take(column.indices)
    sums = pa.concat_arrays([pa.array([0], pa.int64()), pc.cumulative_sum(counts)])
    return [before < after for before, after in pairwise(sums.take(offsets).to_pylist())]
