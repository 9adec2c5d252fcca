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
    from changes($before, $after)
),

everything as (
    select
        current_stacks(stacks) as stacks,
        nullif(concat_ws('@', compiler_name, compiler_version), '') as compiler,
        target,
        os
    from specs
    where snapshot in ($before, $after)
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
),

rates as (
    select
        base.dimension,
        base.value,
        base.num_specs / whole.num_specs as rate
    from base
    cross join whole
)

select
    concentrated.change,
    concentrated.dimension,
    concentrated.value,
    concentrated.num_changes,
    round(100 * concentrated.num_changes / totals.num_changes, 1) as share_pct,
    round(100 * rates.rate, 1) as base_rate_pct,
    round(concentrated.num_changes / totals.num_changes / rates.rate, 2)
        as over_represented
from concentrated
inner join totals on concentrated.change = totals.change
inner join rates
    on
        concentrated.dimension = rates.dimension
        and concentrated.value = rates.value
order by
    totals.num_changes desc,
    concentrated.change asc,
    list_position(['stack', 'compiler', 'target', 'os'], concentrated.dimension) asc,
    concentrated.num_changes desc,
    concentrated.value asc
