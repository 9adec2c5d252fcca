"""The command that looks whether a mirror fits together: audit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from spack_census.cli.options import ExitCode, Format, RowFormat, Wide
from spack_census.cli.printing import shown, write_rows

if TYPE_CHECKING:
    from spack_census.sources.audit import Audit

_RANKS = ("problem", "package", "hash", "message", "size_bytes", "path", "remedy")


def audit(
    mirror: Annotated[str, typer.Argument(metavar="MIRROR", help="A mirror's folder, v3 layout.")],
    deep: Annotated[
        bool, typer.Option("--deep", help="Read every blob and compare its checksum.")
    ] = False,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Look whether a mirror's index, manifests, blobs and keys fit; exit with 1 if they do not.

    It changes nothing; each row says what to do.

    Example: census audit /srv/mirror --deep
    """
    from spack_census.errors import SourceError
    from spack_census.fetch import addresses
    from spack_census.sources.audit import audit as look

    if addresses.is_remote(mirror):
        message = f"{addresses.shown(mirror)}: no server lists all files of a mirror"
        raise SourceError(message, "copy the mirror to a folder, and name that")
    found = look(addresses.local(mirror), deep=deep)
    _print(found, mirror, format, wide=wide)
    return ExitCode.DIFFERENT if found.findings else ExitCode.OK


def _print(found: Audit, mirror: str, form: Format, *, wide: bool) -> None:
    import duckdb
    import pyarrow as pa

    talk = sys.stdout if form is Format.TABLE else sys.stderr
    wrong = f"{len(found.findings):,} found wrong" if found.findings else "all fits"
    print(
        f"{shown(mirror)}\n{found.num_specs:,} specs listed, {found.num_manifests:,} manifests, "
        f"{found.num_blobs:,} blobs\n{found.num_bytes / 1e6:,.1f} MB, of which nothing names "
        f"{found.num_bytes_unnamed / 1e6:,.1f} MB: {wrong}",
        file=talk,
    )
    if not found.findings and form is Format.TABLE:
        return
    names = ("problem", "package", "hash", "path", "size_bytes", "message", "remedy")
    columns = {
        name: pa.array(
            [row[place] for row in found.findings],
            pa.int64() if name == "size_bytes" else pa.string(),
        )
        for place, name in enumerate(names)
    }
    with duckdb.connect(":memory:") as connection:
        write_rows(connection.from_arrow(pa.table(columns)), form, ranks=_RANKS, wide=wide)
