"""Read a whole dataset again and say what is not as it was written, and how to mend it.

Readers do not notice: of single flipped bits DuckDB and Polars return more than half as wrong
values without an error. So every byte is hashed, and every law that a build obeys is checked anew.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from spack_census.dataset import laws, schema
from spack_census.dataset.holds import HOLDS
from spack_census.dataset.layout import (
    CURRENT,
    MANIFEST,
    OWNERS,
    VERSION_ID,
    VERSIONS,
    File,
    Manifest,
    encode_manifest,
    pin,
    read_manifest,
    seal,
    version_number,
)
from spack_census.dataset.publication import RECIPES_AGAIN
from spack_census.dataset.turns import TURN
from spack_census.disk import durable, locking

REPAIR = "census verify --repair SOURCE"
_AGAIN = "the next build removes it"
_FOREIGN = "move it out of the dataset"
_BESIDE = ("fingerprints.json", OWNERS)
_OURS = frozenset((CURRENT, VERSIONS, locking.LOCK, HOLDS, *_BESIDE))
_LEFT_BEHIND = {"staging", TURN, *(durable.draft_of(Path(name)).name for name in _BESIDE)}
_CHUNK_BYTES = 1 << 20


Kind = Literal["manifest", "file", "rows", "counts", "leftover"]


class Finding(NamedTuple):
    """One thing that is wrong."""

    kind: Kind
    path: str
    """Where, from the dataset's folder."""
    snapshot: str | None
    """The snapshot whose rows cannot be trusted, None where it is not one snapshot's."""
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What was read again, and what is wrong with it."""

    version: Path
    manifest: Manifest
    num_bytes: int
    findings: tuple[Finding, ...]

    @property
    def damaged(self) -> frozenset[str]:
        """The snapshots that only a build from their source can mend."""
        return frozenset(each.snapshot for each in self.findings if each.snapshot is not None)


def verify(dataset: Path | str) -> Verification:
    """Check the current version of a dataset to the last byte.

    Files against the manifest (there, size, SHA-256) and the manifest against its own id; schema,
    folder names and sort order of every table; rows against the counts of documents,
    snapshots and rejects; files that do not belong. Raises DatasetError where there is no
    dataset, or its manifest cannot be read.
    """
    folder = Path(dataset)
    version = pin(folder)
    manifest = read_manifest(version)
    place = f"{VERSIONS}/{version.name}"
    findings = [*_check_manifest(version, manifest)]
    intact: list[File] = []
    for file in manifest.files:
        fault = _fault(version, file)
        if fault is None:
            intact.append(file)
        else:
            remedy = RECIPES_AGAIN if file.table == schema.RECIPES.name else REPAIR
            findings.append(Finding("file", f"{place}/{file.path}", file.snapshot, fault, remedy))
    findings += _strays(version, manifest)
    for law in laws.check(version, manifest, intact):
        path = f"{place}/{law.path}" if law.path else place
        findings.append(Finding(law.kind, path, law.snapshot, law.message, REPAIR))
    findings += _leftovers(folder)
    num_bytes = sum(file.size_bytes for file in manifest.files)
    return Verification(version, manifest, num_bytes, tuple(findings))


def _check_manifest(version: Path, manifest: Manifest) -> Iterator[Finding]:
    faults = []
    if manifest.id != version.name:
        faults.append(f"it says that it is version {manifest.id}")
    if manifest.id[9:] != seal(manifest):
        faults.append("its content is not what its id vouches for")
    if (version / MANIFEST).read_bytes() != encode_manifest(manifest):
        faults.append("it is not spelled as a build writes it")
    for fault in faults:
        path = f"{VERSIONS}/{version.name}/{MANIFEST}"
        yield Finding("manifest", path, None, fault, REPAIR)


def _fault(version: Path, file: File) -> str | None:
    """Return what is wrong with the bytes of a file, None if nothing is."""
    path = version / file.path
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return "it is no regular file"
        if status.st_size != file.size_bytes:
            return f"{status.st_size:,} bytes instead of {file.size_bytes:,}"
        if _sha256(path) != file.sha256:
            return "its SHA-256 is not that of the manifest: it was changed or has decayed"
    except FileNotFoundError:
        return "it is missing"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return None


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _strays(version: Path, manifest: Manifest) -> Iterator[Finding]:
    known = {version / MANIFEST, *(version / file.path for file in manifest.files)}
    known |= {parent for path in list(known) for parent in path.parents}
    message = "no build put it there, and readers take it for part of the dataset"
    for path in _topmost(version, known):
        place = f"{VERSIONS}/{version.name}/{path.relative_to(version)}"
        yield Finding("leftover", place, None, message, "remove it")


def _topmost(folder: Path, known: Iterable[Path]) -> Iterator[Path]:
    """Yield what lies below a folder and is not known; of an unknown folder the folder alone."""
    for path in sorted(folder.iterdir()):
        if path not in known:
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _topmost(path, known)


def _leftovers(dataset: Path) -> Iterator[Finding]:
    with locking.still(dataset) as builder:
        # A build may have published since `verify` began; what it has in hand is no leftover.
        number = version_number(pin(dataset).name)
        paths = sorted(dataset.iterdir())
        versions = sorted((dataset / VERSIONS).iterdir())
    for path in paths:
        if path.name in _LEFT_BEHIND:
            if builder is None:
                message = "a build that was cut short left it behind"
                yield Finding("leftover", path.name, None, message, _AGAIN)
        elif path.name not in _OURS:
            message = "it is no part of a dataset"
            yield Finding("leftover", path.name, None, message, _FOREIGN)
    for path in versions:
        place = f"{VERSIONS}/{path.name}"
        if not VERSION_ID.fullmatch(path.name):
            yield Finding("leftover", place, None, "it is no version", _FOREIGN)
        elif version_number(path.name) > number and builder is None:
            message = "it was written and never became current"
            yield Finding("leftover", place, None, message, _AGAIN)
