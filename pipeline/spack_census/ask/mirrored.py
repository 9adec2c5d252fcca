"""What a mirror holds, beside what the snapshots of a dataset list: bytes by stack and by age."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING

from spack_census.ask import snapshots
from spack_census.errors import UnknownNameError

if TYPE_CHECKING:
    import duckdb


class By(StrEnum):
    """What bytes are added up by."""

    STACK = "stack"
    AGE = "age"


_HELD = """
with held as (
    select
        unnest($hashes) as hash,
        unnest($sizes)::bigint as size_bytes
),

-- Of each hash the last snapshot that lists it: of the series, else of another one.
lasts as (
    select
        spec.hash,
        max_by(
            {
                'snapshot': listed.snapshot,
                'is_chosen': listed.series = $series,
                'series_order': listed.series_order,
                'stacks': spec.stacks
            },
            {
                'is_chosen': listed.series = $series,
                'series_order': listed.series_order,
                'snapshot': listed.snapshot
            }
        ) as last
    from specs as spec
    inner join snapshots as listed on spec.snapshot = listed.snapshot
    group by spec.hash
),

joined as (
    select
        held.hash,
        held.size_bytes,
        lasts.last
    from held
    left join lasts on held.hash = lasts.hash
),
"""
_BY = {
    By.AGE: """
named as (
    select
        case
            when last is null then 2
            when last.is_chosen then 0
            else 1
        end as rank,
        case when last.is_chosen then last.series_order end as series_order,
        case
            when last is null then '(no snapshot)'
            when last.is_chosen then last.snapshot
            else '(another series)'
        end as name,
        size_bytes
    from joined
)
""",
    By.STACK: """
named as (
    select
        case when coalesce(len(last.stacks), 0) = 0 then 2 else 0 end as rank,
        null as series_order,
        unnest(
            case when coalesce(len(last.stacks), 0) = 0 then ['(no stack)'] else last.stacks end
        ) as name,
        size_bytes
    from joined
)
""",
}
_SUMS = """,

sums as (
    select
        rank,
        series_order,
        name,
        count(*) as num_specs,
        sum(size_bytes)::bigint as size_bytes
    from named
    group by rank, series_order, name
    union all
    select
        3 as rank,
        null as series_order,
        '(of no spec)' as name,
        0 as num_specs,
        $rest::bigint as size_bytes
)

select
    name,
    num_specs,
    size_bytes
from sums
order by rank, series_order, size_bytes desc, name
"""


def held(
    con: duckdb.DuckDBPyConnection,
    spec_bytes: Mapping[str, int],
    num_bytes: int,
    by: By,
    series: str | None = None,
) -> duckdb.DuckDBPyRelation:
    """Return name, num_specs and size_bytes of what a mirror holds, by stack or by age.

    Age is the last snapshot of a series, by default the main one, that lists a spec, oldest
    first; its sizes add up to `num_bytes`. Stacks are those of that snapshot, largest first, and
    overlap. Raises UnknownNameError for an unknown series.
    """
    listed = snapshots.listing(con)
    chosen = series or snapshots.main_series(listed)
    known = [each.series for each in listed]
    if chosen not in known:
        raise UnknownNameError("series", chosen, known, "the dataset", "census snapshots")
    values = {
        "hashes": list(spec_bytes),
        "sizes": list(spec_bytes.values()),
        "series": chosen,
        "rest": num_bytes - sum(spec_bytes.values()),
    }
    return con.sql(_HELD + _BY[by] + _SUMS, params=values)
