-- title: Specs that a stack holds and root lacks, and the reverse
-- params: snapshot
-- column: hole | not in root, only in root, or in no stack
-- column: package | Package name
-- column: version | Version of the spec
-- column: platform | Platform of the spec
-- column: os | Operating system of the spec
-- column: target | Target of the spec
-- column: hash | Hash of the spec
-- column: stacks | Stacks that hold it
with labelled as (
    select
        *,
        case
            when len(stacks) = 0 then 'in no stack'
            when not list_contains(stacks, 'root') then 'not in root'
            when len(stacks) = 1 then 'only in root'
        end as hole
    from specs_at(getvariable('snapshot'))
)

select
    hole,
    package,
    version,
    platform,
    os,
    target,
    hash,
    stacks
from labelled
where hole is not null
order by hole, package, version_key, hash
