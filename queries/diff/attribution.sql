-- title: Where changes concentrate: shares by stack, compiler, target and os
-- params: before, after
-- column: change | Kind of change
-- column: dimension | stack, compiler, target or os
-- column: value | The stack, compiler, target or os
-- column: num_changes | Changes of this kind there
-- column: share_pct | Their share of all changes of this kind
-- column: base_rate_pct | Share of all specs, before and after, that are there
-- column: over_represented | Share divided by base rate: 1 where changes are spread evenly
with changed as (
    select
        change,
        current_stacks(stacks) as stacks,
        ifnull(after_compiler, before_compiler) as compiler,
        target,
        os
    from changes($before, $after)
),

spread as (
    select
        change,
        unnest(
            list_transform(stacks, lambda name: {'dimension': 'stack', 'value': name})
            || [
                {'dimension': 'compiler', 'value': ifnull(compiler, 'none')},
                {'dimension': 'target', 'value': target},
                {'dimension': 'os', 'value': os}
            ]
        ) as place
    from changed
),

concentrated as (
    select
        change,
        place,
        count(*) as num_changes
    from spread
    group by change, place
),

totals as (
    select
        change,
        count(*) as num_changes
    from changed
    group by change
),

everything as (
    select
        unnest(
            list_transform(
                current_stacks(stacks),
                lambda name: {'dimension': 'stack', 'value': name}
            )
            || [
                {
                    'dimension': 'compiler',
                    'value': if(
                        compiler_name is null,
                        'none',
                        concat_ws('@', compiler_name, compiler_version)
                    )
                },
                {'dimension': 'target', 'value': target},
                {'dimension': 'os', 'value': os}
            ]
        ) as place
    from specs
    where snapshot in ($before, $after)
),

base as (
    select
        place,
        count(*) / (
            select count(*) from specs where snapshot in ($before, $after)
        ) as rate
    from everything
    group by place
)

select
    concentrated.change,
    concentrated.place.dimension as dimension,
    concentrated.place.value as value,
    concentrated.num_changes,
    round(100 * concentrated.num_changes / totals.num_changes, 1) as share_pct,
    round(100 * base.rate, 1) as base_rate_pct,
    round(concentrated.num_changes / totals.num_changes / base.rate, 2)
        as over_represented
from concentrated
inner join totals on concentrated.change = totals.change
inner join base on concentrated.place = base.place
order by
    totals.num_changes desc,
    concentrated.change,
    list_position(['stack', 'compiler', 'target', 'os'], dimension),
    concentrated.num_changes desc,
    value
