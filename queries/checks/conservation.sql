-- title: Counts that do not add up: specs seen, written, rejected, and in the tables
-- column: snapshot | Snapshot whose counts differ
-- column: path | Path of the document, null where the law is one of the whole snapshot
-- column: law | Which counts should be equal
-- column: expected | The count that was stated
-- column: found | The count that was found

with of_documents as (
    select
        snapshot,
        count(*) as num_documents,
        sum(num_specs_written)::bigint as num_written,
        sum(num_specs_rejected)::bigint as num_rejected
    from documents
    group by snapshot
),

of_specs as (
    select
        snapshot,
        count(*) as num_specs,
        count(distinct package) as num_packages
    from specs
    group by snapshot
),

of_rejects as (
    select
        snapshot,
        count(*) filter (where scope = 'spec') as num_specs,
        count(*) filter (where scope = 'document') as num_documents
    from rejects
    group by snapshot
),

names as (
    select snapshot from snapshots
    union
    select snapshot from of_documents
    union
    select snapshot from of_specs
    union
    -- A snapshot of which every document was rejected stands in no other table.
    select snapshot from of_rejects
    where num_specs > 0
),

counts as (
    select
        names.snapshot,
        snapshots.num_documents as stated_documents,
        snapshots.num_packages as stated_packages,
        snapshots.num_specs as stated_specs,
        snapshots.num_documents_rejected as stated_documents_rejected,
        snapshots.num_specs_rejected as stated_specs_rejected,
        coalesce(of_documents.num_documents, 0) as documents,
        coalesce(of_documents.num_written, 0) as written,
        coalesce(of_documents.num_rejected, 0) as rejected,
        coalesce(of_specs.num_specs, 0) as spec_rows,
        coalesce(of_specs.num_packages, 0) as packages,
        coalesce(of_rejects.num_specs, 0) as spec_rejects,
        coalesce(of_rejects.num_documents, 0) as document_rejects
    from names
    left join snapshots on names.snapshot = snapshots.snapshot
    left join of_documents on names.snapshot = of_documents.snapshot
    left join of_specs on names.snapshot = of_specs.snapshot
    left join of_rejects on names.snapshot = of_rejects.snapshot
),

laws as (
    select
        snapshot,
        path,
        'seen = written + rejected' as law,
        num_specs_seen as expected,
        num_specs_written + num_specs_rejected as found
    from documents
    union all
    select
        snapshot,
        null as path,
        'written = rows of specs' as law,
        written as expected,
        spec_rows as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'rejected = rows of rejects' as law,
        rejected as expected,
        spec_rejects as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'snapshots.num_documents = rows of documents' as law,
        stated_documents as expected,
        documents as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'snapshots.num_packages = packages in specs' as law,
        stated_packages as expected,
        packages as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'snapshots.num_specs = rows of specs' as law,
        stated_specs as expected,
        spec_rows as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'snapshots.num_documents_rejected = rows of rejects' as law,
        stated_documents_rejected as expected,
        document_rejects as found
    from counts
    union all
    select
        snapshot,
        null as path,
        'snapshots.num_specs_rejected = specs rejected' as law,
        stated_specs_rejected as expected,
        rejected as found
    from counts
)

select
    snapshot,
    path,
    law,
    expected,
    found
from laws
where expected is distinct from found
order by snapshot, path nulls first, law
