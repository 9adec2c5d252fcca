"""What a table of the dataset is: its columns, their types in SQL and in Arrow.

Who only asks needs no Arrow, which takes longer to load than most answers: it is imported where a
type of its own is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Type:
    """A type by its name in SQL, and how Arrow makes it."""

    sql: str
    make: Callable[[], pa.DataType]


def _plain(sql: str, arrow: str) -> Type:
    def make() -> pa.DataType:
        import pyarrow as pa

        return getattr(pa, arrow)()

    return Type(sql, make)


def several(of: Type) -> Type:
    """Return the type of a list."""

    def make() -> pa.DataType:
        import pyarrow as pa

        return pa.list_(of.make())

    return Type(f"{of.sql}[]", make)


def struct(**fields: Type) -> Type:
    """Return the type of a struct, whose texts and lists are never null."""

    def make() -> pa.DataType:
        import pyarrow as pa

        made = {name: each.make() for name, each in fields.items()}
        return pa.struct(
            [
                pa.field(name, each, nullable=not (each == pa.string() or pa.types.is_list(each)))
                for name, each in made.items()
            ]
        )

    return Type(f"struct({', '.join(f'{name} {each.sql}' for name, each in fields.items())})", make)


TEXT = _plain("varchar", "string")
COUNT = _plain("bigint", "int64")
NUMBER = _plain("integer", "int32")
FLAG = _plain("boolean", "bool_")
DAY = _plain("date", "date32")
TEXTS = several(TEXT)


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, type, meaning, and whether null may stand in it.

    `since` is the format that brought it. A dataset of an older one is read with null in its
    place, or with an empty list where null may not stand.
    """

    name: str
    stored: Type
    description: str
    nullable: bool = False
    since: int = 1

    @property
    def type(self) -> pa.DataType:
        """The Arrow type."""
        return self.stored.make()


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its columns, the folder levels it is partitioned by, and its sort order.

    `since` is the format that brought it: it is empty in a dataset of an older one. An optional
    table comes by a command of its own; nothing tells of it where it has no file, and a build
    leaves it as it is.
    """

    name: str
    description: str
    columns: tuple[Column, ...]
    partitions: tuple[str, ...] = ()
    sort: tuple[str, ...] = ()
    since: int = 1
    optional: bool = False

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of all columns, descriptions in the field metadata."""
        return _schema(self.columns)

    @property
    def file_arrow(self) -> pa.Schema:
        """The Arrow schema inside a file: all columns but those in the folder names."""
        return _schema([each for each in self.columns if each.name not in self.partitions])


def _schema(columns: Iterable[Column]) -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(
                each.name, each.type, each.nullable, metadata={"description": each.description}
            )
            for each in columns
        ]
    )
