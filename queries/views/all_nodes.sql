-- nodes: all that a dependency can lead to, the specs and the externals.
create or replace view nodes as
select
    snapshot,
    platform,
    target,
    package,
    version,
    version_key,
    compiler_name,
    compiler_version,
    compiler_written,
    os,
    variants,
    flags,
    stacks,
    hash,
    size_bytes,
    tarball_url,
    namespace,
    package_hash,
    build_spec,
    true as in_buildcache,
    false as is_external
from specs
union all
select
    snapshot,
    platform,
    target,
    package,
    version,
    version_key,
    compiler_name,
    compiler_version,
    compiler_written,
    os,
    variants,
    flags,
    []::varchar[] as stacks,
    hash,
    size_bytes,
    tarball_url,
    namespace,
    package_hash,
    build_spec,
    false as in_buildcache,
    is_external
from externals
