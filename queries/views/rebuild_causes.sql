-- What a list of variants or flags gained and lost; `+mpi` says that `~mpi` went.
create or replace macro gained_and_lost(before, after) as (
    nullif(
        array_to_string(
            list_filter(after, lambda v: not list_contains(before, v))
            || list_transform(
                list_filter(
                    before,
                    lambda v: not list_contains(after, v)
                    and not list_contains(after, translate(v[1], '+~', '~+') || v[2:])
                ),
                lambda v: 'no ' || v
            ),
            ' '
        ),
        ''
    )
);

-- Variants that were chosen; patches come from the recipe.
create or replace macro without_patches(variants) as (
    list_filter(variants, lambda v: not starts_with(v, 'patches='))
);

-- causes(a, b): why the matched specs of changes(a, b) changed; a row a spec and cause.
--
-- A step is a package with its hash before and after. The matched pairs of changes are
-- steps; so is each dependency that a step has under one name on both sides with
-- another hash. Of several dependencies of one name (a build may need two releases of
-- one tool) the first is compared with the first, in order of types and versions.
--
-- A step changed by itself, whatever lies below it, where these differ:
--
--   version       3.29.2 → 3.29.4 (compared as Spack orders them)
--   compiler      another one, or another release where its node is not known
--   variants      +x ~y k=v: those gained, and `no k=v`: those lost
--   flags         the same of compiler flags
--   target        platform, os or target of a dependency
--   recipe        the recipe's hash, or the patches where no hash is known
--   dependencies  gained and `no` lost ones, or the types of those that stayed
--   external      anything of a node that no cache holds: its version, else its hash
--
-- These are causes; a step owes each cause of the steps below it, so a spec may have
-- several, and `itself` says which it has of its own. A matched spec without one has
-- one row whose kind is 'not told': the source knows no dependencies, or what differs
-- is not in it. `path` is a shortest chain from a changed spec on which nothing
-- changed depends down to the cause, the same for all rows of one cause.
--
-- How: each step has its own causes; one that is new to a step goes up to the
-- steps that depend on it until none is new, so a circle ends like anything else.
create or replace macro causes(a, b) as table (
    with recursive
    matched as materialized (
        select
            package,
            before_hash,
            after_hash,
            change,
            stacks,
            hash(before_hash) as before_node,
            hash(after_hash) as after_node
        from changes(a, b)
        where before_hash is not null and after_hash is not null
    ),

    -- Numbers stand for hashes: they are joined far faster than text.
    identities as materialized (
        select
            hash(hash) as node,
            if(
                min(hash) = max(hash),
                min(hash),
                error('two hashes have one number: ' || min(hash) || ' ' || max(hash))
            ) as hash
        from (
            select hash
            from nodes
            where a is distinct from b and snapshot in (a, b)
            union
            select hash
            from dependencies
            where a is distinct from b and snapshot in (a, b)
            union
            select dependency_hash as hash
            from dependencies
            where a is distinct from b and snapshot in (a, b)
        ) as written
        group by hash(hash)
    ),

    sides as materialized (
        select distinct on (is_after, node)
            nodes.snapshot = b as is_after,
            hash(nodes.hash) as node,
            nodes.version,
            nodes.version_key,
            nodes.compiler_name,
            nodes.compiler_version,
            nodes.platform,
            nodes.os,
            nodes.target,
            nodes.variants,
            nodes.flags,
            nodes.package_hash,
            not nodes.in_buildcache as is_external
        from nodes
        where nodes.snapshot in (a, b) and a is distinct from b
    ),

    edges as materialized (
        select
            snapshot = b as is_after,
            hash(hash) as upper,
            dependency,
            hash(dependency_hash) as lower,
            array_to_string(deptypes, ',') as types
        from dependencies
        where snapshot in (a, b) and a is distinct from b
    ),

    repeated as materialized (
        select
            is_after,
            upper,
            dependency
        from edges
        group by is_after, upper, dependency
        having count(*) > 1
    ),

    needs as materialized (
        select
            edges.*,
            1 as place
        from edges
        anti join repeated
            on
                edges.is_after = repeated.is_after
                and edges.upper = repeated.upper
                and edges.dependency = repeated.dependency
        union all
        select
            edges.*,
            row_number() over (
                partition by edges.is_after, edges.upper, edges.dependency
                order by edges.types, sides.version_key nulls last, identities.hash
            ) as place
        from edges
        semi join repeated
            on
                edges.is_after = repeated.is_after
                and edges.upper = repeated.upper
                and edges.dependency = repeated.dependency
        inner join identities on edges.lower = identities.node
        left join sides
            on edges.lower = sides.node and edges.is_after = sides.is_after
    ),

    degrees as materialized (
        select
            is_after,
            upper as node,
            count(*) as num_needs
        from needs
        group by is_after, upper
    ),

    -- What stands under one name below both ends of a step, from matched specs down. A
    -- group joins the two sides: each edge is looked up once, not once a side.
    met as materialized (
        select
            null::ubigint as before_upper,
            null::ubigint as after_upper,
            package as dependency,
            0 as place,
            before_node,
            after_node,
            false as other_types
        from matched
        union
        select
            ends.before_node as before_upper,
            ends.after_node as after_upper,
            needs.dependency,
            needs.place,
            any_value(needs.lower) filter (not needs.is_after) as before_node,
            any_value(needs.lower) filter (needs.is_after) as after_node,
            min(needs.types) <> max(needs.types) as other_types
        from (
            select distinct
                met.before_node,
                met.after_node,
                unnest([met.before_node, met.after_node]) as upper,
                unnest([false, true]) as is_after
            from met
            -- A matched spec is a start: a way down to it need not go on below it.
            anti join matched
                on
                    met.before_node = matched.before_node
                    and met.after_node = matched.after_node
                    and met.before_upper is not null
            where met.before_node <> met.after_node
        ) as ends
        inner join needs on ends.upper = needs.upper and ends.is_after = needs.is_after
        group by
            ends.before_node,
            ends.after_node,
            needs.dependency,
            needs.place
        having count(*) = 2
    ),

    numbered as materialized (
        select
            steps.package,
            steps.before_node,
            steps.after_node,
            before.hash as before_hash,
            after.hash as after_hash,
            row_number() over (
                order by steps.package, before.hash, after.hash
            ) as step
        from (
            select distinct
                dependency as package,
                before_node,
                after_node
            from met
            where before_node <> after_node
        ) as steps
        inner join identities as before on steps.before_node = before.node
        inner join identities as after on steps.after_node = after.node
    ),

    shared as materialized (
        select
            numbered.step,
            met.dependency,
            met.before_node,
            met.after_node,
            met.other_types
        from met
        inner join numbered
            on
                met.before_upper = numbered.before_node
                and met.after_upper = numbered.after_node
    ),

    links as materialized (
        select
            shared.step as upper,
            lower.step as lower
        from shared
        inner join numbered as lower
            on
                shared.before_node = lower.before_node
                and shared.after_node = lower.after_node
                and shared.dependency = lower.package
        where shared.before_node <> shared.after_node
    ),

    faced as materialized (
        select
            numbered.step,
            numbered.package,
            numbered.before_node,
            numbered.after_node,
            concat_ws('@', before.compiler_name, before.compiler_version)
                as before_compiler,
            concat_ws('@', after.compiler_name, after.compiler_version)
                as after_compiler,
            ifnull(num_shared, 0) = ifnull(degree_before.num_needs, 0)
            and ifnull(num_shared, 0) = ifnull(degree_after.num_needs, 0)
                as same_names,
            ifnull(met.other_types, false) as other_types
        from numbered
        inner join sides as before
            on numbered.before_node = before.node and not before.is_after
        inner join sides as after
            on numbered.after_node = after.node and after.is_after
        left join degrees as degree_before
            on
                numbered.before_node = degree_before.node
                and not degree_before.is_after
        left join degrees as degree_after
            on numbered.after_node = degree_after.node and degree_after.is_after
        left join (
            select
                step,
                count(*) as num_shared,
                bool_or(other_types) as other_types
            from shared
            group by step
        ) as met on numbered.step = met.step
    ),

    -- The names of what it needs are looked at where they may differ, of few steps.
    names as materialized (
        select
            needs.is_after,
            needs.upper as node,
            list(needs.dependency order by needs.dependency) as names
        from needs
        semi join (
            select
                unnest([false, true]) as is_after,
                unnest([before_node, after_node]) as node
            from faced
            where not same_names or before_compiler <> after_compiler
        ) as asked
            on needs.is_after = asked.is_after and needs.upper = asked.node
        group by needs.is_after, needs.upper
    ),

    compared as (
        select
            faced.step,
            faced.package,
            before.is_external or after.is_external as is_external,
            before.version_key <> after.version_key as other_version,
            before.version || ' → ' || after.version as versions,
            (
                before.compiler_name is distinct from after.compiler_name
            ) as other_compiler,
            before_compiler <> after_compiler as other_release,
            ifnull(nullif(before_compiler, ''), 'none')
            || ' → '
            || ifnull(nullif(after_compiler, ''), 'none') as compilers,
            concat_ws(' ', before.platform, before.os, before.target) as place_before,
            concat_ws(' ', after.platform, after.os, after.target) as place_after,
            if(
                before.variants = after.variants,
                null,
                gained_and_lost(
                    without_patches(before.variants), without_patches(after.variants)
                )
            ) as settings,
            if(
                before.flags = after.flags,
                null,
                gained_and_lost(before.flags, after.flags)
            ) as flags,
            ifnull(
                before.package_hash <> after.package_hash,
                list_filter(before.variants, lambda v: starts_with(v, 'patches='))
                <> list_filter(after.variants, lambda v: starts_with(v, 'patches='))
            ) as other_recipe,
            if(
                same_names and not other_compiler,
                null,
                gained_and_lost(
                    list_filter(
                        ifnull(names_before.names, []),
                        lambda name: name is distinct from before.compiler_name
                    ),
                    list_filter(
                        ifnull(names_after.names, []),
                        lambda name: name is distinct from after.compiler_name
                    )
                )
            ) as exchanged,
            same_names and other_types as types_differ,
            ifnull(
                list_contains(names_after.names, after.compiler_name), false
            ) as knows_compiler
        from faced
        inner join sides as before
            on faced.before_node = before.node and not before.is_after
        inner join sides as after
            on faced.after_node = after.node and after.is_after
        left join names as names_before
            on faced.before_node = names_before.node and not names_before.is_after
        left join names as names_after
            on faced.after_node = names_after.node and names_after.is_after
    ),

    told as (
        select
            step,
            package,
            unnest(
                [
                    'version', 'compiler', 'variants', 'flags', 'target', 'recipe',
                    'dependencies'
                ]
            ) as kind,
            unnest(
                [
                    if(other_version, versions, null),
                    if(
                        other_compiler or (other_release and not knows_compiler),
                        compilers,
                        null
                    ),
                    settings,
                    flags,
                    if(
                        place_before <> place_after,
                        place_before || ' → ' || place_after,
                        null
                    ),
                    -- A recipe's hash covers what it says of the version.
                    if(other_recipe and not other_version, '', null),
                    ifnull(exchanged, if(types_differ, 'types', null))
                ]
            ) as detail
        from compared
        where not is_external
        union all
        select
            step,
            package,
            'external' as kind,
            if(other_version, versions, 'hash') as detail
        from compared
        where is_external
    ),

    own as materialized (
        select
            step,
            package,
            kind,
            detail,
            dense_rank() over (order by package, kind, detail) - 1 as number
        from told
        where detail is not null
    ),

    owed as materialized (
        select
            step,
            number
        from own
        union
        select
            links.upper as step,
            owed.number
        from owed
        inner join links on owed.step = links.lower
    ),

    tallied as (
        select
            step,
            count(*) as num_causes
        from owed
        group by step
    ),

    -- Steps from the top: from a spec that no other step depends on. No chain of specs
    -- is as long as the limit; it ends circles.
    sinking as (
        select
            numbered.step,
            0 as depth
        from numbered
        anti join links on numbered.step = links.lower
        union
        select
            links.lower as step,
            sinking.depth + 1 as depth
        from sinking
        inner join links on sinking.step = links.upper
        where sinking.depth < 64
    ),

    depths as materialized (
        select
            step,
            min(depth) as depth
        from sinking
        group by step
    ),

    parents as (
        select
            links.lower as step,
            arg_min(numbered.step, (depths.depth, numbered.step)) as parent
        from links
        inner join depths on links.upper = depths.step
        inner join numbered on links.upper = numbered.step
        group by links.lower
    ),

    chains as (
        select
            own.number,
            [any_value(own.package)] as path,
            arg_min(
                own.step, (ifnull(depths.depth, 0) = 0, depths.depth, own.step)
            ) as top
        from own
        left join depths on own.step = depths.step
        group by own.number
        union all
        select
            chains.number,
            list_prepend(numbered.package, chains.path) as path,
            parents.parent as top
        from chains
        inner join parents on chains.top = parents.step
        inner join depths on chains.top = depths.step and depths.depth > 0
        inner join numbered on parents.parent = numbered.step
    ),

    labels as (
        select
            own.number,
            any_value(own.package) as package,
            any_value(own.kind) as kind,
            any_value(own.detail) as detail,
            any_value(longest.path) as path
        from own
        inner join (
            select
                number,
                arg_max(path, len(path)) as path
            from chains
            group by number
        ) as longest on own.number = longest.number
        group by own.number
    )

    select
        matched.change,
        matched.package,
        matched.before_hash,
        matched.after_hash,
        matched.stacks,
        labels.package as cause,
        ifnull(labels.kind, 'not told') as kind,
        nullif(labels.detail, '') as detail,
        own.step is not null as itself,
        ifnull(tallied.num_causes, 0) as num_causes,
        labels.path
    from matched
    inner join numbered
        on
            matched.package = numbered.package
            and matched.before_hash = numbered.before_hash
            and matched.after_hash = numbered.after_hash
    left join tallied on numbered.step = tallied.step
    left join owed on numbered.step = owed.step
    left join labels on owed.number = labels.number
    left join own on numbered.step = own.step and owed.number = own.number
)
