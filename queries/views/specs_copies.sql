-- specs_copies(snapshot): the specs of one snapshot, and which copy of its hash each
-- is: a hash that it holds twice is two specs, and must not pair up four times.
create or replace macro specs_copies(chosen) as table (
    select
        *,
        row_number() over (
            partition by hash
            order by package, version_key, version, platform, os, target, stacks
        ) as copy
    from specs_at(chosen)
)
