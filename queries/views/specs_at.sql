create or replace macro specs_at(chosen) as table (
    select
        snapshot,
        platform,
        target,
        package,
        version,
        version_key,
        compiler_name,
        compiler_version,
        os,
        variants,
        stacks,
        hash,
        size_bytes,
        tarball_url,
        package_hash
    from specs
    where snapshot = chosen
);
