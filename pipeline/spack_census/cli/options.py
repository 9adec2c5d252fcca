"""What commands share: their common options and exit codes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated

from spack_census.cli.declaring import Option


class ExitCode(IntEnum):
    """As diff(1): fine or the same, different or a failed check, trouble; and cannot tell."""

    OK = 0
    DIFFERENT = 1
    TROUBLE = 2
    CANNOT_TELL = 3


class Format(StrEnum):
    """How rows are printed: the same set for every command."""

    TABLE = "table"
    MARKDOWN = "markdown"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    JSONL = "jsonl"
    PARQUET = "parquet"


ANY_OS = "any"
"""As in `hosts`, which `census --help` need not wait for."""

DEFAULT_DATASET = Path(os.environ.get("CENSUS_DATASET") or "output/dataset")

Dataset = Annotated[
    Path,
    Option("--dataset", metavar="DIR", help="Folder of the dataset.", envvar="CENSUS_DATASET"),
]
RowFormat = Annotated[
    Format,
    Option(
        "--format",
        metavar="FORMAT",
        help="How to print the rows: table, markdown, csv, tsv, json, jsonl or parquet.",
    ),
]
Wide = Annotated[bool, Option("--wide", help="Tables whole: all rows and columns, in long lines.")]
Queries = Annotated[
    Path | None,
    Option("--queries", metavar="DIR", help="Folder of .sql files to use instead."),
]
Datasets = Annotated[
    list[Path] | None,
    Option(
        "--dataset",
        metavar="DIR",
        help=f"Folder of the dataset, else {DEFAULT_DATASET}; several are asked together.",
    ),
]
Snapshots = Annotated[
    list[str] | None,
    Option(
        "--snapshot",
        metavar="NAME",
        help="Snapshot to look at, else latest; several are asked together.",
    ),
]
Snapshot = Annotated[str, Option("--snapshot", metavar="NAME", help="Snapshot to look at.")]
OnHost = Annotated[
    str | None,
    Option(
        "--host",
        metavar="CPU",
        help="Binaries that this CPU can run; or native: this machine, its system too.",
    ),
]
OnSystem = Annotated[
    str,
    Option("--os", metavar="NAME", help="The host's system, such as rhel9; or native, or any."),
]
OnGlibc = Annotated[
    str | None,
    Option("--glibc", metavar="VERSION", help="The host's glibc, such as 2.34."),
]


def words(options: Mapping[str, object]) -> list[str]:
    """Return the options that are set as words of a command line."""
    set_ = [(name, str(value)) for name, value in options.items() if value is not None]
    return [word for pair in set_ for word in pair]


def other_dataset(dataset: Path) -> Path | None:
    """Return the dataset if it is not the default one."""
    return None if dataset == DEFAULT_DATASET else dataset
