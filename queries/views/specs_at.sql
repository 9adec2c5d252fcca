-- specs_at(snapshot): the specs of one snapshot, all columns.
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
        build_spec
    from specs
    where snapshot = chosen
);
