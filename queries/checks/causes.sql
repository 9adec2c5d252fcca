-- title: Changed specs of two snapshots and their causes that do not add up
-- params: before, after
-- column: law | Which counts should be equal
-- column: package | Package of the changed spec or of the cause, null of all specs
-- column: before_hash | Hash of the changed spec before, null where the law is of more
-- column: after_hash | Its hash after
-- column: expected | The count that there should be
-- column: found | The count that was found
with became as materialized (
    select
        package,
        before_hash,
        after_hash
    from
        changes(
            snapshot_named(getvariable('before')),
            snapshot_named(getvariable('after'))
        )
),

told as materialized (
    select *
    from
        causes(
            snapshot_named(getvariable('before')),
            snapshot_named(getvariable('after'))
        )
),

-- Specs with a hash that stands twice on both sides are one pair of hashes, told twice.
matched as (
    select
        package,
        before_hash,
        after_hash,
        count(*) as num_specs
    from became
    where before_hash is not null and after_hash is not null
    group by package, before_hash, after_hash
),

explained as (
    select
        package,
        before_hash,
        after_hash,
        count(*) as num_rows,
        min(num_causes) as fewest,
        max(num_causes) as most,
        count(distinct [cause, kind, detail]) filter (kind <> 'not told') as num_told
    from told
    group by package, before_hash, after_hash
),

pairs as (
    select
        ifnull(matched.package, explained.package) as package,
        ifnull(matched.before_hash, explained.before_hash) as before_hash,
        ifnull(matched.after_hash, explained.after_hash) as after_hash,
        ifnull(matched.num_specs, 0) * greatest(explained.most, 1) as rows_due,
        ifnull(explained.num_rows, 0) as num_rows,
        explained.fewest,
        explained.most,
        explained.num_told
    from matched
    full join explained
        on
            matched.package = explained.package
            and matched.before_hash = explained.before_hash
            and matched.after_hash = explained.after_hash
),

known as (
    select list(distinct package) as packages
    from nodes
    where
        snapshot in (
            snapshot_named(getvariable('before')),
            snapshot_named(getvariable('after'))
        )
),

copies as (
    select
        hash,
        count(*) filter (where snapshot = snapshot_named(getvariable('before')))
            as num_before,
        count(*) filter (where snapshot = snapshot_named(getvariable('after')))
            as num_after
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')),
            snapshot_named(getvariable('after'))
        )
    group by hash
),

laws as (
    select
        'a changed spec has a row a cause, or one not told; no other has any' as law,
        package,
        before_hash,
        after_hash,
        rows_due as expected,
        num_rows as found
    from pairs
    union all
    select
        'num_causes = causes told' as law,
        package,
        before_hash,
        after_hash,
        num_told as expected,
        if(fewest = num_told, most, fewest) as found
    from pairs
    where num_told is not null
    union all
    select
        'a cause has one path, from a package down to it' as law,
        told.cause as package,
        null as before_hash,
        null as after_hash,
        count(*) as expected,
        if(
            count(distinct told.path) = 1,
            count(*) filter (
                told.path[-1] = told.cause
                and list_contains(known.packages, told.path[1])
            ),
            0
        ) as found
    from told
    cross join known
    where told.cause is not null
    group by told.cause, told.kind, told.detail
    union all
    select
        'specs before = kept + matched + gone' as law,
        null as package,
        null as before_hash,
        null as after_hash,
        (select ifnull(sum(num_before), 0) from copies) as expected,
        (select ifnull(sum(least(num_before, num_after)), 0) from copies)
        + count(*) filter (before_hash is not null) as found
    from became
    union all
    select
        'specs after = kept + matched + appeared' as law,
        null as package,
        null as before_hash,
        null as after_hash,
        (select ifnull(sum(num_after), 0) from copies) as expected,
        (select ifnull(sum(least(num_before, num_after)), 0) from copies)
        + count(*) filter (after_hash is not null) as found
    from became
)

select
    law,
    package,
    before_hash,
    after_hash,
    expected::bigint as expected,
    found::bigint as found
from laws
where expected is distinct from found
order by law, package, before_hash, after_hash, expected, found
