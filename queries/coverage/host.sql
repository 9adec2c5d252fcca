-- title: What a host CPU can use: the best target of each package
-- params: host, os, snapshot
-- column: package | Package with at least one binary that the host can run
-- column: platform | Platform of the binaries
-- column: best_target | The usable target that is nearest to the host
-- column: distance | 0 for the host's own target, more for more general ones
-- column: newest_version | Newest version on the best target
-- column: num_specs | Specs on the best target
-- column: num_usable | Specs on all targets that the host can run
with usable as (
    select
        spec.package,
        spec.platform,
        spec.target,
        spec.version,
        spec.version_key,
        compatible.distance,
        first(spec.target) over (
            partition by spec.package, spec.platform
            order by compatible.distance, spec.target
        ) as best_target
    from specs_at(getvariable('snapshot')) as spec
    inner join target_compat as compatible on spec.target = compatible.target
    left join glibc_needs as needs
        on spec.snapshot = needs.snapshot and spec.hash = needs.hash
    where
        compatible.host = getvariable('host')
        and runs_binary(spec.os, needs.glibc, getvariable('os'))
)

select
    package,
    platform,
    best_target,
    min(distance) as distance,
    arg_max(version, [version_key, version]) filter (where target = best_target)
        as newest_version,
    count(*) filter (where target = best_target) as num_specs,
    count(*) as num_usable
from usable
group by package, platform, best_target
order by distance, package, platform
