-- title: Packages and specs on each platform, target and operating system
-- params: snapshot
-- column: platform | Platform, such as linux
-- column: target | CPU microarchitecture
-- column: os | Operating system
-- column: packages | Packages with at least one spec there
-- column: specs | Specs there
-- column: coverage_pct | Share of all packages of the snapshot, in percent

with chosen as (
    select
        platform,
        target,
        os,
        package
    from specs_at($snapshot)
),

whole as (
    select count(distinct package) as packages
    from chosen
),

places as (
    select
        platform,
        target,
        os,
        count(distinct package) as packages,
        count(*) as specs
    from chosen
    group by platform, target, os
)

select
    places.platform,
    places.target,
    places.os,
    places.packages,
    places.specs,
    round(100.0 * places.packages / whole.packages, 1) as coverage_pct
from places
cross join whole
order by
    places.packages desc,
    places.specs desc,
    places.platform asc,
    places.target asc,
    places.os asc;
