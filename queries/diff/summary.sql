-- title: Headline counts of a diff, regressions first
-- params: before, after
-- column: metric | What is counted; churn leaves rebuilds out where all hashes differ
-- column: before_count | The count before, of what both snapshots have
-- column: after_count | The count after
-- column: num_changes | What happened in between, as a count
-- column: share_pct | Share of the specs before; of those after for appeared
with spec_counts as (
    select
        count(*) filter (where snapshot = $before) as before_specs,
        count(*) filter (where snapshot = $after) as after_specs,
        count(distinct package) filter (where snapshot = $before) as before_packages,
        count(distinct package) filter (where snapshot = $after) as after_packages
    from specs
    where snapshot in ($before, $after)
),

places as (
    select
        package,
        platform,
        target,
        bool_or(snapshot = $before) as was_there,
        bool_or(snapshot = $after) as is_there
    from specs
    where snapshot in ($before, $after)
    group by package, platform, target
),

place_counts as (
    select
        count(*) filter (where not is_there) as lost,
        count(*) filter (where not was_there) as gained
    from places
),

moves as (
    select count(*) as moved
    from specs_at($before) as before
    inner join specs_at($after) as after on before.hash = after.hash
    where before.stacks <> after.stacks
),

change_counts as (
    select
        count(*) filter (where change = 'gone') as gone,
        count(*) filter (where change = 'appeared') as appeared,
        count(*) filter (where change = 'downgraded') as downgraded,
        count(*) filter (where change = 'upgraded') as upgraded,
        count(*) filter (where change = 'recompiled') as recompiled,
        count(*) filter (where change = 'reconfigured') as reconfigured,
        count(*) filter (where change = 'rebuilt') as rebuilt
    from changes($before, $after)
),

epochs as (
    select
        max(hash_epoch) filter (where snapshot = $before) as before_epoch,
        max(hash_epoch) filter (where snapshot = $after) as after_epoch
    from snapshots
),

counts as (
    select
        *,
        before_specs
        - gone
        - downgraded
        - upgraded
        - recompiled
        - reconfigured
        - rebuilt as kept,
        before_specs
        - kept
        - if(ifnull(before_epoch <> after_epoch, false), rebuilt, 0) as churn
    from spec_counts, place_counts, moves, change_counts, epochs
    where before_specs + after_specs > 0
),

metrics as (
    select
        unnest(
            [
                {'name': 'hash_epoch', 'b': before_epoch, 'a': after_epoch},
                {'name': 'packages lost on a target', 'n': lost},
                {'name': 'packages gained on a target', 'n': gained},
                {'name': 'packages', 'b': before_packages, 'a': after_packages},
                {'name': 'specs', 'b': before_specs, 'a': after_specs},
                {'name': 'gone', 'n': gone, 'whole': before_specs},
                {'name': 'appeared', 'n': appeared, 'whole': after_specs},
                {'name': 'downgraded', 'n': downgraded, 'whole': before_specs},
                {'name': 'upgraded', 'n': upgraded, 'whole': before_specs},
                {'name': 'recompiled', 'n': recompiled, 'whole': before_specs},
                {'name': 'reconfigured', 'n': reconfigured, 'whole': before_specs},
                {'name': 'rebuilt', 'n': rebuilt, 'whole': before_specs},
                {'name': 'kept', 'n': kept, 'whole': before_specs},
                {'name': 'moved', 'n': moved, 'whole': before_specs},
                {'name': 'churn', 'n': churn, 'whole': before_specs}
            ]
        ) as item,
        generate_subscripts(range(15), 1) as position
    from counts
)

select
    item.name as metric,
    item.b::bigint as before_count,
    item.a::bigint as after_count,
    item.n as num_changes,
    round(100 * item.n / nullif(item.whole, 0), 1) as share_pct
from metrics
order by position
