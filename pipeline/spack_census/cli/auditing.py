"""The command that looks whether a mirror fits together: audit."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

from spack_census.ask.mirrored import By
from spack_census.cli import fetching
from spack_census.cli.declaring import Argument, Option
from spack_census.cli.options import DEFAULT_DATASET, Dataset, ExitCode, Format, RowFormat, Wide
from spack_census.cli.printing import shown, write_rows

if TYPE_CHECKING:
    from spack_census.sources.audit import Audit

_RANKS = ("problem", "package", "hash", "message", "size_bytes", "path", "remedy")


def audit(
    mirror: Annotated[
        str | None,
        Argument(
            metavar="MIRROR",
            help="A mirror's folder, an OCI image layout, oci://HOST/NAME, s3:// or gs://.",
        ),
    ] = None,
    deep: Annotated[
        bool, Option("--deep", help="Read every blob and compare its checksum.")
    ] = False,
    keep_last: Annotated[
        int | None,
        Option(
            "--keep-last",
            min=1,
            metavar="N",
            help="Print the hashes of the N newest snapshots of the dataset instead.",
        ),
    ] = None,
    by: Annotated[
        By | None,
        Option("--by", help="Bytes by stack, or by the last snapshot that lists a spec."),
    ] = None,
    series: Annotated[
        str | None, Option("--series", metavar="NAME", help="Series; by default the main.")
    ] = None,
    dataset: Dataset = DEFAULT_DATASET,
    format: RowFormat = Format.TABLE,  # noqa: A002 - the option's name
    wide: Wide = False,
) -> int:
    """Look whether a mirror's index, manifests, blobs and keys fit; exit with 1 if they do not.

    It changes nothing; each row says what to do. --by adds up its bytes
    beside a dataset. --keep-last prints a keeplist, as spack buildcache
    prune takes it: one hash a line.

    Example: census audit /srv/mirror --deep
    """
    from spack_census.errors import ParameterError

    if (mirror is None) == (keep_last is None):
        message = "either a mirror is audited, or a keeplist is printed"
        raise ParameterError(message, "census audit MIRROR, or census audit --keep-last N")
    if mirror is None:
        assert keep_last is not None
        if by is not None:
            raise ParameterError("--by looks at a mirror", "census audit MIRROR --by age")
        _print_kept(dataset, keep_last, series)
        return ExitCode.OK
    if by is not None:
        found = _print_held(mirror, dataset, by, series, format, deep=deep, wide=wide)
    else:
        found = _looked(mirror, deep=deep)
        _print_summary(found, mirror, sys.stdout if format is Format.TABLE else sys.stderr)
        _print(found, format, wide=wide)
    return ExitCode.DIFFERENT if found.findings else ExitCode.OK


def _looked(mirror: str, *, deep: bool) -> Audit:
    from spack_census.fetch import auditing

    def fetch(url: str) -> Path:
        return fetching.bring(url, from_specs=True).folder

    return auditing.audit(mirror, deep=deep, fetch=fetch)


def _print_held(
    mirror: str,
    dataset: Path,
    by: By,
    series: str | None,
    form: Format,
    *,
    deep: bool,
    wide: bool,
) -> Audit:
    from spack_census.ask.database import connect
    from spack_census.ask.mirrored import held

    # The dataset first: to look at a mirror may take long.
    with connect(dataset, diffs=False) as connection:
        found = _looked(mirror, deep=deep)
        _print_summary(found, mirror, sys.stderr)
        rows = held(connection, found.spec_bytes, found.num_bytes, by, series)
        write_rows(rows, form, wide=wide)
    return found


def _print_kept(dataset: Path, newest: int, series: str | None) -> None:
    from spack_census.ask.database import connect
    from spack_census.ask.keeping import kept

    with connect(dataset, diffs=False) as connection:
        found = kept(connection, newest, series)
    print(f"the {len(found.hashes):,} specs of {', '.join(found.snapshots)}", file=sys.stderr)
    if len(found.snapshots) < newest:
        print("note: the dataset has no more snapshots of this series", file=sys.stderr)
    if found.num_rejected:
        text = f"{found.num_rejected:,} of these snapshots could not be read and are not listed"
        print(f"note: {text}: census rejects", file=sys.stderr)
    print("\n".join(found.hashes))


def _print_summary(found: Audit, mirror: str, talk: TextIO) -> None:
    from spack_census.fetch import addresses

    wrong = f"{len(found.findings):,} found wrong" if found.findings else "all fits"
    unnamed = found.num_bytes_unnamed
    told = (
        "its registry does not tell what nothing names"
        if unnamed is None
        else f"of which nothing names {unnamed / 1e6:,.1f} MB"
    )
    print(
        f"{shown(addresses.shown(mirror))}\n{found.num_specs:,} specs listed, "
        f"{found.num_manifests:,} manifests, {found.num_blobs:,} blobs\n"
        f"{found.num_bytes / 1e6:,.1f} MB, {told}: {wrong}",
        file=talk,
    )


def _print(found: Audit, form: Format, *, wide: bool) -> None:
    import duckdb

    from spack_census.ask.held import made

    if not found.findings and form is Format.TABLE:
        return
    names = ("problem", "package", "hash", "path", "size_bytes", "message", "remedy")
    types = dict.fromkeys(names, "varchar") | {"size_bytes": "bigint"}
    with duckdb.connect(":memory:") as con:
        write_rows(made(con, types, found.findings), form, ranks=_RANKS, wide=wide)
