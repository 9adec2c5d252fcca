-- title: Missing packages of a target whose dependencies are all there
-- params: snapshot, target
-- column: package | Package that other targets have and this one lacks
-- column: num_dependents | Missing packages that wait for it, directly or not
-- column: num_specs | Specs of it on other targets
with recursive
known as (
    select
        if(
            count(*) = 0,
            error(
                'this dataset has no dependencies for this snapshot:'
                || ' build it from a build cache index, documents do not hold them'
            ),
            count(*)
        ) as num_edges
    from dependencies
    where snapshot = snapshot_named(getvariable('snapshot'))
),

present as (
    select distinct package
    from specs_at(getvariable('snapshot'))
    where target = getvariable('target')
),

missing as (
    select
        package,
        count(*) as num_specs
    from specs_at(getvariable('snapshot'))
    where
        package not in (select package from present)
        and (select num_edges from known) > 0
    group by package
),

waits as (
    select distinct
        spec.package,
        edge.dependency
    from dependencies as edge
    inner join specs_at(getvariable('snapshot')) as spec on edge.hash = spec.hash
    where
        edge.snapshot = snapshot_named(getvariable('snapshot'))
        and spec.package <> edge.dependency
        and spec.package in (select package from missing)
        and edge.dependency in (select package from missing)
),

reached as (
    select
        dependency,
        package
    from waits
    union
    select
        reached.dependency,
        waits.package
    from reached
    inner join waits on reached.package = waits.dependency
)

select
    missing.package,
    count(reached.package) as num_dependents,
    missing.num_specs
from missing
left join reached
    on
        missing.package = reached.dependency
        and missing.package <> reached.package
where missing.package not in (select package from waits)
group by missing.package, missing.num_specs
order by num_dependents desc, missing.num_specs desc, missing.package
