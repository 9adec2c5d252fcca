"""The folder of reports: each report a folder that is there whole or not at all.

OUTPUT/<before>..<after>/      report.json and the pages made of it
OUTPUT/index.html, feed.xml    made of all reports
OUTPUT/latest -> <before>..<after>
OUTPUT/.drafts/                what is being written; dead, and emptied, when a run begins
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from spack_census.disk import durable, locking
from spack_census.reports.report import Report, decode

DATA = "report.json"
LATEST = "latest"
_BETWEEN = ".."
_DRAFTS = ".drafts"
_BUSY = ("is being written", "wait for that run: census report … --wait SECONDS")
_MEND = "mend that and run it again; the reports published before are as they were"


@contextmanager
def opened(output: Path, wait_seconds: float = 0) -> Iterator[None]:
    """Hold the folder of reports for writing, making it where there is none.

    Raises BusyError where another process writes there for longer than `wait_seconds`,
    CensusError where the file system fails, then or later on.
    """
    with durable.errors(output, _MEND), locking.hold(output, wait_seconds, _BUSY):
        # A link is removed, never followed.
        drafts = output / _DRAFTS
        drafts.unlink() if drafts.is_symlink() else shutil.rmtree(drafts, ignore_errors=True)
        yield
        shutil.rmtree(drafts, ignore_errors=True)


def read(output: Path) -> tuple[dict[str, Report], list[str]]:
    """Return the reports by name, and the names of folders whose report cannot be read."""
    reports, unreadable = {}, []
    folders = output.iterdir() if output.is_dir() else ()
    for folder in sorted(folders):
        if _BETWEEN not in folder.name or folder.is_symlink() or not folder.is_dir():
            continue
        try:
            reports[folder.name] = decode((folder / DATA).read_bytes())
        except (OSError, msgspec.MsgspecError):
            unreadable.append(folder.name)
    return reports, unreadable


def is_whole(output: Path, name: str, files: Iterator[str] | list[str]) -> bool:
    """Tell whether a report's folder has all of these files."""
    return all((output / name / file).is_file() for file in files)


def put(output: Path, name: str, files: Mapping[str, bytes]) -> None:
    """Publish a report: all its files at once, in place of those of an outdated one."""
    draft = output / _DRAFTS / name
    for file, content in files.items():
        durable.write_bytes(draft / file, content)
    durable.sync(draft)
    remove(output, name)
    draft.rename(output / name)
    durable.sync(output)


def remove(output: Path, name: str) -> None:
    """Remove a report, if there is one: out of sight first, so that nobody sees half of it."""
    folder = output / name
    if folder.is_dir():
        dead = output / _DRAFTS / f"{name}.dead"
        dead.parent.mkdir(exist_ok=True)
        folder.rename(dead)
        shutil.rmtree(dead)


def write(output: Path, name: str, content: bytes) -> bool:
    """Write one file in one step, unless it holds that already; return whether it was written."""
    path = output / name
    if path.is_file() and path.read_bytes() == content:
        return False
    durable.replace(path, content, draft=output / _DRAFTS / path.name)
    return True


def point_latest(output: Path, name: str) -> bool:
    """Let `latest` be this report, in one step; return whether it was another before."""
    link = output / LATEST
    if link.is_symlink() and str(link.readlink()) == name:
        return False
    draft = output / _DRAFTS / LATEST
    draft.parent.mkdir(exist_ok=True)
    draft.symlink_to(name)
    os.replace(draft, link)  # noqa: PTH105 - Path.replace says the same and reads as a copy
    durable.sync(output)
    return True
