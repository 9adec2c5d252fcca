-- title: Packages and specs of each compiler on each target
-- params: snapshot
-- column: compiler_name | Compiler, null for specs that need none
-- column: compiler_version | Version of the compiler
-- column: platform | Platform of the specs
-- column: target | Target of the specs
-- column: num_packages | Packages built with it there
-- column: num_specs | Specs built with it there
select
    compiler_name,
    compiler_version,
    platform,
    target,
    count(distinct package) as num_packages,
    count(*) as num_specs
from specs_at(getvariable('snapshot'))
group by compiler_name, compiler_version, platform, target
order by
    num_specs desc,
    compiler_name nulls last,
    compiler_version nulls last,
    platform,
    target
