"""A lockfile or one snapshot → rows of a dataset's tables, and two of them → what `diff` asks.

A lockfile becomes a snapshot that is named by its path: what it would install is its specs, what
is there already its externals. It has no stacks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import duckdb

from spack_census.ask.database import connect_rows
from spack_census.ask.held import hold, release
from spack_census.ask.tallies import LOCKFILE
from spack_census.dataset import schema
from spack_census.environments.model import Locked, Lockfile
from spack_census.spack.compilers import canonical

if TYPE_CHECKING:
    import pyarrow as pa

Rows: TypeAlias = "Mapping[str, pa.Table]"
"""The name of a table of `schema.TABLES` → its rows."""

_EPOCHS = {4: 6, 5: 6, 6: 8, 7: 8}
"""The version of a lockfile → the epoch of its hashes, where each Spack that wrote it made such."""

_TABLES = {
    table.name: table
    for table in (schema.SPECS, schema.EXTERNALS, schema.DEPENDENCIES, schema.SNAPSHOTS)
}
_BLANK = "select * replace ([]::varchar[] as stacks) from specs where snapshot = $snapshot"
_PARTNERS = """
select before_hash, after_hash
from changes($before, $after)
where before_hash is not null and after_hash is not null
union all
select old.hash, new.hash
from specs as old
inner join specs as new on old.hash = new.hash
where old.snapshot = $before and new.snapshot = $after
"""


def locked(lock: Lockfile) -> Rows:
    """Return a lockfile's rows, under a snapshot named as its path."""
    name = str(lock.path)
    specs = [_spec(name, each) for each in lock.specs.values() if not each.external]
    edges = [
        {
            "snapshot": name,
            "hash": hash_,
            "dependency": edge.package,
            "dependency_hash": edge.hash,
            "deptypes": sorted(edge.deptypes),
            "virtuals": sorted(edge.virtuals),
        }
        for hash_, each in lock.specs.items()
        for edge in each.edges
    ]
    snapshot = {
        "snapshot": name,
        "series": "other",
        "series_order": 1,
        "hash_epoch": _EPOCHS.get(lock.version or 0),
        "num_documents": 1,
        "num_packages": len({spec["package"] for spec in specs}),
        "num_specs": len(specs),
        "num_documents_rejected": 0,
        "num_specs_rejected": 0,
        "source": LOCKFILE,
        "source_revision": "",
    }
    externals = [_spec(name, each) for each in lock.specs.values() if each.external]
    return {
        "specs": _arrow(schema.SPECS, specs),
        "externals": _arrow(schema.EXTERNALS, externals),
        "dependencies": _arrow(schema.DEPENDENCIES, edges),
        "snapshots": _arrow(schema.SNAPSHOTS, [snapshot]),
    }


def stored(con: duckdb.DuckDBPyConnection, snapshot: str) -> Rows:
    """Return the rows of one snapshot of a dataset, without stacks: a lockfile has none either."""
    of = {"snapshot": snapshot}
    found = {}
    for name, table in _TABLES.items():
        sql = _BLANK if name == "specs" else f"from {name} where snapshot = $snapshot"
        found[name] = con.sql(sql, params=of).to_arrow_table().select(table.arrow.names)
    return {name: rows.cast(_TABLES[name].arrow) for name, rows in found.items()}


def joined(before: Rows, after: Rows, *, diffs: bool = True) -> duckdb.DuckDBPyConnection:
    """Return a connection to the rows of both; of one thing twice they stand there once."""
    import pyarrow as pa

    same = before["snapshots"] == after["snapshots"]
    sides = (before,) if same else (before, after)
    tables = {name: pa.concat_tables([each[name] for each in sides]) for name in before}
    return connect_rows(tables, diffs=diffs)


def reduced(
    before: Rows, after: Rows, names: tuple[str, str], *, keep: str
) -> duckdb.DuckDBPyConnection:
    """Return a connection to both, of which one has only what the other's specs are matched with.

    `keep` names the side that stays whole. What the other has beyond that did not appear, nor is
    it gone; but it may lie below a spec that is matched, so `nodes` has it all.
    """
    con = joined(before, after)
    params = {"before": names[0], "after": names[1]}
    column = "after_hash" if keep == names[0] else "before_hash"
    hold("partners", con.sql(_PARTNERS, params=params))
    # Before there are fewer specs: it comes before the view of the same name.
    hold("nodes", con.sql("from nodes"))
    con.execute(
        f"delete from specs where snapshot <> ? and hash not in (select {column} from partners)",  # noqa: S608 - a column of ours
        [keep],
    )
    release(con, "partners")
    return con


def _spec(snapshot: str, each: Locked) -> dict[str, Any]:
    build = each.build
    name, _, version = build.compiler.partition("@")
    return {
        "snapshot": snapshot,
        "platform": build.platform,
        "target": build.target,
        "package": build.package,
        "version": build.version,
        "version_key": build.version_key,
        "compiler_name": canonical(name) if name else None,
        "compiler_version": version or None,
        "compiler_written": name or None,
        "os": build.os,
        "variants": sorted(build.variants | build.patches),
        "flags": list(build.flags),
        "stacks": [],
        "hash": build.hash,
        "namespace": build.namespace,
        "package_hash": build.package_hash,
        "is_external": each.external,
    }


def _arrow(table: schema.Table, rows: Iterable[Mapping[str, Any]]) -> pa.Table:
    import pyarrow as pa

    names = table.arrow.names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=table.arrow
    )
