-- title: What changed in each stack between two snapshots
-- params: before, after
-- column: stack | Stack, under its present name
-- column: change | appeared, gone, renamed or kept: the stack itself
-- column: before_specs | Specs before
-- column: after_specs | Specs after
-- column: kept | Specs with the same hash before and after
-- column: moved_in | Kept specs that were in other stacks only
-- column: moved_out | Kept specs that are in other stacks only
-- column: gone | Specs gone without a successor
-- column: appeared | Specs that appeared without a predecessor
-- column: upgraded | Specs with a higher version
-- column: downgraded | Specs with a lower version
-- column: recompiled | Specs with another compiler
-- column: reconfigured | Specs with other variants
-- column: rebuilt | Specs with nothing visible but another hash
with sides as (
    select
        hash,
        unnest(current_stacks(stacks)) as stack,
        snapshot = snapshot_named(getvariable('after')) as is_after
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

names as (
    select
        unnest(stacks) as name,
        snapshot = snapshot_named(getvariable('after')) as is_after
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

stacks as (
    select
        current_stacks([name])[1] as stack,
        bool_or(not is_after) as was_there,
        bool_or(is_after) as is_there,
        list(distinct name order by name) filter (where not is_after)
            as before_names,
        list(distinct name order by name) filter (where is_after) as after_names
    from names
    where name <> 'root'
    group by stack
),

kept as (
    select
        ifnull(before.stack, after.stack) as stack,
        count(*) filter (where before.hash = after.hash) as kept,
        count(*) filter (where before.hash is null) as moved_in,
        count(*) filter (where after.hash is null) as moved_out
    from (
        select * from sides
        where
            not is_after
            and hash in (
                select hash
                from specs
                where snapshot = snapshot_named(getvariable('after'))
            )
    ) as before
    full join (
        select * from sides
        where
            is_after
            and hash in (
                select hash
                from specs
                where snapshot = snapshot_named(getvariable('before'))
            )
    ) as after
        on before.hash = after.hash and before.stack = after.stack
    group by all
),

sizes as (
    select
        stack,
        count(*) filter (
            where not is_after
            or snapshot_named(getvariable('before'))
            = snapshot_named(getvariable('after'))
        ) as before_specs,
        count(*) filter (where is_after) as after_specs
    from sides
    group by stack
),

changed as (
    select
        change,
        unnest(current_stacks(stacks)) as stack
    from
        changes(
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

counted as (
    select
        stack,
        counts_by_label(change) as labels
    from changed
    group by stack
)

select
    stacks.stack,
    case
        when not stacks.was_there then 'appeared'
        when not stacks.is_there then 'gone'
        when stacks.before_names <> stacks.after_names then 'renamed'
        else 'kept'
    end as change,
    sizes.before_specs,
    sizes.after_specs,
    ifnull(kept.kept, 0) as kept,
    ifnull(kept.moved_in, 0) as moved_in,
    ifnull(kept.moved_out, 0) as moved_out,
    ifnull(counted.labels['gone'], 0) as gone,
    ifnull(counted.labels['appeared'], 0) as appeared,
    ifnull(counted.labels['upgraded'], 0) as upgraded,
    ifnull(counted.labels['downgraded'], 0) as downgraded,
    ifnull(counted.labels['recompiled'], 0) as recompiled,
    ifnull(counted.labels['reconfigured'], 0) as reconfigured,
    ifnull(counted.labels['rebuilt'], 0) as rebuilt
from stacks
inner join sizes on stacks.stack = sizes.stack
left join kept on stacks.stack = kept.stack
left join counted on stacks.stack = counted.stack
where
    snapshot_named(getvariable('before')) is distinct from snapshot_named(
        getvariable('after')
    )
order by
    list_position(['gone', 'appeared', 'renamed', 'kept'], change),
    counted.labels['gone'] desc nulls last,
    sizes.after_specs desc,
    stacks.stack
