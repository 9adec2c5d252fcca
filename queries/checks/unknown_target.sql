-- title: Targets of specs that archspec does not know, so that no host can be told
-- column: snapshot | Snapshot of the specs
-- column: platform | Platform, such as linux
-- column: target | The target that is unknown
-- column: num_packages | Packages there
-- column: num_specs | Specs there

select
    specs.snapshot,
    specs.platform,
    specs.target,
    count(distinct specs.package) as num_packages,
    count(*) as num_specs
from specs
anti join (select target from targets where known) as known_targets
    on specs.target = known_targets.target
group by specs.snapshot, specs.platform, specs.target
order by specs.snapshot, specs.platform, specs.target
