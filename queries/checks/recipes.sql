-- title: Recipes that contradict themselves, stand twice or are of two readings
-- column: problem | What does not hold
-- column: namespace | Package repository
-- column: package | Package name
-- column: path | Path of the file in its source
with read_at as (
    select
        namespace,
        count(
            distinct [source, revision, revision_date::varchar, read_date::varchar]
        ) as num_readings
    from recipes
    group by namespace
),

shaped as (
    select
        recipe.namespace,
        recipe.package,
        recipe.path,
        case
            when recipe.reading not in ('whole', 'partly', 'rejected')
                then 'it was neither read nor rejected'
            when (recipe.reading = 'rejected') <> (recipe.reason is not null)
                then 'a reject has a reason, and nothing else has'
            when
                recipe.reading = 'rejected'
                and len(recipe.versions) + len(recipe.build_systems) > 0
                then 'a reject declares something'
            when (recipe.reading = 'partly') <> (recipe.num_unread > 0)
                then 'what is read in part has something unread, and nothing else has'
            when len(recipe.unread) > recipe.num_unread
                then 'more is named as unread than counted'
            when
                len(recipe.versions)
                <> len(
                    list_distinct(
                        list_transform(recipe.versions, lambda each: each['version'])
                    )
                )
                then 'a version stands twice'
            when read_at.num_readings > 1 then 'it is of several readings'
            when
                recipe.reading <> 'rejected'
                and count(*) filter (where recipe.reading <> 'rejected') over (
                    partition by recipe.namespace, recipe.package
                ) > 1
                then 'the package stands twice'
        end as problem
    from recipes as recipe
    inner join read_at on recipe.namespace = read_at.namespace
)

select
    problem,
    namespace,
    package,
    path
from shaped
where problem is not null
order by problem, namespace, package, path
