-- title: Packages that one target has and another lacks
-- params: reference, snapshot, target
-- column: package | Package that only the reference target has
-- column: newest_version | Newest version on the reference target
-- column: num_specs | Specs on the reference target
-- column: num_dependents | Specs that depend on it directly, null where not known
-- column: num_stacks | Stacks that hold it on the reference target
-- column: stacks | Those stacks, sorted
with present as (
    select
        package,
        target,
        version,
        version_key,
        list_filter(stacks, lambda stack: stack <> 'root') as stacks
    from specs_at(getvariable('snapshot'))
),

there as (
    select distinct package
    from present
    where target = getvariable('target')
),

missing as (
    select
        package,
        arg_max(version, [version_key, version]) as newest_version,
        count(*) as num_specs,
        list_sort(list_distinct(flatten(list(stacks)))) as stacks
    from present
    where target = getvariable('reference')
    group by package
    having package not in (select package from there)
),

dependents as (
    select
        dependency as package,
        count(distinct hash) as num_dependents
    from dependencies
    where snapshot = snapshot_named(getvariable('snapshot'))
    group by dependency
)

select
    missing.package,
    missing.newest_version,
    missing.num_specs,
    dependents.num_dependents,
    len(missing.stacks) as num_stacks,
    missing.stacks
from missing
left join dependents on missing.package = dependents.package
order by
    dependents.num_dependents desc nulls last,
    num_stacks desc,
    missing.num_specs desc,
    missing.package
