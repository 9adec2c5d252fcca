"""What one attribute must be, as SQL on the columns of `specs` or `nodes`, its values bound."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Condition:
    """What one attribute must be: as people write it, and as SQL with the values it binds.

    The SQL has a `?` for each value, in the order they stand.
    """

    attribute: str
    text: str
    sql: str
    values: tuple[Any, ...]
    variant: str | None = None
    """The name of the variant, where the attribute is one."""


class SQL(NamedTuple):
    """A piece of SQL, and the values that its `?` stand for."""

    text: str
    values: tuple[Any, ...] = ()


TRUE = SQL("true")
FALSE = SQL("false")


def all_of(parts: Iterable[SQL | Condition]) -> SQL:
    """Return SQL that holds where all parts do."""
    return _joined(parts, " and ", TRUE)


def any_of(parts: Iterable[SQL | Condition]) -> SQL:
    """Return SQL that holds where one of the parts does."""
    return _joined(parts, " or ", FALSE)


def _joined(parts: Iterable[SQL | Condition], word: str, none: SQL) -> SQL:
    found = [SQL(p.sql, p.values) if isinstance(p, Condition) else p for p in parts]
    if not found:
        return none
    if len(found) == 1:
        return found[0]
    text = word.join(part.text for part in found)
    return SQL(f"({text})", tuple(value for part in found for value in part.values))
