-- title: Newest version of each package on each target, and how far it lags behind
-- params: snapshot
-- column: package | Package name
-- column: platform | Platform of the specs
-- column: target | Target of the specs
-- column: newest_version | Newest version there
-- column: newest_anywhere | Newest version on any target of the snapshot
-- column: versions_behind | Newer versions of the package elsewhere in the snapshot
with versions as (
    select distinct
        package,
        version_key
    from specs_at(getvariable('snapshot'))
),

ranked as (
    select
        package,
        version_key,
        row_number() over (
            partition by package
            order by version_key desc
        ) - 1 as versions_behind
    from versions
),

newest as (
    select
        package,
        platform,
        target,
        arg_max(version, [version_key, version]) as newest_version,
        max(version_key) as version_key
    from specs_at(getvariable('snapshot'))
    group by package, platform, target
)

select
    newest.package,
    newest.platform,
    newest.target,
    newest.newest_version,
    arg_max(
        newest.newest_version, [newest.version_key, newest.newest_version]
    ) over (partition by newest.package) as newest_anywhere,
    ranked.versions_behind
from newest
inner join ranked
    on
        newest.package = ranked.package
        and newest.version_key = ranked.version_key
order by
    ranked.versions_behind desc,
    newest.package,
    newest.platform,
    newest.target
