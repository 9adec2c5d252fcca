-- title: Share of all recipes that the cache holds, by build system and target
-- params: snapshot
-- column: build_system | Build system that the recipe may use; all for all recipes
-- column: platform | Platform of the specs, null for any
-- column: target | Target of the specs, null for any
-- column: num_recipes | Recipes of this build system, cached or not
-- column: num_cached | Those of them with at least one spec there
-- column: cached_pct | Their share, in percent
with declared as (
    select
        namespace,
        package,
        'all' as build_system
    from recipes_read
    union all
    select
        namespace,
        package,
        unnest(build_systems) as build_system
    from recipes_read
),

whole as (
    select
        build_system,
        count(distinct package) as num_recipes
    from declared
    group by build_system
),

cached as (
    select distinct
        declared.build_system,
        declared.package,
        spec.platform,
        spec.target
    from specs_at(getvariable('snapshot')) as spec
    inner join declared
        on
            spec.package = declared.package
            and coalesce(spec.namespace, declared.namespace) = declared.namespace
),

counted as (
    select
        build_system,
        platform,
        target,
        count(distinct package) as num_cached
    from cached
    group by grouping sets ((build_system), (build_system, platform, target))
)

select
    whole.build_system,
    counted.platform,
    counted.target,
    whole.num_recipes,
    coalesce(counted.num_cached, 0) as num_cached,
    share_pct(coalesce(counted.num_cached, 0), whole.num_recipes) as cached_pct
from whole
left join counted on whole.build_system = counted.build_system
order by
    whole.build_system <> 'all',
    whole.num_recipes desc,
    whole.build_system,
    counted.num_cached desc,
    counted.platform nulls first,
    counted.target nulls first
