-- title: Documents that declare other numbers of specs than they hold
-- column: snapshot | Snapshot of the document
-- column: package | Package that the document describes, null for an index of many
-- column: path | Path of the document inside its source
-- column: what | specs, or the stack whose specs were counted
-- column: declared | Number that the document declares, null if none
-- column: parsed | Number found; of a stack, only specs that were not rejected

with whole as (
    select
        snapshot,
        package,
        path,
        'specs' as what,
        num_specs_declared as declared,
        num_specs_seen as parsed
    from documents
    -- An index declares no such number: its specs may be another index's to answer for.
    where package is not null and num_specs_declared is distinct from num_specs_seen
),

entries as (
    select
        snapshot,
        package,
        path,
        num_specs_rejected,
        unnest(stacks_declared) as entry
    from documents
),

declared as (
    select
        snapshot,
        package,
        path,
        num_specs_rejected,
        entry.stack,
        entry.num_specs
    from entries
),

holdings as (
    select
        snapshot,
        package,
        unnest(stacks) as stack
    from specs
),

held as (
    select
        snapshot,
        package,
        stack,
        count(*) as num_specs
    from holdings
    group by snapshot, package, stack
),

parsed as (
    select
        documents.snapshot,
        documents.package,
        documents.path,
        documents.num_specs_rejected,
        held.stack,
        held.num_specs
    from documents
    inner join held
        on documents.snapshot = held.snapshot and documents.package = held.package
    -- A document that declares nothing at all is one row above, not one a stack.
    where documents.num_specs_declared is not null or len(documents.stacks_declared) > 0
),

in_snapshot as (
    select
        snapshot,
        stack,
        sum(num_specs) as num_specs
    from held
    group by snapshot, stack
),

rejected as (
    select
        snapshot,
        sum(num_specs_rejected) as num_specs
    from documents
    group by snapshot
),

by_index as (
    select
        declared.snapshot,
        null as package,
        declared.path,
        'stack ' || declared.stack as what,
        declared.num_specs as declared,
        coalesce(in_snapshot.num_specs, 0) as parsed
    from declared
    inner join rejected on declared.snapshot = rejected.snapshot
    left join in_snapshot
        on
            declared.snapshot = in_snapshot.snapshot
            and declared.stack = in_snapshot.stack
    where
        declared.package is null
        and (
            declared.num_specs < coalesce(in_snapshot.num_specs, 0)
            or declared.num_specs - rejected.num_specs
            > coalesce(in_snapshot.num_specs, 0)
        )
),

pairs as (
    select
        coalesce(declared.snapshot, parsed.snapshot) as snapshot,
        coalesce(declared.package, parsed.package) as package,
        coalesce(declared.path, parsed.path) as path,
        coalesce(declared.stack, parsed.stack) as stack,
        declared.num_specs as declared,
        coalesce(parsed.num_specs, 0) as parsed,
        coalesce(declared.num_specs_rejected, parsed.num_specs_rejected) as rejected
    from declared
    full outer join parsed
        on
            declared.snapshot = parsed.snapshot
            and declared.path = parsed.path
            and declared.stack = parsed.stack
    where declared.package is not null or parsed.package is not null
),

by_stack as (
    select
        snapshot,
        package,
        path,
        'stack ' || stack as what,
        declared,
        parsed
    from pairs
    -- The stacks of a rejected spec are unknown: it may belong to any of them.
    where
        declared is null
        or declared not between parsed and parsed + rejected
)

select
    snapshot,
    package,
    path,
    what,
    declared,
    parsed
from whole
union all
select
    snapshot,
    package,
    path,
    what,
    declared,
    parsed
from by_stack
union all
select
    snapshot,
    package,
    path,
    what,
    declared,
    parsed
from by_index
order by snapshot, package nulls first, path, what
