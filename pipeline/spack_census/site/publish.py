"""Bring the folder of the explorer up to date; whoever looks meanwhile sees the old one or the new.

OUTPUT/index.html       the page, which names its index: data/index.js?v=DIGEST
OUTPUT/data/index.js    names every other file of data
OUTPUT/data/*.js        named by their content, so that none ever changes
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from spack_census.ask import snapshots
from spack_census.ask.database import connect
from spack_census.disk import apart, durable, locking
from spack_census.site import index, page
from spack_census.site.files import FOLDER, INDEX, DataFile, is_data_file

PAGE = "index.html"
REPORTS = "reports"
_REPORT = "report.html"
_BETWEEN = ".."
_DRAFT = ".draft"
_HINT = "mend that and run it again; the explorer published before is as it was"
_BUSY = ("is being written", "wait for that run: census site … --wait SECONDS")


@dataclass(frozen=True, slots=True)
class Published:
    """What a run wrote and removed."""

    num_snapshots: int
    num_specs: int
    written: list[str]
    """Paths below the folder, in the order in which they were written."""
    removed: list[str]
    size_bytes: int
    """Of all files that the page consists of now."""

    @property
    def changed(self) -> bool:
        """Whether anything in the folder is not as it was."""
        return bool(self.written or self.removed)

    @property
    def said(self) -> str:
        """What came of the run, in a line."""
        held = f"{self.num_snapshots:,} snapshots, {self.num_specs:,} specs"
        megabytes = f"{self.size_bytes / 1e6:.1f} MB"
        if not self.changed:
            return f"nothing new: {held}, {megabytes}"
        new, gone = len(self.written), len(self.removed)
        return f"{held}, {megabytes}: {new:,} files written, {gone:,} removed"


def publish(
    dataset: Path, output: Path, reports: Path | None = None, wait_seconds: float = 0
) -> Published:
    """Write what is missing of the explorer of a dataset, and remove what nothing names any more.

    Data come first, then the page and the index, each in one step: a run that is cut off leaves
    the explorer that was there. `reports` is the folder of reports to link to, by default the
    folder `reports` in the output, if it has any: a link to another one leads above what a server
    of this folder alone has. Raises BusyError, CensusError where the disk fails, DatasetError,
    ParameterError where the folders are not apart.
    """
    shelf = output / REPORTS if reports is None else reports
    apart.demand({"the dataset": dataset, **places(output, shelf)})
    with (
        connect(dataset, diffs=False) as con,
        durable.errors(output, _HINT),
        locking.hold(output, wait_seconds, _BUSY),
    ):
        folder = _Folder(output)
        listed = snapshots.listing(con)
        newest = snapshots.newest(listed)
        named = _reports(shelf)
        for head in index.data_files(con, listed, named):
            if head.kind != INDEX:
                folder.add(head)
        link = _address(shelf, output) if named else None
        folder.put(PAGE, page.render(con, newest, head.digest, link).encode())
        folder.put(f"{FOLDER}/{head.name}", head.content)
        folder.names.add(head.name)
        removed = folder.sweep()
        num_specs = sum(each.num_specs for each in listed)
        return Published(len(listed), num_specs, folder.written, removed, folder.size_bytes)


def places(output: Path, reports: Path) -> dict[str, Path]:
    """Return the folders of an explorer and of reports that have to be apart from others.

    Reports may lie in the explorer's folder, as `reports`, which then is all there is.
    """
    if reports.resolve() == (output / REPORTS).resolve():
        return {"the explorer": output}
    return {"the explorer": output, "the reports": reports}


class _Folder:
    """The folder as it is being brought up to date."""

    def __init__(self, output: Path) -> None:
        self.output = output
        self.names: set[str] = set()
        self.written: list[str] = []

    @property
    def size_bytes(self) -> int:
        paths = [self.output / PAGE, *(self.output / FOLDER / name for name in self.names)]
        return sum(path.stat().st_size for path in paths)

    def add(self, file: DataFile) -> None:
        """Have a file of data there."""
        self.names.add(file.name)
        # Its name tells its content: whole files only get it, so it need not be read.
        if not (self.output / FOLDER / file.name).is_file():
            self.put(f"{FOLDER}/{file.name}", file.content)

    def put(self, name: str, content: bytes) -> None:
        """Write a file in one step, unless it is as it should be."""
        path = self.output / name
        if path.is_file() and path.read_bytes() == content:
            return
        draft = self.output / _DRAFT
        draft.unlink(missing_ok=True)
        durable.write_bytes(draft, content)
        durable.make_folder(path.parent)
        draft.replace(path)
        durable.sync(path.parent)
        self.written.append(name)

    def sweep(self) -> list[str]:
        """Remove files of data that the index does not name; return their names."""
        found = sorted(path.name for path in (self.output / FOLDER).iterdir())
        dead = [name for name in found if is_data_file(name) and name not in self.names]
        for name in dead:
            (self.output / FOLDER / name).unlink()
        (self.output / _DRAFT).unlink(missing_ok=True)
        return [f"{FOLDER}/{name}" for name in dead]


def _reports(folder: Path) -> list[str]:
    """Return the names of the reports in a folder, sorted; none where there is no such folder."""
    if not (folder / PAGE).is_file():
        return []
    return sorted(
        path.name
        for path in folder.iterdir()
        if _BETWEEN in path.name and not path.is_symlink() and (path / _REPORT).is_file()
    )


def _address(reports: Path, output: Path) -> str:
    """Return the relative address of the folder of reports, as the page sees it."""
    return Path(os.path.relpath(reports, output)).as_posix()
