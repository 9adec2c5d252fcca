-- title: How far each cached package lags behind its recipe, and what is held too long
-- params: snapshot
-- column: package | Package name, of those cached from this package repository
-- column: reading | How much of its recipe was read: only whole ones tell versions
-- column: newest_cached | Newest version cached, on any target
-- column: newest_declared | Newest release declared: no branch, no rc, not deprecated
-- column: preferred | Version that Spack takes by default
-- column: preferred_cached | Whether that version is cached
-- column: versions_behind | Such releases that are newer than all that is cached
-- column: deprecated | Versions cached that the recipe deprecates
-- column: undeclared | Versions cached that the recipe does not declare
with specs_known as (
    select
        spec.package,
        spec.version,
        spec.version_key,
        -- The key of what a git ref is said to be: 1.2 for git.main=1.2.
        split_part(spec.version_key, '@', 1) as declared_key
    from specs_at(getvariable('snapshot')) as spec
    where
        spec.namespace is null
        or spec.namespace in (select namespace from recipes_read)
),

unnested as (
    select
        package,
        unnest(versions) as one
    from recipes_read
),

declared as (
    select
        package,
        one['version'] as version,
        one['version_key'] as version_key,
        one['is_preferred'] as is_preferred,
        one['is_deprecated'] as is_deprecated
    from unnested
),

-- What Spack takes: `concretization_version_order` in its package_prefs.py.
summed as (
    select
        package,
        arg_max(
            [version, version_key],
            [
                is_preferred::integer::varchar,
                (not is_deprecated)::integer::varchar,
                (not is_branch(version_key))::integer::varchar,
                (not is_prerelease(version_key))::integer::varchar,
                version_key,
                version
            ]
        ) as preferred,
        arg_max(version, [version_key, version]) filter (
            where not is_deprecated
            and not is_branch(version_key)
            and not is_prerelease(version_key)
        ) as newest_declared,
        list(version_key) as version_keys,
        list_distinct(
            list(version_key) filter (
                where not is_deprecated
                and not is_branch(version_key)
                and not is_prerelease(version_key)
            )
        ) as release_keys,
        list(version_key) filter (where is_deprecated) as deprecated_keys
    from declared
    group by package
),

cached as (
    select
        package,
        arg_max(version, [version_key, version]) as newest_cached,
        max(declared_key) as newest_key,
        list_sort(list_distinct(list([version_key, version, declared_key]))) as versions
    from specs_known
    group by package
)

select
    cached.package,
    recipe.reading,
    cached.newest_cached,
    if(recipe.reading = 'whole', summed.newest_declared, null) as newest_declared,
    if(recipe.reading = 'whole', summed.preferred[1], null) as preferred,
    if(
        recipe.reading = 'whole',
        coalesce(
            len(
                list_filter(
                    cached.versions, lambda each: each[3] = summed.preferred[2]
                )
            ) > 0,
            false
        ),
        null
    ) as preferred_cached,
    if(
        recipe.reading = 'whole',
        len(
            list_filter(
                coalesce(summed.release_keys, []),
                lambda each: each > cached.newest_key
            )
        ),
        null
    ) as versions_behind,
    list_transform(
        list_filter(
            cached.versions,
            lambda each:
            coalesce(list_contains(summed.deprecated_keys, each[3]), false)
        ),
        lambda each: each[2]
    ) as deprecated,
    if(
        recipe.reading = 'whole',
        list_transform(
            list_filter(
                cached.versions,
                lambda each:
                not starts_with(each[1], '!')
                and not coalesce(list_contains(summed.version_keys, each[3]), false)
            ),
            lambda each: each[2]
        ),
        null
    ) as undeclared
from cached
left join recipes_read as recipe on cached.package = recipe.package
left join summed on cached.package = summed.package
order by versions_behind desc nulls last, cached.package
