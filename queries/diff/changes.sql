-- title: What became of each spec between two snapshots
-- params: before, after
-- column: change | gone, appeared, or by what differs first: upgraded … rebuilt
-- column: package | Package name
-- column: platform | Platform of the spec
-- column: os | Operating system of the spec
-- column: target | Target of the spec
-- column: before_version | Version before, null where the spec appeared
-- column: after_version | Version after, null where the spec is gone
-- column: before_compiler | Compiler before, null for none
-- column: after_compiler | Compiler after, null for none
-- column: before_hash | Hash before, null where the spec appeared
-- column: after_hash | Hash after, null where the spec is gone
-- column: variants_added | Variants that only the spec after has
-- column: variants_removed | Variants that only the spec before has
-- column: stacks | Stacks that hold the spec before or after
-- column: attributes | All that differs between the two
-- column: causes | What it owes the change to: package, kind, what it was and is
with told as (
    select
        before_hash,
        after_hash,
        list_sort(list(distinct concat_ws(' ', cause, kind, detail))) as causes
    from
        causes(
            snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
        )
    where kind <> 'not told'
    group by before_hash, after_hash
)

select
    changed.change,
    changed.package,
    changed.platform,
    changed.os,
    changed.target,
    changed.before_version,
    changed.after_version,
    changed.before_compiler,
    changed.after_compiler,
    changed.before_hash,
    changed.after_hash,
    changed.variants_added,
    changed.variants_removed,
    changed.stacks,
    changed.attributes,
    ifnull(told.causes, []) as causes
from
    changes(
        snapshot_named(getvariable('before')), snapshot_named(getvariable('after'))
    ) as changed
left join told
    on
        changed.before_hash = told.before_hash
        and changed.after_hash = told.after_hash
order by
    list_position(
        [
            'gone', 'appeared', 'downgraded', 'upgraded',
            'recompiled', 'reconfigured', 'rebuilt'
        ],
        changed.change
    ),
    changed.package,
    changed.platform,
    changed.os,
    changed.target,
    changed.before_version_key,
    changed.after_version_key,
    changed.before_hash,
    changed.after_hash,
    -- for a hash that one snapshot holds twice
    changed.before_compiler,
    changed.after_compiler,
    changed.variants_added,
    changed.variants_removed,
    changed.stacks,
    changed.attributes
