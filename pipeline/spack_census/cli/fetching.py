"""The command that brings a build cache's indexes here: fetch."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from spack_census.cli.declaring import Argument, Option
from spack_census.cli.printing import shown

if TYPE_CHECKING:
    from spack_census.fetch.fetching import Fetched
    from spack_census.fetch.remote import Status
    from spack_census.fetch.session import OnFile


def fetch(
    url: Annotated[
        str,
        Argument(
            metavar="URL", help="A list of snapshots, a mirror, an index, or oci://HOST/NAME."
        ),
    ],
    to: Annotated[
        Path | None,
        Option("--to", metavar="DIR", help="Where to; by default below output/cache."),
    ] = None,
    snapshots: Annotated[
        list[str] | None,
        Option("--snapshot", metavar="NAME", help="Only these; patterns too; repeatable."),
    ] = None,
    latest: Annotated[
        int | None, Option("--latest", min=1, metavar="N", help="The N newest dated ones.")
    ] = None,
    with_sizes: Annotated[
        bool, Option("--with-sizes", help="Also what tells the sizes of binaries.")
    ] = False,
    views: Annotated[
        list[str] | None,
        Option("--view", metavar="NAME", help="This index view of a mirror instead; repeatable."),
    ] = None,
    from_specs: Annotated[
        bool,
        Option("--from-specs", help="Also what describes each spec, where a server lists it."),
    ] = False,
    allow_hosts: Annotated[
        list[str] | None,
        Option(
            "--allow-host", metavar="HOST", help="A host that the list may name too; repeatable."
        ),
    ] = None,
) -> None:
    """Mirror what a build needs of a build cache; run again, it fetches only what is new.

    What is there and no longer as it was fetched is fetched whole again. A
    password is taken from CENSUS_FETCH_USER and CENSUS_FETCH_PASSWORD, or
    from netrc, a token from CENSUS_FETCH_TOKEN; it goes to the host of URL
    alone. oci://HOST/NAME is an OCI build cache: docker login counts too;
    s3://BUCKET/PREFIX and gs:// need the extra cloud: docs/sources.md.

    Example: census fetch https://binaries.spack.io/cache_spack_io_index.json --latest 2
    """
    fetched = bring(
        url,
        to,
        snapshots or [],
        latest,
        with_sizes=with_sizes,
        views=views or [],
        from_specs=from_specs,
        allow_hosts=allow_hosts or [],
    )
    print(fetched.folder)


def bring(
    url: str,
    to: Path | None = None,
    snapshots: list[str] | None = None,
    latest: int | None = None,
    *,
    with_sizes: bool = False,
    views: Sequence[str] = (),
    from_specs: bool = False,
    allow_hosts: Sequence[str] = (),
) -> Fetched:
    """Fetch with progress on stderr, and say there what came."""
    from spack_census.fetch import fetching

    with _progress() as on_file:
        fetched = fetching.fetch(
            url,
            to,
            snapshots=snapshots or [],
            latest=latest,
            with_sizes=with_sizes,
            views=views,
            from_specs=from_specs,
            allow_hosts=allow_hosts,
            on_file=on_file,
        )
    print(
        f"fetched {fetched.num_new:,} of {fetched.num_files:,} files, "
        f"{fetched.num_bytes / 1e6:,.1f} MB; the rest had not changed",
        file=sys.stderr,
    )
    for path in fetched.missing:
        print(f"note: the list names {path}, which the server does not have", file=sys.stderr)
    return fetched


@contextmanager
def _progress() -> Iterator[OnFile]:
    """Show progress on stderr: bytes on a terminal, and a line for each index that came."""
    if not sys.stderr.isatty():

        def tell(path: str, status: Status | None, _count: int) -> None:
            if _is_told(path, status):
                print(f"  {shown(path)}", file=sys.stderr)

        yield tell
        return
    from rich.console import Console
    from rich.progress import DownloadColumn, Progress, TextColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("fetching", total=None)

        def observe(path: str, status: Status | None, count: int) -> None:
            bar.update(task, advance=count)
            if _is_told(path, status):
                bar.console.print(f"  {shown(path)}", markup=False, highlight=False)

        yield observe


def _is_told(path: str, status: Status | None) -> bool:
    from spack_census.sources import places, specfiles

    # What is of a spec comes in thousands, and a blob is named by its checksum alone.
    is_of_spec = path.endswith(places.SPEC_SUFFIX) or specfiles.is_file(path)
    return status == "new" and not is_of_spec and not places.is_blob(path)
