-- specs_at(snapshot): the specs of one snapshot, all columns. It takes a snapshot's own
-- name, or `latest`, `previous`, `latest:SERIES`, `previous:SERIES`.
create or replace macro specs_at(chosen) as table (
    select *
    from specs
    where
        snapshot = chosen
        -- Of a name that is given, this is known to be false before any file is opened.
        or (
            split_part(chosen, ':', 1) in ('latest', 'previous')
            and snapshot in (
                select stands_for.snapshot
                from chosen_snapshots as stands_for
                where stands_for.name = chosen
            )
        )
)
