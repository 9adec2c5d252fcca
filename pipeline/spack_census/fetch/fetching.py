"""Mirror what a build needs of a build cache into a folder; `census build` reads it from there.

The folder has the layout of the build cache, with a list of the snapshots fetched so far. What
is there and has not changed is not fetched again, and nothing is removed but an index that the
server no longer has: a stale one would pass for the state of today.
"""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import msgspec

from spack_census.disk import durable, locking
from spack_census.documents import indexes
from spack_census.documents.records import Rejected
from spack_census.errors import SourceError, UnknownNameError
from spack_census.fetch import addresses, remote
from spack_census.fetch.remote import Patience, Status, Validators
from spack_census.sources import listing, mirror
from spack_census.sources.listing import LISTING, ROOT, Listed
from spack_census.spack import series

CACHE = Path("output/cache")
_THEIRS = f".{LISTING}"
"""The list as the server has it; under its own name stands the list of what was fetched."""
_STATE = ".fetched.json"
_CONNECTIONS = 8
_BUSY = ("is being fetched to", "wait until that fetch has ended, or fetch elsewhere: --to DIR")
_MEND = "mend that, or fetch elsewhere: --to DIR; what was fetched is kept"

OnFile = Callable[[str, Status | None, int], None]
"""Called with a file's place, what became of it (None: bytes came), and the number of bytes."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch did."""

    folder: Path
    num_files: int
    num_new: int
    num_bytes: int
    missing: tuple[str, ...]
    """Indexes that the list names and the server does not have."""


@dataclass(slots=True)
class _Session:
    """One fetch: where from, where to, and what came."""

    base: str
    folder: Path
    patience: Patience
    on_file: OnFile
    known: dict[str, Validators]
    lock: threading.Lock = field(default_factory=threading.Lock)
    statuses: dict[str, Status] = field(default_factory=dict)
    num_bytes: int = 0

    def get(self, relative: str, url: str | None = None) -> bool:
        """Bring one file up to date; return whether the server has it."""
        path = self.folder / relative
        if not path.resolve().is_relative_to(self.folder):
            message = f"{relative!r} is no place below {self.folder}"
            raise SourceError(message, "report it to those who publish the list")
        if mirror.is_blob(relative) and path.exists():
            status = Status.UNCHANGED
        else:
            address = url or f"{self.base}/{quote(relative, safe='/%:@+=~,')}"
            known = self.known.get(relative, Validators())
            found = remote.download(
                address,
                path,
                known,
                self.patience,
                lambda count: self._count(relative, count),
                path.name if mirror.is_blob(relative) else None,
            )
            status = found.status
            with self.lock:
                self.known[relative] = found.validators
        if status is Status.MISSING:
            path.unlink(missing_ok=True)
        with self.lock:
            self.statuses[relative] = status
            self.on_file(relative, status, 0)
        return status is not Status.MISSING

    def _count(self, relative: str, count: int) -> None:
        with self.lock:
            self.num_bytes += count
            self.on_file(relative, None, count)


def default_folder(url: str) -> Path:
    """Return where a build cache is mirrored to by default; raises SourceError for no address."""
    base, _ = addresses.split(addresses.http_url(url))
    return CACHE / addresses.place(base)


def fetch(
    url: str,
    folder: Path | None = None,
    *,
    snapshots: Sequence[str] = (),
    latest: int | None = None,
    with_sizes: bool = False,
    patience: Patience = Patience(),  # noqa: B008 - frozen
    on_file: OnFile = lambda _path, _status, _count: None,
) -> Fetched:
    """Mirror the indexes of a build cache into a folder (by default below `output/cache`).

    `url` names a list of snapshots, a mirror, or one of its indexes. Of a list, `snapshots` are
    the names to fetch, or patterns as in a shell, and `latest` is how many of the newest dated
    ones; without either all are fetched. Raises SourceError, UnknownNameError for a snapshot that
    the list lacks, BusyError where another fetch writes to the folder.
    """
    base, relative = addresses.split(addresses.http_url(url))
    target = (folder or default_folder(url)).resolve()
    with durable.errors(target, _MEND), locking.hold(target, busy=_BUSY):
        session = _Session(base, target, patience, on_file, _load(target))
        try:
            missing = _fetch(session, relative, snapshots, latest, with_sizes=with_sizes)
        finally:
            _save(session)
    statuses = list(session.statuses.values())
    num_files = len(statuses) - statuses.count(Status.MISSING)
    num_new = statuses.count(Status.NEW)
    return Fetched(target, num_files, num_new, session.num_bytes, tuple(sorted(missing)))


def _fetch(
    session: _Session,
    relative: str | None,
    snapshots: Sequence[str],
    latest: int | None,
    *,
    with_sizes: bool,
) -> list[str]:
    """Fetch everything; return the paths of the indexes that are missing."""
    if relative in (LISTING, None) and session.get(_THEIRS, f"{session.base}/{LISTING}"):
        return _fetch_listed(session, snapshots, latest, with_sizes=with_sizes)
    places = mirror.INDEXES if relative is None else (relative,)
    for place in places:
        alone = Listed("", ROOT, place)
        if _fetch_index(session, alone):
            if with_sizes:
                _fetch_manifests(session, [alone])
            return []
    message = f"there is no build cache at {session.base}"
    looked_for = ", ".join((LISTING, *mirror.INDEXES) if relative is None else (relative,))
    raise SourceError(message, f"looked for {looked_for}", "is the address right?")


def _fetch_listed(
    session: _Session, snapshots: Sequence[str], latest: int | None, *, with_sizes: bool
) -> list[str]:
    path = session.folder / _THEIRS
    listed = listing.decode(path.read_bytes(), f"{session.base}/{LISTING}")
    chosen = _chosen({each.snapshot for each in listed}, snapshots, latest)
    wanted = [each for each in listed if each.snapshot in chosen]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        found = list(pool.map(lambda each: _fetch_index(session, each), wanted))
    if with_sizes:
        _fetch_manifests(session, [each for each, ok in zip(wanted, found, strict=True) if ok])
    _write_list(session.folder, wanted)
    return [each.path for each, ok in zip(wanted, found, strict=True) if not ok]


def _chosen(names: set[str], patterns: Sequence[str], latest: int | None) -> set[str]:
    if not patterns and latest is None:
        return names
    chosen: set[str] = set()
    for pattern in patterns:
        matching = fnmatch.filter(names, pattern)
        if not matching:
            raise UnknownNameError("snapshot", pattern, names, "the list", "census fetch URL")
        chosen.update(matching)
    if latest is not None:
        dated = series.ordered(names).get("develop-dated", [])
        chosen.update(dated[-latest:] if latest else [])
    return chosen


def _fetch_index(session: _Session, each: Listed) -> bool:
    url = each.url if each.is_elsewhere else None
    if each.relative.endswith(mirror.V3_INDEX):
        if not session.get(each.relative, url):
            return False
        content = mirror.index_content((session.folder / each.relative).read_bytes())
        return session.get(mirror.blob(mirror.mirror_of(each.relative), content.checksum))
    if session.get(each.relative, url):
        return True
    return session.get(f"{each.relative}.gz", url and f"{url}.gz")


def _fetch_manifests(session: _Session, listed: list[Listed]) -> None:
    """Fetch the manifests of all specs: from the mirror of all stacks, where there is one."""
    whole = {each.snapshot for each in listed if each.label == ROOT}
    chosen = [each for each in listed if each.label == ROOT or each.snapshot not in whole]
    places = [place for each in chosen for place in _manifests(session, each)]
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(session.get, places))


def _manifests(session: _Session, each: Listed) -> Iterator[str]:
    if each.relative.endswith(mirror.V2_INDEX):
        return
    try:
        read = mirror.read(session.folder, mirror.locate(session.folder, each.relative)[-1])
        specs = indexes.specs_of(indexes.decode(read.data))
    except Rejected:
        return
    prefix = mirror.mirror_of(each.relative)
    for name, version, key in specs:
        place = mirror.spec_manifest(prefix, name, version, key)
        if not (session.folder / place).exists():
            yield place


def _write_list(folder: Path, fetched: list[Listed]) -> None:
    path = folder / LISTING
    before = listing.decode(path.read_bytes(), str(path)) if path.exists() else []
    fresh = {each.snapshot for each in fetched}
    kept = [each for each in before if each.snapshot not in fresh]
    listed: dict[str, list[dict[str, str]]] = {}
    for each in sorted([*kept, *fetched]):
        listed.setdefault(each.snapshot, []).append({"label": each.label, "url": each.url})
    draft = folder / f".{LISTING}.draft"
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(listed), indent=1) + b"\n")
    draft.replace(path)


def _load(folder: Path) -> dict[str, Validators]:
    try:
        return msgspec.json.decode((folder / _STATE).read_bytes(), type=dict[str, Validators])
    except (OSError, msgspec.MsgspecError):
        return {}


def _save(session: _Session) -> None:
    draft = session.folder / f"{_STATE}.draft"
    draft.write_bytes(msgspec.json.encode(session.known))
    draft.replace(session.folder / _STATE)
    durable.sync(session.folder)
