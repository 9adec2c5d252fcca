-- changes(a, b): what became of each spec between two snapshots, one row a change.
--
-- Level 0 is the hash: a hash on both sides is kept and has no row here. The rest is matched
-- within a slot (package, platform, os, target). Specs alike in all that shows are one kind;
-- kinds are paired as multisets, strictest pass first, the closest pair first within a pass:
--
--   1  same version, compiler and variants
--   2  same compiler name and variants, other version
--   3  same version and variants, other compiler
--   4  same version, other variants
--   5  whatever is left on both sides
--
-- then fewest differing variants, nearest version, nearest compiler, same stacks, text order.
-- No step tells the sides apart, so changes(b, a) is the mirror of changes(a, b). A round takes
-- every pair that is the closest of both its kinds: the same pairs as taking the closest of all,
-- one by one. Patches come from the recipe: they neither hinder a match nor count as variants.
create or replace macro changes(a, b) as table (
    with recursive
    sides as (
        select
            snapshot = b as is_after,
            package,
            platform,
            os,
            target,
            version,
            version_key,
            compiler_name,
            compiler_version,
            list_filter(variants, lambda v: not starts_with(v, 'patches=')) as settings,
            list_filter(variants, lambda v: starts_with(v, 'patches=')) as patches,
            stacks,
            hash,
            package_hash,
            -- a hash that stands twice in a snapshot is two specs: each needs a partner
            row_number() over (
                partition by snapshot, hash
                order by package, platform, os, target, version
            ) as copy
        from specs
        where snapshot in (a, b) and a is distinct from b
    ),

    changed as (
        select one.*
        from sides as one
        anti join sides as other
            on
                one.hash = other.hash
                and one.copy = other.copy
                and one.is_after <> other.is_after
    ),

    ranked as (
        select
            *,
            dense_rank() over (
                order by
                    package,
                    platform,
                    os,
                    target,
                    version_key,
                    compiler_name,
                    compiler_version,
                    settings,
                    stacks
            ) as kind,
            dense_rank() over (
                partition by package, platform, os, target
                order by version_key
            ) as version_rank
        from changed
    ),

    numbered as (
        select
            *,
            row_number() over (
                partition by is_after, kind
                order by version, patches, hash, copy
            ) as position
        from ranked
    ),

    kinds as (
        select distinct on (is_after, kind)
            *,
            count(*) over (partition by is_after, kind) as members
        from ranked
    ),

    compared as (
        select
            before.kind as before_kind,
            after.kind as after_kind,
            before.members as before_members,
            after.members as after_members,
            before.version_key = after.version_key as same_version,
            before.settings = after.settings as same_settings,
            before.compiler_name is not distinct from after.compiler_name
                as same_name,
            before.compiler_version is not distinct from after.compiler_version
                as same_release,
            len(before.settings)
            + len(after.settings)
            - 2 * len(list_intersect(before.settings, after.settings))
                as far_settings,
            abs(before.version_rank - after.version_rank) as far_version,
            before.stacks <> after.stacks as other_stacks
        from kinds as before
        inner join kinds as after
            on
                before.package = after.package
                and before.platform = after.platform
                and before.os = after.os
                and before.target = after.target
        where not before.is_after and after.is_after
    ),

    candidates as (
        select
            before_kind,
            after_kind,
            before_members,
            after_members,
            before_members as before_left,
            after_members as after_left,
            row_number() over (
                order by
                    case
                        when
                            same_version
                            and same_name
                            and same_release
                            and same_settings
                            then 1
                        when same_name and same_settings and not same_version then 2
                        when same_version and same_settings then 3
                        when same_version then 4
                        else 5
                    end,
                    far_settings,
                    far_version,
                    same_name desc,
                    same_release desc,
                    other_stacks,
                    least(before_kind, after_kind),
                    greatest(before_kind, after_kind)
            ) as distance
        from compared
    ),

    rounds as (
        select
            *,
            distance = min(distance) over (partition by before_kind)
            and distance = min(distance) over (partition by after_kind) as taken
        from candidates
        union all
        select
            *,
            distance = min(distance) over (partition by before_kind)
            and distance = min(distance) over (partition by after_kind) as taken
        from (
            select
                before_kind,
                after_kind,
                before_members,
                after_members,
                before_left - coalesce(
                    max(least(before_left, after_left))
                        filter (where taken) over (partition by before_kind),
                    0
                ) as before_left,
                after_left - coalesce(
                    max(least(before_left, after_left))
                        filter (where taken) over (partition by after_kind),
                    0
                ) as after_left,
                distance
            from rounds
        ) as remaining
        where before_left > 0 and after_left > 0
    ),

    partners as (
        select
            before_kind,
            after_kind,
            before_members - before_left + step as before_position,
            after_members - after_left + step as after_position
        from (
            select
                *,
                unnest(range(1, least(before_left, after_left) + 1)) as step
            from rounds
            where taken
        ) as taken_rounds
    ),

    joined as (
        select
            before.hash as before_hash,
            after.hash as after_hash,
            ifnull(before.package, after.package) as package,
            ifnull(before.platform, after.platform) as platform,
            ifnull(before.os, after.os) as os,
            ifnull(before.target, after.target) as target,
            before.version as before_version,
            after.version as after_version,
            before.version_key as before_version_key,
            after.version_key as after_version_key,
            concat_ws('@', before.compiler_name, before.compiler_version)
                as before_compiler,
            concat_ws('@', after.compiler_name, after.compiler_version)
                as after_compiler,
            before.settings as before_settings,
            after.settings as after_settings,
            before.stacks as before_stacks,
            after.stacks as after_stacks,
            before.patches is distinct from after.patches as other_patches,
            before.package_hash = after.package_hash as same_recipe
        from (select * from numbered where not is_after) as before
        left join partners as pair
            on
                before.kind = pair.before_kind
                and before.position = pair.before_position
        full join (select * from numbered where is_after) as after
            on
                pair.after_kind = after.kind
                and pair.after_position = after.position
    ),

    labelled as (
        select
            *,
            case
                when after_hash is null then 'gone'
                when before_hash is null then 'appeared'
                when after_version_key > before_version_key then 'upgraded'
                when after_version_key < before_version_key then 'downgraded'
                when before_compiler <> after_compiler then 'recompiled'
                when before_settings <> after_settings then 'reconfigured'
                else 'rebuilt'
            end as change
        from joined
    )

    select
        change,
        package,
        platform,
        os,
        target,
        before_version,
        after_version,
        before_version_key,
        after_version_key,
        nullif(before_compiler, '') as before_compiler,
        nullif(after_compiler, '') as after_compiler,
        before_hash,
        after_hash,
        before_stacks,
        after_stacks,
        case
            when change in ('appeared', 'gone') then []
            else list_filter(
                after_settings, lambda v: not list_contains(before_settings, v)
            )
        end as variants_added,
        case
            when change in ('appeared', 'gone') then []
            else list_filter(
                before_settings, lambda v: not list_contains(after_settings, v)
            )
        end as variants_removed,
        list_sort(
            list_distinct(ifnull(before_stacks, []) || ifnull(after_stacks, []))
        ) as stacks,
        case
            when change in ('appeared', 'gone') then []
            else list_filter(
                [
                    if(before_version_key <> after_version_key, 'version', null),
                    if(before_compiler <> after_compiler, 'compiler', null),
                    if(before_settings <> after_settings, 'variants', null),
                    if(other_patches, 'patches', null),
                    if(before_stacks <> after_stacks, 'stacks', null),
                    if(not same_recipe, 'recipe', null),
                    if(change = 'rebuilt' and same_recipe, 'dependencies', null)
                ],
                lambda name: name is not null
            )
        end as attributes
    from labelled
);
