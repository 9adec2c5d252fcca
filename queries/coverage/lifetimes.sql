-- title: First and last snapshot of each package version in a series
-- params: snapshot
-- column: package | Package name
-- column: version | Version of the package
-- column: first_seen | First snapshot of the series that holds it
-- column: last_seen | Last snapshot of the series that holds it
-- column: num_snapshots | Snapshots of the series that hold it
-- column: num_missed | Snapshots between the first and the last that do not
with chosen as (
    select series
    from snapshots
    where snapshot = snapshot_named(getvariable('snapshot'))
),

series as (
    select
        snapshots.snapshot,
        snapshots.series_order
    from snapshots
    inner join chosen on snapshots.series = chosen.series
),

held as (
    select distinct
        spec.package,
        spec.version,
        spec.version_key,
        spec.snapshot,
        series.series_order
    from specs as spec
    inner join series on spec.snapshot = series.snapshot
)

select
    package,
    version,
    arg_min(snapshot, series_order) as first_seen,
    arg_max(snapshot, series_order) as last_seen,
    count(*) as num_snapshots,
    max(series_order) - min(series_order) + 1 - count(*) as num_missed
from held
group by package, version, version_key
order by package, version_key, version
