"""What `census diff` compares: text → a snapshot, a spack.lock, or a spec of one of them.

A name of a snapshot comes first, then a file or folder, then a spec. `PLACE:SPEC` is a spec of a
snapshot or a spack.lock, SPEC alone one of the newest snapshot that has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from spack_census.ask import finding, knowledge, snapshots
from spack_census.ask.database import connect, connect_rows
from spack_census.disk import there
from spack_census.environments.lockfile import read_lockfile
from spack_census.environments.model import Lockfile
from spack_census.environments.rows import Rows, locked, stored
from spack_census.errors import (
    ConstraintError,
    DatasetError,
    EnvironmentFileError,
    UnknownNameError,
    many,
)
from spack_census.spack.constraints import Constraint
from spack_census.spack.grammar import parse

_LOCK = "spack.lock"
_HASH = re.compile(r"/([a-z2-7]{1,32})")
_PATH = re.compile(r"(?:\.{0,2}|~)/|\.{1,2}$")
_FEW = 5
_WITH_HASH = """
select snapshots.snapshot
from specs
inner join snapshots on specs.snapshot = snapshots.snapshot
where starts_with(specs.hash, $hash)
order by snapshots.series <> $main, snapshots.series_order desc, snapshots.snapshot
limit 1
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A snapshot of the dataset, or a lockfile; `name` is the snapshot's or the file's path."""

    name: str
    lock: Lockfile | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison: all of a place, or the one spec of it that has this hash."""

    place: Place
    package: str | None = None
    hash: str | None = None


class Sides:
    """What texts can mean here: files, and the snapshots of a dataset where there is one."""

    def __init__(self, dataset: Path) -> None:
        self._missing: DatasetError | None = None
        self._dataset: duckdb.DuckDBPyConnection | None = None
        try:
            self._dataset = connect(dataset)
        except DatasetError as error:
            # Two files can be compared without it.
            self._missing = error

    @property
    def dataset(self) -> duckdb.DuckDBPyConnection:
        """The dataset; raises DatasetError where there is none."""
        if self._dataset is None:
            assert self._missing is not None
            raise self._missing
        return self._dataset

    def pair(self, before: str, after: str) -> tuple[Side, Side]:
        """Return both sides; beside a spec, a place stands for its spec of the same package.

        Raises UnknownNameError, ConstraintError, EnvironmentFileError or DatasetError.
        """
        one, other = self._side(before), self._side(after)
        if one.package is not None and other.package is None:
            other = self._counterpart(other.place, one)
        elif other.package is not None and one.package is None:
            one = self._counterpart(one.place, other)
        return one, other

    def rows(self, place: Place) -> Rows:
        """Return the rows of a place."""
        return stored(self.dataset, place.name) if place.lock is None else locked(place.lock)

    def _side(self, text: str) -> Side:
        place = self._place(text)
        if place is not None:
            return Side(place)
        for colon in (match.start() for match in re.finditer(":", text)):
            place = self._place(text[:colon])
            if place is not None and text[colon + 1 :]:
                return self._spec(place, text[colon + 1 :])
        _demand_no_path(text)
        return self._spec(self._holding(text), text)

    def _place(self, text: str) -> Place | None:
        name = self._snapshot(text)
        if name is not None:
            return Place(name)
        path = Path(text)
        path = path / _LOCK if there.is_file(path / _LOCK) else path
        return Place(str(path), read_lockfile(path)) if text and there.is_file(path) else None

    def _snapshot(self, text: str) -> str | None:
        word, colon, series = text.partition(":")
        if word in {"latest", "previous"} and not colon:
            return snapshots.resolve(self.dataset, text)
        if self._dataset is None:
            return None
        known = snapshots.listing(self._dataset)
        if text in {each.snapshot for each in known}:
            return text
        if word in {"latest", "previous"} and series in {each.series for each in known}:
            return snapshots.resolve(self._dataset, text)
        return None

    def _holding(self, text: str) -> Place:
        """Return the newest snapshot that has this hash, else the latest one."""
        match = _HASH.fullmatch(text)
        if match is None:
            self._demand_name(text)
            return Place(snapshots.resolve(self.dataset, "latest"))
        main = snapshots.main_series(snapshots.listing(self.dataset))
        found = self.dataset.execute(_WITH_HASH, {"hash": match[1], "main": main}).fetchall()
        if not found:
            raise ConstraintError(
                f"no spec in the dataset has a hash that begins with {text}",
                "of a spec in a lockfile: census diff spack.lock:/HASH …",
            )
        return Place(found[0][0])

    def _demand_name(self, text: str) -> None:
        """Raise UnknownNameError where a bare word names nothing at all."""
        if re.fullmatch(r"[\w.-]+(?::[\w.-]*)?", text) is None:
            return
        con = self.dataset
        packages = {name for (name,) in con.sql("select distinct package from specs").fetchall()}
        known = [each.snapshot for each in snapshots.listing(con)]
        if text not in packages and not knowledge.is_virtual(con, text):
            near = UnknownNameError("snapshot", text, known, "the dataset", "census snapshots")
            if near.nearest or ":" in text:
                raise near
            raise UnknownNameError(
                "snapshot, spack.lock or package",
                text,
                packages,
                "the dataset",
                "census snapshots, census query coverage.matrix",
            )

    def _spec(self, place: Place, text: str) -> Side:
        package, hash_ = self._one(place, parse(text), text)
        return Side(place, package, hash_)

    def _counterpart(self, place: Place, spec: Side) -> Side:
        try:
            return self._spec(place, f"/{spec.hash}")
        except ConstraintError:
            return self._spec(place, str(spec.package))

    def _one(self, place: Place, constraint: Constraint, text: str) -> tuple[str, str]:
        con = self.dataset if place.lock is None else connect_rows(locked(place.lock), diffs=False)
        known = {name for (name,) in con.execute("select distinct package from specs").fetchall()}
        if constraint.package is not None and place.lock is not None:
            _demand_locked(place.lock, constraint.package, known)
        found = finding.find(con, constraint, place.name)
        rows = [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]
        if len(rows) == 1:
            return rows[0]["package"], rows[0]["hash"]
        if not rows:
            steps = [] if place.lock else [f"what is near: census why '{text}'"]
            raise ConstraintError(f"{place.name} has no spec that satisfies {text}", *steps)
        shown = [
            f"{place.name}:/{row['hash'][:7]}  {row['package']}@{row['version']} "
            f"%{row['compiler'] or 'none'} {row['os']} {row['target']}"
            for row in rows[:_FEW]
        ]
        rest = len(rows) - len(shown)
        raise ConstraintError(
            f"{many(len(rows), 'spec')} of {place.name} satisfy {text}: choose one",
            *shown,
            *([f"…{rest:,} more"] if rest else []),
        )


def _demand_locked(lock: Lockfile, name: str, known: set[str]) -> None:
    below = {each.build.package for each in lock.specs.values()}
    if name not in known and not any(
        name in edge.virtuals for each in lock.specs.values() for edge in each.edges
    ):
        roots = ", ".join(text for _, text in lock.roots)
        where = str(lock.path) if name not in below else f"{lock.path} but as an external"
        raise UnknownNameError("package", name, known, where, f"below the roots {roots}")


def _demand_no_path(text: str) -> None:
    """Raise EnvironmentFileError where a text can only be a path, and there is no lockfile."""
    looks = _PATH.match(text) is not None and _HASH.fullmatch(text) is None
    looks |= text.endswith((".lock", ".yaml")) or ("/" in text and there.is_folder(text))
    if looks and there.is_folder(text):
        raise EnvironmentFileError(
            f"no {_LOCK} in the folder {text}", f"make one: spack -e {text} concretize"
        )
    if looks:
        raise EnvironmentFileError(f"no file {text}", f"name a {_LOCK} or its folder")
