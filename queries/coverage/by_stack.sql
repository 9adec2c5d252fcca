-- title: Packages and specs of each stack on each target
-- params: snapshot
-- column: stack | CI stack; root, the union of all, is no stack of its own
-- column: platform | Platform of the specs
-- column: target | Target of the specs
-- column: num_packages | Packages in the stack there
-- column: num_specs | Specs in the stack there
with stacked as (
    select
        unnest(stacks) as stack,
        platform,
        target,
        package
    from specs_at(getvariable('snapshot'))
)

select
    stack,
    platform,
    target,
    count(distinct package) as num_packages,
    count(*) as num_specs
from stacked
where stack <> 'root'
group by stack, platform, target
order by num_specs desc, stack, platform, target
