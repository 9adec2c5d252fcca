-- title: Specs for GPUs, by programming model and GPU architecture
-- params: snapshot
-- column: model | cuda, rocm, sycl or level_zero
-- column: architecture | GPU architecture, null where the spec names none
-- column: platform | Platform of the specs
-- column: target | CPU target of the specs
-- column: num_packages | Packages
-- column: num_specs | Specs
with models as (
    select
        package,
        platform,
        target,
        variants,
        unnest(
            list_filter(
                ['cuda', 'rocm', 'sycl', 'level_zero'],
                lambda model: list_contains(variants, '+' || model)
            )
        ) as model
    from specs_at(getvariable('snapshot'))
),

keyed as (
    select
        *,
        case model
            when 'cuda' then 'cuda_arch='
            when 'rocm' then 'amdgpu_target='
        end as key
    from models
),

named as (
    select
        * exclude (variants, key),
        list_filter(
            flatten(
                list_transform(
                    list_filter(variants, lambda v: starts_with(v, key)),
                    lambda v: string_split(substr(v, len(key) + 1), ',')
                )
            ),
            lambda value: value <> 'none'
        ) as architectures
    from keyed
),

spread as (
    select
        * exclude (architectures),
        unnest(
            if(ifnull(len(architectures), 0) = 0, [null], architectures)
        ) as architecture
    from named
)

select
    model,
    architecture,
    platform,
    target,
    count(distinct package) as num_packages,
    count(*) as num_specs
from spread
group by model, architecture, platform, target
order by model, num_specs desc, architecture nulls last, platform, target
