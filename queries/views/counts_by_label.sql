-- counts_by_label(change): how many rows of a group bear each label of changes(), as a
-- struct: `unnest` makes columns of it.
create or replace macro counts_by_label(change) as struct_pack(
    gone := count(*) filter (where change = 'gone'),
    appeared := count(*) filter (where change = 'appeared'),
    downgraded := count(*) filter (where change = 'downgraded'),
    upgraded := count(*) filter (where change = 'upgraded'),
    recompiled := count(*) filter (where change = 'recompiled'),
    reconfigured := count(*) filter (where change = 'reconfigured'),
    rebuilt := count(*) filter (where change = 'rebuilt')
)
