"""Names as people write them: HDF5 is hdf5, py_numpy is py-numpy."""

from __future__ import annotations

from dataclasses import replace

import duckdb

from spack_census.ask.names import packages
from spack_census.spack.constraints import Constraint


def meant(con: duckdb.DuckDBPyConnection, constraint: Constraint) -> Constraint:
    """Return the constraint on the package that is meant, where the dataset has none of its name.

    That is the one whose name differs in case or in how its words are joined; where there is none,
    the constraint stays as it is.
    """
    name = constraint.package
    known = packages(con)
    if name is None or name in known:
        return constraint
    found = [each for each in sorted(known) if _plain(each) == _plain(name)]
    return replace(constraint, package=found[0]) if found else constraint


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
