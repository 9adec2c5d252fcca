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

-- Numbers stand for hashes, in any order: they are joined far faster than text.
numbered as materialized (
    select
        hash,
        any_value(package) as package,
        row_number() over () as node
    from (
        select
            hash,
            package
        from nodes
        where snapshot = snapshot_named(getvariable('snapshot'))
        union all
        select
            hash,
            null as package
        from dependencies
        where snapshot = snapshot_named(getvariable('snapshot'))
    ) as written
    group by hash
),

edges as materialized (
    select
        upper.node as upper,
        lower.node as lower
    from dependencies as ends
    inner join numbered as upper on ends.hash = upper.hash
    inner join numbered as lower on ends.dependency_hash = lower.hash
    where ends.snapshot = snapshot_named(getvariable('snapshot'))
),

-- A package goes up to the nodes that need it until it is new to none.
reached as materialized (
    select
        numbered.node,
        packages.number
    from numbered
    inner join packages on numbered.package = packages.package
    union
    select
        edges.upper as node,
        reached.number
    from reached
    inner join edges on reached.node = edges.lower
),

holders as materialized (
    select
        stacks,
        row_number() over () as holder
    from (
        select distinct current_stacks(stacks) as stacks
        from specs
        where snapshot = snapshot_named(getvariable('snapshot'))
    ) as lists
),

built as materialized (
    select
        numbered.node,
        packages.number as dependent,
        holders.holder,
        specs.size_bytes
    from specs
    inner join numbered on specs.hash = numbered.hash
    inner join packages on specs.package = packages.package
    inner join holders on current_stacks(specs.stacks) = holders.stacks
    where specs.snapshot = snapshot_named(getvariable('snapshot'))
),

-- Lists are put together last: each spec stands here once for each package below it.
rebuilt as (
    select
        reached.number,
        built.dependent,
        built.holder,
        count(*) as num_specs,
        count(built.size_bytes) as num_sizes,
        sum(built.size_bytes) as size_bytes
    from reached
    inner join built on reached.node = built.node
    group by reached.number, built.dependent, built.holder
)

select
    packages.package,
    ifnull(
        sum(rebuilt.num_specs) filter (rebuilt.dependent = rebuilt.number), 0
    )::bigint as num_itself,
    sum(rebuilt.num_specs)::bigint as num_specs,
    count(distinct rebuilt.dependent) as num_packages,
    share_pct(
        sum(rebuilt.num_specs)::bigint,
        (
            select count(*)
            from specs
            where snapshot = snapshot_named(getvariable('snapshot'))
        )
    ) as share_pct,
    if(
        sum(rebuilt.num_sizes) = sum(rebuilt.num_specs),
        sum(rebuilt.size_bytes)::bigint,
        null
    ) as size_bytes,
    list_sort(list_distinct(flatten(list(holders.stacks)))) as stacks
from rebuilt
inner join packages on rebuilt.number = packages.number
inner join holders on rebuilt.holder = holders.holder
group by packages.package
order by num_specs desc, num_itself desc, packages.package asc
