-- title: Hashes that one snapshot holds more than once
-- column: snapshot | Snapshot that holds the hash
-- column: hash | DAG hash
-- column: num_specs | Rows with that hash in the snapshot
-- column: packages | Packages of these rows, sorted

with repeated as (
    select
        snapshot,
        hash,
        count(*) as num_specs
    from specs
    group by snapshot, hash
    having count(*) > 1
)

select
    specs.snapshot,
    specs.hash,
    repeated.num_specs,
    list_sort(list(distinct specs.package)) as packages
from specs
inner join repeated
    on specs.snapshot = repeated.snapshot and specs.hash = repeated.hash
group by specs.snapshot, specs.hash, repeated.num_specs
order by specs.snapshot, specs.hash
