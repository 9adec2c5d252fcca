-- stack_aliases(): stacks that were renamed, old name and new name, so that a renamed
-- stack is a move and not a loss. Add a pair for each further rename, in this file or
-- in a copy of queries/ (--queries DIR); no new name may be the old name of a pair.
create or replace macro stack_aliases() as map_from_entries(
    [
        ('developer-tools-manylinux2014', 'developer-tools-x86_64_v3-linux-gnu')
    ]
);

-- current_stacks(names): a spec's stacks under their present names, without the union
-- `root`.
create or replace macro current_stacks(names) as (
    list_sort(
        list_distinct(
            list_transform(
                list_filter(names, lambda name: name <> 'root'),
                lambda name: ifnull(stack_aliases()[name], name)
            )
        )
    )
)
