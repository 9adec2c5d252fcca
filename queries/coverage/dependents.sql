-- title: What would be rebuilt if a package's recipe changed, package by package
-- params: snapshot
-- column: package | Package name
-- column: num_itself | Specs of the package
-- column: num_specs | Specs to rebuild: those and all that depend on one, however far
-- column: num_packages | Packages of these specs, the package itself among them
-- column: share_pct | Their share of the snapshot's specs
-- column: size_bytes | Size of their binaries, null where one is unknown
-- column: stacks | Stacks that hold one of them
with recursive
known as (
    select
        if(
            count(*) = 0,
            error(
                'this dataset has no dependencies for this snapshot:'
                || ' build it from a build cache index, documents do not hold them'
            ),
            count(*)
        ) as num_edges
    from dependencies
    where snapshot = snapshot_named(getvariable('snapshot'))
),

packages as (
    select
        package,
        row_number() over (order by package) - 1 as number
    from specs
    where
        snapshot = snapshot_named(getvariable('snapshot'))
        and (select num_edges from known) > 0
    group by package
),

width as (
    select greatest(count(*), 1)::integer as bits
    from packages
),

-- Packages are bits: a node has its own package's, and takes those of what it needs.
starting as (
    select
        nodes.hash,
        any_value(
            if(
                packages.number is null,
                repeat('0', width.bits)::bit,
                set_bit(repeat('0', width.bits)::bit, packages.number::integer, 1)
            )
        ) as marks
    from nodes
    cross join width
    left join packages on nodes.package = packages.package
    where nodes.snapshot = snapshot_named(getvariable('snapshot'))
    group by nodes.hash
),

edges as materialized (
    select
        hash,
        dependency_hash
    from dependencies
    where snapshot = snapshot_named(getvariable('snapshot'))
),

climbing as (
    select
        hash,
        marks
    from starting
    union
    select
        edges.hash,
        bit_or(climbing.marks) as marks
    from climbing
    inner join edges on climbing.hash = edges.dependency_hash
    group by edges.hash
),

reached as materialized (
    select
        hash,
        bit_or(marks) as marks
    from climbing
    group by hash
),

rebuilt as (
    select
        packages.package,
        specs.package as dependent,
        specs.size_bytes,
        current_stacks(specs.stacks) as stacks
    from specs
    inner join reached on specs.hash = reached.hash
    inner join packages on get_bit(reached.marks, packages.number::integer) = 1
    where specs.snapshot = snapshot_named(getvariable('snapshot'))
)

select
    package,
    count(*) filter (dependent = package) as num_itself,
    count(*) as num_specs,
    count(distinct dependent) as num_packages,
    share_pct(
        count(*),
        (
            select count(*)
            from specs
            where snapshot = snapshot_named(getvariable('snapshot'))
        )
    ) as share_pct,
    if(count(size_bytes) = count(*), sum(size_bytes)::bigint, null) as size_bytes,
    list_sort(list_distinct(flatten(list(stacks)))) as stacks
from rebuilt
group by package
order by num_specs desc, num_itself desc, package asc
