-- title: Specs that differ in nothing visible but the hash
-- params: snapshot
-- column: package | Package name
-- column: version | Version they share
-- column: compiler_name | Compiler they share, null for none
-- column: compiler_version | Its version
-- column: platform | Platform they share
-- column: os | Operating system they share
-- column: target | Target they share
-- column: variants | Variants they share
-- column: flags | Compiler flags they share
-- column: build_spec | What they were built as before they were spliced, null for none
-- column: num_specs | How many specs there are
-- column: stacks | Stacks that hold any of them
-- column: spec_hashes | Their hashes, sorted
select
    package,
    version,
    compiler_name,
    compiler_version,
    platform,
    os,
    target,
    variants,
    flags,
    build_spec,
    count(*) as num_specs,
    list_sort(list_distinct(flatten(list(stacks)))) as stacks,
    list(hash order by hash) as spec_hashes
from specs_at(getvariable('snapshot'))
group by
    package,
    version,
    compiler_name,
    compiler_version,
    platform,
    os,
    target,
    variants,
    flags,
    build_spec
having count(*) > 1
order by num_specs desc, package, spec_hashes
