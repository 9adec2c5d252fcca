-- title: Documents that declare other numbers of specs than they hold
-- column: snapshot | Snapshot of the document
-- column: package | Package that the document describes
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
    where num_specs_declared is distinct from num_specs_seen
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
order by snapshot, package, path, what;
