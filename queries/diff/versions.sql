-- title: Highest versions upgraded or downgraded, versions added and dropped
-- params: before, after
-- column: change | upgraded or downgraded: the highest; kept: others changed
-- column: package | Package that both snapshots hold
-- column: before_highest | Highest version before
-- column: after_highest | Highest version after
-- column: versions_added | Versions that only the later snapshot holds, ascending
-- column: versions_dropped | Versions that only the earlier snapshot holds, ascending
-- column: targets | Targets that hold the highest version after
with versions as (
    select
        package,
        version_key,
        any_value(version order by version) as version,
        bool_or(snapshot = snapshot_named(getvariable('before'))) as is_before,
        bool_or(snapshot = snapshot_named(getvariable('after'))) as is_after,
        list_sort(
            list_distinct(
                list(target) filter (
                    where snapshot = snapshot_named(getvariable('after'))
                )
            )
        ) as targets
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
        and snapshot_named(getvariable('before')) is distinct from snapshot_named(
            getvariable('after')
        )
    group by package, version_key
),

packages as (
    select
        package,
        max(version_key) filter (where is_before) as before_key,
        max(version_key) filter (where is_after) as after_key,
        arg_max(version, version_key) filter (where is_before) as before_highest,
        arg_max(version, version_key) filter (where is_after) as after_highest,
        arg_max(targets, version_key) filter (where is_after) as targets,
        list(version order by version_key) filter (where not is_before)
            as versions_added,
        list(version order by version_key) filter (where not is_after)
            as versions_dropped
    from versions
    group by package
    having bool_or(is_before) and bool_or(is_after)
)

select
    case
        when after_key > before_key then 'upgraded'
        when after_key < before_key then 'downgraded'
        else 'kept'
    end as change,
    package,
    before_highest,
    after_highest,
    ifnull(versions_added, []) as versions_added,
    ifnull(versions_dropped, []) as versions_dropped,
    targets
from packages
where versions_added is not null or versions_dropped is not null
order by list_position(['downgraded', 'upgraded', 'kept'], change), package
