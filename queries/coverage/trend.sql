-- title: Packages and specs of each target through the snapshots
-- column: series | Series of the snapshot
-- column: snapshot | Snapshot, oldest first within its series
-- column: platform | Platform of the specs
-- column: target | Target of the specs
-- column: num_packages | Packages there
-- column: num_specs | Specs there
select
    listed.series,
    spec.snapshot,
    spec.platform,
    spec.target,
    count(distinct spec.package) as num_packages,
    count(*) as num_specs
from specs as spec
inner join snapshots as listed on spec.snapshot = listed.snapshot
group by
    listed.series,
    listed.series_order,
    spec.snapshot,
    spec.platform,
    spec.target
order by
    listed.series,
    listed.series_order,
    spec.platform,
    spec.target
