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
_CARRIED = """
select exists (
    from specs
    where snapshot = ? and compiler_name is not null and compiler_written is null
)
"""


# A connection reads one version of a dataset, which nothing changes: what was told stays true.
_ANSWERS: WeakKeyDictionary[
    duckdb.DuckDBPyConnection, dict[tuple[str, str, str], list[tuple[Any, ...]]]
] = WeakKeyDictionary()


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
        if self.one("select exists (from dependencies where snapshot = ?)"):
            return True
        # Nothing in a small index may depend on anything; an index is of no one package.
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
        # What knows no namespace is of a document; a dataset of format 1 had no flags at all.
        if self.one(_UNTOLD, package, package) or self.one(_CARRIED):
            raise ConstraintError(
                f"cannot ask for {asked}: {self.snapshot} does not tell compiler flags",
                f"leave them out, or {_BUILD}",
            )

    def one(self, sql: str, *values: Any) -> Any:
        """Return the one value of a query whose first `?` is the snapshot, found out once."""
        ((value,),) = self.rows(sql, *values)
        return value

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return the rows of a query whose first `?` is the snapshot, found out once."""
        answers = _ANSWERS.setdefault(self.con, {})
        key = (sql, self.snapshot, repr(values))
        if key not in answers:
            answers[key] = self.con.execute(sql, [self.snapshot, *values]).fetchall()
        return answers[key]
