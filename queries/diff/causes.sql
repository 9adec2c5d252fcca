-- title: What changed by itself between two snapshots, and what changed for it
-- params: before, after
-- column: package | Package that changed by itself; null where no cause is told
-- column: kind | What differs: version, recipe … external; or not told
-- column: detail | What it was and is, null for a recipe
-- column: num_itself | Changed specs of the package that changed so by themselves
-- column: num_specs | Changed specs that owe it, those included
-- column: num_alone | Of these the specs that have no other cause
-- column: stacks | Stacks that hold a spec that owes it
-- column: path | A shortest chain from a spec on which nothing changed depends
select
    cause as package,
    kind,
    detail,
    count(*) filter (itself) as num_itself,
    count(*) as num_specs,
    count(*) filter (num_causes = 1) as num_alone,
    list_sort(list_distinct(flatten(list(current_stacks(stacks))))) as stacks,
    any_value(path) as path
from causes(snapshot_named(getvariable('before')), snapshot_named(getvariable('after')))
group by cause, kind, detail
order by num_specs desc, num_itself desc, package asc, kind asc, detail asc
