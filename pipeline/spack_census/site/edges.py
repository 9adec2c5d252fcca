"""The direct dependencies of a snapshot, as numbers of rows, where its source knew them."""

from __future__ import annotations

import duckdb
import pyarrow as pa

from spack_census.site.columns import Snapshot, numbered_json
from spack_census.site.files import DataFile, data_file

_EDGES = """
with numbered as (
    select
        hash,
        cast(row as integer) as row
    from rows
)

select
    above.row,
    min(below.row) as dependency_row,
    dependency,
    to_json([deptypes, virtuals]) as label
from dependencies
inner join numbered as above on dependencies.hash = above.hash
left join numbered as below on dependencies.dependency_hash = below.hash
where snapshot = $snapshot
group by above.row, dependency, dependency_hash, deptypes, virtuals
order by above.row, dependency, dependency_hash, deptypes, virtuals
"""


def edges_file(con: duckdb.DuckDBPyConnection, snapshot: Snapshot) -> DataFile | None:
    """Return the file of dependencies, None where the snapshot knows none.

    `num` has how many each row has, `to` their rows, row by row; a number below zero stands for
    the name `elsewhere[-1 - number]`, of what is not in the snapshot. `label` tells their types
    and virtuals, by number.
    """
    rows = pa.table({"hash": snapshot.rows["hash"], "row": range(snapshot.rows.num_rows)})
    con.register("rows", rows)
    edges = con.sql(_EDGES, params={"snapshot": snapshot.name}).to_arrow_table()
    con.unregister("rows")
    if edges.num_rows == 0:
        return None
    names = edges["dependency"].to_pylist()
    below = edges["dependency_row"].to_pylist()
    elsewhere = sorted({name for name, row in zip(names, below, strict=True) if row is None})
    places = {name: -1 - place for place, name in enumerate(elsewhere)}
    num = [0] * snapshot.rows.num_rows
    for row in edges["row"].to_pylist():
        num[row] += 1
    labels, label_ids = numbered_json(edges["label"])
    return data_file(
        "deps",
        {
            "num": num,
            "to": [
                places[name] if row is None else row for name, row in zip(names, below, strict=True)
            ],
            "label": labels,
            "labels": label_ids,
            "elsewhere": elsewhere,
        },
    )
