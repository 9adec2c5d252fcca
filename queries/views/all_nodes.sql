-- nodes: all that a dependency can lead to, the specs and the externals.
create or replace view nodes as
select
    *,
    true as in_buildcache,
    false as is_external
from specs
union all by name
select
    *,
    []::varchar[] as stacks,
    false as in_buildcache
from externals
