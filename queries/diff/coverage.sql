-- title: Packages that appeared on a target or are gone from it
-- params: before, after
-- column: change | gone or appeared
-- column: package | Package name
-- column: platform | Platform where it appeared or is gone
-- column: target | Target where it appeared or is gone
-- column: newest_version | Newest version of what appeared or is gone
-- column: num_specs | Specs that appeared or are gone with it
-- column: stacks | Stacks that held or hold them, under their present names
-- column: elsewhere | Whether the package is still, or was already, on another target
with places as (
    select
        snapshot = snapshot_named(getvariable('after')) as is_after,
        package,
        platform,
        target,
        arg_max(version, [version_key, version]) as newest_version,
        count(*) as num_specs,
        current_stacks(flatten(list(stacks))) as stacks
    from specs
    where
        snapshot in (
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
        and snapshot_named(getvariable('before')) is distinct from snapshot_named(
            getvariable('after')
        )
    group by is_after, package, platform, target
),

holders as (
    select
        package,
        count(distinct is_after) = 2 as is_both
    from places
    group by package
)

select
    if(place.is_after, 'appeared', 'gone') as change,
    place.package,
    place.platform,
    place.target,
    place.newest_version,
    place.num_specs,
    place.stacks,
    holders.is_both as elsewhere
from places as place
inner join holders on place.package = holders.package
anti join places as other
    on
        place.package = other.package
        and place.platform = other.platform
        and place.target = other.target
        and place.is_after <> other.is_after
order by
    change desc,
    elsewhere asc,
    place.package,
    place.platform,
    place.target
