"""What a snapshot tells of its specs, and what it does not: documents know less than indexes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import duckdb

from spack_census.errors import ConstraintError
from spack_census.spack import providers
from spack_census.spack.compilers import LANGUAGES

_PACKAGES_SINCE = 8
"""The epoch of hashes since which compilers are packages, and a spec may have several."""
_FLAGS_SINCE = 3
"""The rules by which documents became rows that read flags first."""
_BUILD = "build the snapshot from a build cache's index"
_UNTOLD = """
select count(*)
from nodes
where snapshot = ? and namespace is null and (package = ? or ? is null)
"""
_NOTED = """
select exists (
    from nodes
    where snapshot = ? and compiler_name is not null
        and hash not in (
            select hash from dependencies where snapshot = ? and list_has_any(virtuals, ?)
        )
)
"""
_GAPS = """
select count(distinct dependency_hash)
from dependencies
where snapshot = ? and list_has_any(deptypes, ?)
    and dependency_hash not in (select hash from nodes where snapshot = ?)
"""


# A locked connection reads one version of a dataset, which nothing changes: what was told stays.
_ANSWERS: WeakKeyDictionary[
    duckdb.DuckDBPyConnection, dict[tuple[str, str, str], list[tuple[Any, ...]]]
] = WeakKeyDictionary()


def _is_locked(con: duckdb.DuckDBPyConnection) -> bool:
    return bool(con.execute("select current_setting('lock_configuration')").fetchall()[0][0])


def is_virtual(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    """Tell whether something provides a package of this name, by its recipe or in the dataset."""
    if providers.is_virtual(name):
        return True
    sql = "select exists (from dependencies where list_contains(virtuals, ?))"
    return bool(con.execute(sql, [name]).fetchall()[0][0])


@dataclass(frozen=True, slots=True)
class Known:
    """One snapshot of a dataset; each question is asked of it once, when it arises."""

    con: duckdb.DuckDBPyConnection
    snapshot: str

    @property
    def dependencies(self) -> bool:
        """Whether it tells what depends on what."""
        # Nothing in a small index may depend on anything.
        sql = "select exists (from dependencies where snapshot = ?)"
        return bool(self.one(sql)) or self._is_indexed()

    def _is_indexed(self) -> bool:
        # An index is of no one package.
        sql = "select exists (from documents where snapshot = ? and package is null)"
        return bool(self.one(sql))

    @property
    def compilers(self) -> bool:
        """Whether it knows compilers as dependencies."""
        sql = "select exists (from dependencies where snapshot = ? and list_has_any(virtuals, ?))"
        if self.one(sql, list(LANGUAGES)):
            return True
        return self.dependencies and (self._epoch() or 0) >= _PACKAGES_SINCE

    @property
    def has_one_compiler(self) -> bool:
        """Whether a spec has one compiler for all languages, as it was before Spack 1.0."""
        epoch = self._epoch()
        return epoch is not None and epoch < _PACKAGES_SINCE

    @property
    def has_noted_compilers(self) -> bool:
        """Whether specs have a compiler that is none of their dependencies."""
        return bool(self.one(_NOTED, self.snapshot, list(LANGUAGES)))

    def _epoch(self) -> int | None:
        found = self.one("select max(hash_epoch) from snapshots where snapshot = ?")
        return None if found is None else int(found)

    def is_virtual(self, name: str) -> bool:
        """Tell whether a name is a virtual package's and no package's of the snapshot."""
        if self.one("select exists (from nodes where snapshot = ? and package = ?)", name):
            return False
        return is_virtual(self.con, name)

    def demand_dependencies(self, asked: str) -> None:
        """Raise ConstraintError where it does not tell what depends on what."""
        if not self.dependencies:
            raise ConstraintError(
                f"cannot ask for {asked}: {self.snapshot} does not tell what depends on what",
                f"leave it out, or {_BUILD}",
            )

    def demand_whole(self, asked: str, *, deptypes: tuple[str, ...]) -> None:
        """Raise ConstraintError where what is below a spec is not all told, by these edges."""
        gaps = self.one(_GAPS, list(deptypes), self.snapshot)
        if gaps:
            raise ConstraintError(
                f"cannot ask for {asked}: {self.snapshot} tells nothing of {gaps:,} specs that"
                " others depend on",
                f"leave it out, or {_BUILD}",
            )

    def demand_carried(self, asked: str) -> None:
        """Raise ConstraintError where link and run dependencies lead to what is not told.

        What an index does not describe, in datasets of format 1, depends on nothing: externals.
        """
        if not self._is_indexed():
            self.demand_whole(asked, deptypes=("link", "run"))

    def demand_namespaces(self, package: str | None, asked: str) -> None:
        """Raise ConstraintError where it does not tell the namespaces of a package's specs."""
        unknown = self.one(_UNTOLD, package, package)
        if unknown:
            raise ConstraintError(
                f"cannot ask for {asked}: {self.snapshot} does not tell the namespaces of"
                f" {unknown:,} specs",
                f"leave it out, or {_BUILD}",
            )

    def demand_flags(self, package: str | None, asked: str) -> None:
        """Raise ConstraintError where it does not tell the compiler flags of a package's specs."""
        # What knows no namespace is of a document.
        rules = self.one("select max(rules) from snapshots where snapshot = ?")
        if self.one(_UNTOLD, package, package) or (rules or 0) < _FLAGS_SINCE:
            raise ConstraintError(
                f"cannot ask for {asked}: {self.snapshot} does not tell compiler flags",
                f"leave them out, or {_BUILD}",
            )

    def one(self, sql: str, *values: Any) -> Any:
        """Return the one value of a query whose first `?` is the snapshot."""
        ((value,),) = self.rows(sql, *values)
        return value

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first `?` is the snapshot, of a dataset asked once."""
        if self.con not in _ANSWERS and not _is_locked(self.con):
            return self.con.execute(sql, [self.snapshot, *values]).fetchall()
        answers = _ANSWERS.setdefault(self.con, {})
        key = (sql, self.snapshot, repr(values))
        if key not in answers:
            answers[key] = self.con.execute(sql, [self.snapshot, *values]).fetchall()
        return answers[key]
