-- title: Where changes concentrate: shares by stack, compiler, target and os
-- params: before, after
-- column: change | Kind of change
-- column: dimension | stack, compiler, target or os
-- column: value | The stack, compiler, target or os
-- column: num_changes | Changes of this kind there
-- column: share_pct | Their share of all changes of this kind
-- column: base_rate_pct | Share of all specs, before and after, that are there
-- column: over_represented | Share divided by base rate: 1 where spread evenly
with changed as (
    select
        change,
        current_stacks(stacks) as stacks,
        if(after_hash is null, before_compiler, after_compiler) as compiler,
        target,
        os
    from
        changes(
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

everything as (
    select
        current_stacks(stacks) as stacks,
        nullif(concat_ws('@', compiler_name, compiler_version), '') as compiler,
        target,
        os
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

placed as (
    select
        change,
        'stack' as dimension,
        unnest(stacks) as value
    from changed
    union all
    select
        change,
        'compiler' as dimension,
        ifnull(compiler, 'none') as value
    from changed
    union all
    select
        change,
        'target' as dimension,
        target as value
    from changed
    union all
    select
        change,
        'os' as dimension,
        os as value
    from changed
),

placed_everything as (
    select
        'stack' as dimension,
        unnest(stacks) as value
    from everything
    union all
    select
        'compiler' as dimension,
        ifnull(compiler, 'none') as value
    from everything
    union all
    select
        'target' as dimension,
        target as value
    from everything
    union all
    select
        'os' as dimension,
        os as value
    from everything
),

concentrated as (
    select
        change,
        dimension,
        value,
        count(*) as num_changes
    from placed
    group by change, dimension, value
),

totals as (
    select
        change,
        count(*) as num_changes
    from changed
    group by change
),

whole as (
    select count(*) as num_specs
    from everything
),

base as (
    select
        dimension,
        value,
        count(*) as num_specs
    from placed_everything
    group by dimension, value
)

select
    concentrated.change,
    concentrated.dimension,
    concentrated.value,
    concentrated.num_changes,
    share_pct(concentrated.num_changes, totals.num_changes) as share_pct,
    share_pct(base.num_specs, whole.num_specs) as base_rate_pct,
    round(
        concentrated.num_changes
        / totals.num_changes
        / (base.num_specs / whole.num_specs),
        2
    ) as over_represented
from concentrated
inner join totals on concentrated.change = totals.change
inner join base
    on
        concentrated.dimension = base.dimension
        and concentrated.value = base.value
cross join whole
order by
    totals.num_changes desc,
    concentrated.change asc,
    list_position(['stack', 'compiler', 'target', 'os'], concentrated.dimension) asc,
    concentrated.num_changes desc,
    concentrated.value asc
