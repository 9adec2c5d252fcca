-- title: Packages and specs on each platform, target and operating system
-- params: snapshot
-- column: platform | Platform, such as linux
-- column: target | CPU microarchitecture
-- column: os | Operating system
-- column: num_packages | Packages with at least one spec there
-- column: num_specs | Specs there
-- column: coverage_pct | Share of all packages of the snapshot, in percent

with chosen as (
    select
        platform,
        target,
        os,
        package
    from specs_at(getvariable('snapshot'))
),

whole as (
    select count(distinct package) as num_packages
    from chosen
),

places as (
    select
        platform,
        target,
        os,
        count(distinct package) as num_packages,
        count(*) as num_specs
    from chosen
    group by platform, target, os
)

select
    places.platform,
    places.target,
    places.os,
    places.num_packages,
    places.num_specs,
    share_pct(places.num_packages, whole.num_packages) as coverage_pct
from places
cross join whole
order by
    places.num_packages desc,
    places.num_specs desc,
    places.platform asc,
    places.target asc,
    places.os asc
