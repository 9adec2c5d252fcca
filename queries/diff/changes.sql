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
select
    change,
    package,
    platform,
    os,
    target,
    before_version,
    after_version,
    before_compiler,
    after_compiler,
    before_hash,
    after_hash,
    variants_added,
    variants_removed,
    stacks,
    attributes
from changes(getvariable('before'), getvariable('after'))
order by
    list_position(
        [
            'gone', 'appeared', 'downgraded', 'upgraded',
            'recompiled', 'reconfigured', 'rebuilt'
        ],
        change
    ),
    package,
    platform,
    os,
    target,
    before_version_key,
    after_version_key,
    before_hash,
    after_hash,
    -- for a hash that one snapshot holds twice
    before_compiler,
    after_compiler,
    variants_added,
    variants_removed,
    stacks,
    attributes
