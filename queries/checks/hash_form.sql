-- title: Specs whose hash is not 32 characters of base32
-- column: snapshot | Snapshot of the spec
-- column: package | Package name
-- column: version | Version as Spack writes it
-- column: platform | Platform, such as linux
-- column: os | Operating system
-- column: target | CPU microarchitecture
-- column: hash | The hash that is none

select
    snapshot,
    package,
    version,
    platform,
    os,
    target,
    hash
from specs
where not regexp_full_match(hash, '[a-z2-7]{32}')
order by snapshot, package, version_key, version, hash, platform, os, target
