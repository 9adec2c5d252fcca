-- specs_at(snapshot): the specs of one snapshot, all columns.
create or replace macro specs_at(chosen) as table (
    select *
    from specs
    where snapshot = chosen
)
