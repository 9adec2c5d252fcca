-- chosen_snapshots: what `latest`, `previous`, `latest:SERIES`, `previous:SERIES` stand
-- for. The main series is develop-dated where the dataset has one, else the one with
-- most snapshots.
create or replace view chosen_snapshots as
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
    select
        snapshot,
        series,
        row_number() over (
            partition by series
            order by series_order desc
        ) as place
    from snapshots
),

named as (
    select
        snapshot,
        series,
        case place when 1 then 'latest' else 'previous' end as word
    from newest
    where place <= 2
)

select
    word || ':' || series as name,
    snapshot
from named
union all
select
    named.word as name,
    named.snapshot
from named
inner join main_series on named.series = main_series.series;

-- snapshot_named(chosen): the own name of the snapshot that a name stands for, and any
-- other name as it is.
create or replace macro snapshot_named(chosen) as coalesce(
    (
        select stands_for.snapshot
        from chosen_snapshots as stands_for
        where stands_for.name = chosen
    ),
    chosen
)
