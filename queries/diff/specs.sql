-- title: Specs that were added, removed, moved to other stacks, or kept, by hash
-- params: before, after
-- column: change | added, removed, moved (kept, in other stacks) or kept
-- column: package | Package name
-- column: version | Version as Spack writes it
-- column: platform | Platform, such as linux
-- column: os | Operating system
-- column: target | CPU microarchitecture
-- column: hash | DAG hash
-- column: before_stacks | Stacks of the spec before, null if added
-- column: after_stacks | Stacks of the spec after, null if removed

with paired as (
    select
        case
            when old.hash is null then 'added'
            when new.hash is null then 'removed'
            when old.stacks <> new.stacks then 'moved'
            else 'kept'
        end as change,
        coalesce(new.package, old.package) as package,
        coalesce(new.version, old.version) as version,
        coalesce(new.version_key, old.version_key) as version_key,
        coalesce(new.platform, old.platform) as platform,
        coalesce(new.os, old.os) as os,
        coalesce(new.target, old.target) as target,
        coalesce(new.hash, old.hash) as hash,
        coalesce(new.copy, old.copy) as copy,
        old.stacks as before_stacks,
        new.stacks as after_stacks
    from specs_copies(snapshot_named(getvariable('before'))) as old
    full outer join specs_copies(snapshot_named(getvariable('after'))) as new
        on old.hash = new.hash and old.copy = new.copy
)

select
    change,
    package,
    version,
    platform,
    os,
    target,
    hash,
    before_stacks,
    after_stacks
from paired
order by
    list_position(['added', 'removed', 'moved', 'kept'], change),
    package,
    version_key,
    hash,
    copy
