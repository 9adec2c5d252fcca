-- title: Bytes by target, stack and package, and what the snapshot adds
-- params: snapshot
-- column: part | all, target, stack (these overlap) or package
-- column: name | Platform and target, stack, or package; all for all
-- column: num_specs | Specs there
-- column: num_unknown | Those of them whose size is not known, which no sum holds
-- column: size_bytes | Bytes of the others, null where no size is known
-- column: new_bytes | Those of specs that no older snapshot of the series has
with chosen as (
    select
        listed.series,
        listed.series_order
    from snapshots as listed
    where listed.snapshot in (
        select snapshot from specs_at(getvariable('snapshot'))
    )
),

older as (
    select distinct spec.hash
    from specs as spec
    inner join snapshots as listed on spec.snapshot = listed.snapshot
    inner join chosen on listed.series = chosen.series
    where listed.series_order < chosen.series_order
),

sized as (
    select
        spec.package,
        spec.platform || '/' || spec.target as place,
        spec.stacks,
        spec.size_bytes,
        case
            when older.hash is null then spec.size_bytes
            when spec.size_bytes is not null then 0
        end as new_bytes
    from specs_at(getvariable('snapshot')) as spec
    left join older on spec.hash = older.hash
),

stacked as (
    select
        unnest(stacks) as name,
        size_bytes,
        new_bytes
    from sized
),

parts as (
    select
        1 as part_order,
        'all' as part,
        'all' as name,
        size_bytes,
        new_bytes
    from sized
    union all
    select
        2 as part_order,
        'target' as part,
        place as name,
        size_bytes,
        new_bytes
    from sized
    union all
    select
        3 as part_order,
        'stack' as part,
        name,
        size_bytes,
        new_bytes
    from stacked
    where name <> 'root'
    union all
    select
        4 as part_order,
        'package' as part,
        package as name,
        size_bytes,
        new_bytes
    from sized
)

select
    part,
    name,
    count(*) as num_specs,
    count(*) - count(size_bytes) as num_unknown,
    sum(size_bytes)::bigint as size_bytes,
    sum(new_bytes)::bigint as new_bytes
from parts
group by part_order, part, name
order by part_order, size_bytes desc nulls last, name
