"""Every format since 0.1: its number, its tables, and which rules have changed since.

The site deletes its documents, so that a dataset must be readable for ever. `docs/format.md` tells
the history; `since` in `schema.py` tells what each format brought.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from spack_census.dataset import schema
from spack_census.errors import DatasetError
from spack_census.spack.compilers import canonical
from spack_census.spack.versions import version_key

_CHECKSUM_OF_1 = 3558269827
"""What datasets of format 1 say instead of their number: it was a checksum of the schema."""


class Rule(NamedTuple):
    """How a column of today is made of what an older format holds."""

    since: int
    """The format that made the column what it is, or brought it."""
    table: str
    column: str
    made_of: str
    """A column of text of every older format, whose values decide; null stays null."""
    make: Callable[[str], str]


RULES = (
    # `nightly` has a place of its own in the order of versions.
    Rule(2, "specs", "version_key", "version", version_key),
    # Until then compilers bore the names that their sources gave them.
    Rule(2, "specs", "compiler_written", "compiler_name", str),
    Rule(2, "specs", "compiler_name", "compiler_name", canonical),
)


def number(written: int) -> int:
    """Return the number of the format that a manifest names."""
    return 1 if written == _CHECKSUM_OF_1 else written


def demand_known(written: int, version: Path) -> None:
    """Raise DatasetError, with its number, for a format of which this program knows nothing."""
    if not 1 <= number(written) <= schema.FORMAT:
        message = f"{version} is of format {written}; this census knows 1 to {schema.FORMAT}"
        hint = "use the census that wrote it, or a later one"
        raise DatasetError(message, hint, "or build into another folder: --dataset DIR")


def tables(of_format: int) -> tuple[schema.Table, ...]:
    """Return the tables of a format, with the columns that they had in it."""
    return tuple(
        replace(
            table,
            columns=tuple(column for column in table.columns if column.since <= of_format),
        )
        for table in schema.TABLES
        if table.since <= of_format
    )


def rules(table: str, of_format: int) -> dict[str, Rule]:
    """Return column → how it is made of rows of an older format, for a table."""
    return {rule.column: rule for rule in RULES if rule.table == table and rule.since > of_format}
