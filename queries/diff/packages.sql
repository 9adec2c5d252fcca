-- title: Packages that appeared on a platform or are gone from it
-- params: before, after
-- column: change | gone or appeared
-- column: package | Package name
-- column: platform | Platform on which only one of the snapshots has the package
-- column: num_targets | Targets of the platform that have it, in that snapshot
-- column: num_specs | Specs of it on the platform, in that snapshot

with old as (
    select
        package,
        platform,
        count(distinct target) as num_targets,
        count(*) as num_specs
    from specs_at(getvariable('before'))
    group by package, platform
),

new as (
    select
        package,
        platform,
        count(distinct target) as num_targets,
        count(*) as num_specs
    from specs_at(getvariable('after'))
    group by package, platform
),

changes as (
    select
        'gone' as change,
        old.package,
        old.platform,
        old.num_targets,
        old.num_specs
    from old
    anti join new
        on old.package = new.package and old.platform = new.platform
    union all
    select
        'appeared' as change,
        new.package,
        new.platform,
        new.num_targets,
        new.num_specs
    from new
    anti join old
        on new.package = old.package and new.platform = old.platform
)

select
    change,
    package,
    platform,
    num_targets,
    num_specs
from changes
-- What is gone hurts, so it comes first.
order by change desc, package asc, platform asc
