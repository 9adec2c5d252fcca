-- changes(a, b): what became of each spec between two snapshots, one row a change.
--
-- Level 0 is the hash: a hash on both sides is kept and has no row here. The rest is
-- matched within a slot (package, platform, os, target), strictest pass first, each
-- spec once:
--
--   1  same version, compiler and variants
--   2  same compiler name and variants, other version
--   3  same version
--   4  whatever is left on both sides
--
-- Within a pass the closest pair first: the one with fewest variants added and removed;
-- then with the fewest steps between its versions, counted through all versions of the
-- slot's changed specs; then with the same compiler, else the same compiler name; then
-- with the same stacks; then nearest by place in text order; then the first in text
-- order. The text of a spec is version_key, compiler, variants, stacks, and after these
-- version, patches, hash; no compiler comes last. Its place is how many kinds its side
-- of the slot has up to it, a kind being the changed specs whose text is the same up to
-- the stacks. No step tells the sides apart (two pairs that compete share a spec, so
-- their other specs' text decides), so changes(b, a) is the mirror of changes(a, b).
--
-- Versions with one version_key are the same. Patches come from the recipe: they
-- neither hinder a match nor count as variants; `settings` are the variants without
-- them. Of a hash that stands more often on one side than on the other, the first are
-- kept: by package, version, platform, os, target, stacks, compiler, variants, patches,
-- recipe.
--
-- Specs of one kind look alike: those with the same direct dependencies, by name and
-- version, are matched first, where the source knows them; the rest in text order.
--
-- How: specs of one kind are matched by number. A kind on both sides is its own closest
-- partner, so it cancels out first. Of the rest, a round takes each pair of kinds that
-- is the closest of both: the same pairs as taking the closest of all, one by one.
-- Places make the rounds few: by text alone, many pairs equally close would be taken
-- one a round.
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
            package_hash
        from specs
        where snapshot in (a, b) and a is distinct from b
    ),

    repeated as (
        select
            is_after,
            hash
        from sides
        group by is_after, hash
        having count(*) > 1
    ),

    -- A hash that stands twice in a snapshot is two specs: each needs a partner.
    copies as (
        select
            sides.*,
            1 as copy
        from sides
        anti join repeated
            on sides.hash = repeated.hash and sides.is_after = repeated.is_after
        union all
        select
            sides.*,
            row_number() over (
                partition by sides.is_after, sides.hash
                order by
                    package,
                    version_key,
                    version,
                    platform,
                    os,
                    target,
                    stacks,
                    compiler_name nulls last,
                    compiler_version nulls last,
                    settings,
                    patches,
                    package_hash nulls last
            ) as copy
        from sides
        semi join repeated
            on sides.hash = repeated.hash and sides.is_after = repeated.is_after
    ),

    changed as (
        select one.*
        from copies as one
        anti join copies as other
            on
                one.hash = other.hash
                and one.copy = other.copy
                and one.is_after <> other.is_after
    ),

    placed as (
        select
            *,
            dense_rank() over (order by package, platform, os, target) as slot
        from changed
    ),

    ranked as (
        select
            *,
            dense_rank() over (
                order by
                    slot,
                    version_key,
                    compiler_name nulls last,
                    compiler_version nulls last,
                    settings,
                    stacks
            ) as kind,
            dense_rank() over (partition by slot order by version_key) as version_rank
        from placed
    ),

    -- Only where a side has several of a kind is to be told who is matched with whom.
    crowded as (
        select kind
        from ranked
        group by is_after, kind
        having count(*) > 1
    ),

    needs as (
        select
            ranked.is_after,
            ranked.hash,
            list_sort(list(distinct concat_ws('@', ends.dependency, nodes.version)))
                as needed
        from ranked
        inner join dependencies as ends
            on ranked.hash = ends.hash and ends.snapshot = if(ranked.is_after, b, a)
        left join nodes
            on
                ends.dependency_hash = nodes.hash
                and ends.snapshot = nodes.snapshot
        semi join crowded on ranked.kind = crowded.kind
        group by ranked.is_after, ranked.hash
    ),

    alike as (
        select
            ranked.*,
            ifnull(needs.needed, []) as needed
        from ranked
        semi join crowded on ranked.kind = crowded.kind
        left join needs
            on ranked.hash = needs.hash and ranked.is_after = needs.is_after
    ),

    paired as (
        select
            *,
            row_number() over (
                partition by is_after, kind, needed
                order by version, patches, hash, copy
            ) > least(
                count(*) filter (where is_after) over (partition by kind, needed),
                count(*) filter (where not is_after) over (partition by kind, needed)
            ) as alone
        from alike
    ),

    numbered as (
        select
            ranked.*,
            1 as position
        from ranked
        anti join crowded on ranked.kind = crowded.kind
        union all
        select
            * exclude (needed, alone),
            row_number() over (
                partition by is_after, kind
                order by alone, needed, version, patches, hash, copy
            ) as position
        from paired
    ),

    kinds as (
        select
            slot,
            kind,
            version_rank,
            compiler_name,
            compiler_version,
            settings,
            stacks,
            count(*) filter (where not is_after) as before_members,
            count(*) filter (where is_after) as after_members
        from ranked
        group by
            slot,
            kind,
            version_rank,
            compiler_name,
            compiler_version,
            settings,
            stacks
    ),

    uneven as (
        select
            *,
            count(*) filter (where before_members > 0)
                over (partition by slot order by kind)
                as before_place,
            count(*) filter (where after_members > 0)
                over (partition by slot order by kind)
                as after_place
        from kinds
        qualify before_members <> after_members
    ),

    words as (
        select
            slot,
            list(distinct setting order by setting) as slot_settings
        from (select slot, unnest(settings) as setting from uneven) as spread
        group by slot
    ),

    -- One bit for each setting of the slot: differing bits are counted a hundred times
    -- faster than differing words. The leading bit is there as no value has no bits.
    marked as (
        select
            uneven.*,
            (
                '0'
                || array_to_string(
                    list_transform(
                        ifnull(words.slot_settings, []),
                        lambda word: if(list_contains(uneven.settings, word), '1', '0')
                    ),
                    ''
                )
            )::bit as marks
        from uneven
        left join words on uneven.slot = words.slot
    ),

    compared as (
        select
            before.kind as before_kind,
            after.kind as after_kind,
            before.before_members - before.after_members as before_left,
            after.after_members - after.before_members as after_left,
            bit_count(xor(before.marks, after.marks)) as far_settings,
            abs(before.version_rank - after.version_rank) as far_version,
            (
                before.compiler_name is not distinct from after.compiler_name
            ) as same_name,
            (
                before.compiler_version is not distinct from after.compiler_version
            ) as same_release,
            case
                when same_name and same_release then 0
                when same_name then 1
                else 2
            end as far_compiler,
            before.stacks <> after.stacks as other_stacks,
            abs(before.before_place - after.after_place) as far_place
        from marked as before
        inner join marked as after on before.slot = after.slot
        where
            before.before_members > before.after_members
            and after.after_members > after.before_members
    ),

    candidates as (
        select
            before_kind,
            after_kind,
            before_left,
            after_left,
            row_number() over (
                order by
                    case
                        when far_version = 0 and far_compiler = 0 and far_settings = 0
                            then 1
                        when far_version > 0 and far_compiler < 2 and far_settings = 0
                            then 2
                        when far_version = 0 then 3
                        else 4
                    end,
                    far_settings,
                    far_version,
                    far_compiler,
                    other_stacks,
                    far_place,
                    before_kind,
                    after_kind
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
                before_left
                - max(units) over (partition by before_kind) as before_left,
                after_left
                - max(units) over (partition by after_kind) as after_left,
                distance
            from (
                select
                    *,
                    if(taken, least(before_left, after_left), 0) as units
                from rounds
            ) as done
        ) as remaining
        where before_left > 0 and after_left > 0
    ),

    taken_pairs as (
        select
            kind as before_kind,
            kind as after_kind,
            0 as before_done,
            0 as after_done,
            least(before_members, after_members) as members
        from kinds
        union all
        select
            before_kind,
            after_kind,
            before.before_members - before_left as before_done,
            after.after_members - after_left as after_done,
            least(before_left, after_left) as members
        from rounds
        inner join kinds as before on before_kind = before.kind
        inner join kinds as after on after_kind = after.kind
        where taken
    ),

    partners as (
        select
            before_kind,
            after_kind,
            before_done + step as before_position,
            after_done + step as after_position
        from (
            select
                *,
                unnest(range(1, members + 1)) as step
            from taken_pairs
        ) as steps
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
            before.patches <> after.patches as other_patches,
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
)
