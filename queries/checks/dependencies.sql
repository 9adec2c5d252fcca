-- title: Ends of dependencies that are no node, and externals that nothing depends on
-- column: snapshot | Snapshot of the dependency
-- column: problem | What does not fit
-- column: package | Package of the node that is missing or alone, null where not told
-- column: hash | Its hash
-- column: num_dependencies | Dependencies that it is an end of

with ends as (
    select
        snapshot,
        hash,
        null as package,
        'what depends is no node' as problem
    from dependencies
    union all
    select
        snapshot,
        dependency_hash as hash,
        dependency as package,
        'what is depended on is no node' as problem
    from dependencies
    -- Spec files of old documents name dependencies that stand in no index.
    where snapshot in (select snapshot from externals)
),

missing as (
    select
        ends.snapshot,
        ends.problem,
        ends.package,
        ends.hash,
        count(*) as num_dependencies
    from ends
    anti join nodes on ends.snapshot = nodes.snapshot and ends.hash = nodes.hash
    -- A spec that was rejected is told of there.
    anti join rejects on ends.snapshot = rejects.snapshot and ends.hash = rejects.hash
    group by ends.snapshot, ends.problem, ends.package, ends.hash
),

alone as (
    select
        externals.snapshot,
        'nothing depends on this external' as problem,
        externals.package,
        externals.hash,
        0 as num_dependencies
    from externals
    anti join dependencies
        on
            externals.snapshot = dependencies.snapshot
            and externals.hash = dependencies.dependency_hash
),

both_kinds as (
    select
        externals.snapshot,
        'it is a spec and an external' as problem,
        externals.package,
        externals.hash,
        0 as num_dependencies
    from externals
    semi join specs
        on externals.snapshot = specs.snapshot and externals.hash = specs.hash
),

found as (
    select * from missing
    union all
    select * from alone
    union all
    select * from both_kinds
)

select
    snapshot,
    problem,
    package,
    hash,
    num_dependencies
from found
order by snapshot, problem, package nulls first, hash
