-- title: Headline counts of a diff, regressions first
-- params: before, after
-- column: metric | What is counted; churn leaves rebuilds out where all hashes differ
-- column: before_count | The count before, of what both snapshots have
-- column: after_count | The count after
-- column: num_changes | What happened in between, as a count
-- column: share_pct | Share of the specs before; of those after for appeared
with spec_counts as (
    select
        count(*) filter (where snapshot = snapshot_named(getvariable('before')))
            as before_specs,
        count(*) filter (where snapshot = snapshot_named(getvariable('after')))
            as after_specs,
        count(distinct package) filter (
            where snapshot = snapshot_named(getvariable('before'))
        )
            as before_packages,
        count(distinct package) filter (
            where snapshot = snapshot_named(getvariable('after'))
        )
            as after_packages
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

places as (
    select
        package,
        platform,
        target,
        bool_or(snapshot = snapshot_named(getvariable('before'))) as was_there,
        bool_or(snapshot = snapshot_named(getvariable('after'))) as is_there
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
    group by package, platform, target
),

place_counts as (
    select
        count(*) filter (where not is_there) as gone_places,
        count(*) filter (where not was_there) as appeared_places
    from places
),

moves as (
    select count(*) as moved
    from specs_copies(snapshot_named(getvariable('before'))) as one
    inner join specs_copies(snapshot_named(getvariable('after'))) as other
        on one.hash = other.hash and one.copy = other.copy
    where one.stacks <> other.stacks
),

change_counts as (
    select unnest(counts_by_label(change))
    from
        changes(
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
),

epochs as (
    select
        max(hash_epoch) filter (
            where snapshot = snapshot_named(getvariable('before'))
        ) as before_epoch,
        max(hash_epoch) filter (where snapshot = snapshot_named(getvariable('after')))
            as after_epoch
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
)

select
    metric.name as metric,
    metric.before_count,
    metric.after_count,
    metric.num_changes,
    share_pct(metric.num_changes, metric.whole) as share_pct
from counts
cross join (
    values
    (1, 'hash_epoch', before_epoch::bigint, after_epoch::bigint, null, null),
    (2, 'packages gone from a target', null, null, gone_places, null),
    (3, 'packages appeared on a target', null, null, appeared_places, null),
    (4, 'packages', before_packages, after_packages, null, null),
    (5, 'specs', before_specs, after_specs, null, null),
    (6, 'gone', null, null, gone, before_specs),
    (7, 'appeared', null, null, appeared, after_specs),
    (8, 'downgraded', null, null, downgraded, before_specs),
    (9, 'upgraded', null, null, upgraded, before_specs),
    (10, 'recompiled', null, null, recompiled, before_specs),
    (11, 'reconfigured', null, null, reconfigured, before_specs),
    (12, 'rebuilt', null, null, rebuilt, before_specs),
    (13, 'kept', null, null, kept, before_specs),
    (14, 'moved', null, null, moved, before_specs),
    (15, 'churn', null, null, churn, before_specs)
) as metric (position, name, before_count, after_count, num_changes, whole)
order by metric.position
