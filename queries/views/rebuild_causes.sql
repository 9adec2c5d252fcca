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
-- How: causes are bits. Each step starts with its own and takes its dependencies' until
-- nothing is new, so a circle ends like anything else.
create or replace macro causes(a, b) as table (
    with recursive
    matched as materialized (
        select
            package,
            before_hash,
            after_hash,
            change,
            stacks,
            row_number() over (order by before_hash, after_hash) as number
        from changes(a, b)
        where before_hash is not null and after_hash is not null
    ),

    sides as materialized (
        select
            snapshot = b as is_after,
            hash,
            any_value(package) as package,
            any_value(version) as version,
            any_value(version_key) as version_key,
            any_value(concat_ws('@', compiler_name, compiler_version)) as compiler,
            any_value(compiler_name) as compiler_name,
            any_value(concat_ws(' ', platform, os, target)) as place,
            any_value(
                list_filter(variants, lambda v: not starts_with(v, 'patches='))
            ) as settings,
            any_value(
                list_filter(variants, lambda v: starts_with(v, 'patches='))
            ) as patches,
            any_value(flags) as flags,
            any_value(package_hash) as package_hash,
            any_value(not in_buildcache) as is_external
        from nodes
        where snapshot in (a, b) and a is distinct from b
        group by is_after, hash
    ),

    edges as (
        select
            ends.snapshot = b as is_after,
            ends.hash,
            ends.dependency,
            ends.dependency_hash,
            array_to_string(ends.deptypes, ',') as types,
            row_number() over (
                partition by ends.snapshot, ends.hash, ends.dependency
                order by
                    ends.deptypes,
                    sides.version_key nulls last,
                    ends.dependency_hash
            ) as place
        from dependencies as ends
        left join sides
            on
                ends.dependency_hash = sides.hash
                and (ends.snapshot = b) = sides.is_after
        where ends.snapshot in (a, b) and a is distinct from b
    ),

    needs as materialized (
        select
            is_after,
            hash,
            list(dependency order by dependency, place) as names,
            list(types order by dependency, place) as types,
            list(concat_ws(' ', dependency, place) order by dependency, place) as slots,
            list(dependency_hash order by dependency, place) as below
        from edges
        group by is_after, hash
    ),

    -- A list for each side: a join of edges to edges would match their names first.
    steps as (
        select distinct
            package,
            before_hash,
            after_hash
        from matched
        union
        select
            split_part(slot, ' ', 1) as package,
            before_hash,
            after_below[list_position(after_slots, slot)] as after_hash
        from (
            select
                after.slots as after_slots,
                after.below as after_below,
                unnest(before.slots) as slot,
                unnest(before.below) as before_hash
            from steps
            inner join needs as before
                on steps.before_hash = before.hash and not before.is_after
            inner join needs as after
                on steps.after_hash = after.hash and after.is_after
        ) as shared
        where before_hash <> after_below[list_position(after_slots, slot)]
    ),

    numbered as materialized (
        select
            *,
            row_number() over (order by package, before_hash, after_hash) as step
        from steps
    ),

    links as materialized (
        select
            shared.upper,
            lower.step as lower
        from (
            select
                numbered.step as upper,
                after.slots as after_slots,
                after.below as after_below,
                unnest(before.slots) as slot,
                unnest(before.below) as before_hash
            from numbered
            inner join needs as before
                on numbered.before_hash = before.hash and not before.is_after
            inner join needs as after
                on numbered.after_hash = after.hash and after.is_after
        ) as shared
        inner join numbered as lower
            on
                split_part(shared.slot, ' ', 1) = lower.package
                and shared.before_hash = lower.before_hash
                and shared.after_below[list_position(shared.after_slots, shared.slot)]
                = lower.after_hash
    ),

    compared as (
        select
            numbered.step,
            numbered.package,
            before.is_external or after.is_external as is_external,
            before.version_key <> after.version_key as other_version,
            before.version || ' → ' || after.version as versions,
            (
                before.compiler_name is distinct from after.compiler_name
            ) as other_compiler,
            before.compiler <> after.compiler as other_release,
            ifnull(nullif(before.compiler, ''), 'none')
            || ' → '
            || ifnull(nullif(after.compiler, ''), 'none') as compilers,
            before.place <> after.place as other_place,
            before.place || ' → ' || after.place as places,
            gained_and_lost(before.settings, after.settings) as settings,
            gained_and_lost(before.flags, after.flags) as flags,
            ifnull(
                before.package_hash <> after.package_hash,
                before.patches <> after.patches
            ) as other_recipe,
            gained_and_lost(
                list_filter(
                    ifnull(needs_before.names, []),
                    lambda name: name is distinct from before.compiler_name
                ),
                list_filter(
                    ifnull(needs_after.names, []),
                    lambda name: name is distinct from after.compiler_name
                )
            ) as exchanged,
            needs_before.names = needs_after.names
            and needs_before.types <> needs_after.types as other_types,
            ifnull(
                list_contains(needs_after.names, after.compiler_name), false
            ) as knows_compiler
        from numbered
        inner join sides as before
            on numbered.before_hash = before.hash and not before.is_after
        inner join sides as after
            on numbered.after_hash = after.hash and after.is_after
        left join needs as needs_before
            on
                numbered.before_hash = needs_before.hash
                and not needs_before.is_after
        left join needs as needs_after
            on numbered.after_hash = needs_after.hash and needs_after.is_after
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
                    if(other_place, places, null),
                    -- A recipe's hash covers what it says of the version.
                    if(other_recipe and not other_version, '', null),
                    ifnull(exchanged, if(other_types, 'types', null))
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

    width as (
        select greatest(ifnull(max(number) + 1, 1), 1) as bits
        from own
    ),

    starting as (
        select
            numbered.step,
            ifnull(
                bit_or(
                    set_bit(
                        repeat('0', width.bits::integer)::bit, own.number::integer, 1
                    )
                ),
                any_value(repeat('0', width.bits::integer)::bit)
            ) as marks
        from numbered
        cross join width
        left join own on numbered.step = own.step
        group by numbered.step
    ),

    -- What came up in one round is one row: a step's marks are those of all its rows.
    climbing as (
        select
            step,
            marks
        from starting
        union
        select
            links.upper as step,
            bit_or(climbing.marks) as marks
        from climbing
        inner join links on climbing.step = links.lower
        group by links.upper
    ),

    reached as materialized (
        select
            step,
            bit_or(marks) as marks
        from climbing
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
        count(labels.number) over (partition by matched.number) as num_causes,
        labels.path
    from matched
    inner join numbered
        on
            matched.package = numbered.package
            and matched.before_hash = numbered.before_hash
            and matched.after_hash = numbered.after_hash
    inner join reached on numbered.step = reached.step
    left join labels
        on
            bit_count(reached.marks) > 0
            and get_bit(reached.marks, labels.number::integer) = 1
    left join own on numbered.step = own.step and labels.number = own.number
)
