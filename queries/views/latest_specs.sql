-- latest_specs: the specs of the newest snapshot of the main series, all columns. The
-- main series is develop-dated where the dataset has one, else the one with most
-- snapshots.
create or replace view latest_specs as
with series_sizes as (
    select
        series,
        count(*) as num_snapshots
    from snapshots
    group by series
),

main_series as (
    select series
    from series_sizes
    order by series <> 'develop-dated', num_snapshots desc, series
    limit 1
),

newest as (
    select arg_max(snapshots.snapshot, snapshots.series_order) as snapshot
    from snapshots
    inner join main_series on snapshots.series = main_series.series
)

select specs.*
from specs
inner join newest on specs.snapshot = newest.snapshot
