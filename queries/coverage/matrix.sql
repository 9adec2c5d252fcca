-- title: Specs and newest version of each package on each platform, target and system
-- params: snapshot
-- column: package | Package name
-- column: platform | Platform, such as linux
-- column: target | CPU microarchitecture
-- column: os | Operating system
-- column: num_specs | Specs of the package there
-- column: newest_version | Newest version there, in Spack's order of versions

select
    package,
    platform,
    target,
    os,
    count(*) as num_specs,
    -- Two spellings of one version share a key; the text decides between them.
    arg_max(version, [version_key, version]) as newest_version
from specs_at(getvariable('snapshot'))
group by package, platform, target, os
order by package, platform, target, os
