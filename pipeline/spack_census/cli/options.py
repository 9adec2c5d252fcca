"""What commands share: their common options and exit codes."""

from __future__ import annotations

import os
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated

import typer


class ExitCode(IntEnum):
    """As diff(1): fine or the same, different or a failed check, trouble."""

    OK = 0
    DIFFERENT = 1
    TROUBLE = 2


class Format(StrEnum):
    """How rows are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class FileFormat(StrEnum):
    """How the rows of a query are written; parquet goes to a file only."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"
    PARQUET = "parquet"


DEFAULT_DATASET = Path(os.environ.get("CENSUS_DATASET") or "output/dataset")

Dataset = Annotated[
    Path,
    typer.Option(
        "--dataset", metavar="DIR", help="Folder of the dataset.", envvar="CENSUS_DATASET"
    ),
]
RowFormat = Annotated[Format, typer.Option("--format", help="How to print the rows.")]
Queries = Annotated[
    Path | None,
    typer.Option("--queries", metavar="DIR", help="Folder of .sql files to use instead."),
]
