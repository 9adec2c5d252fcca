-- latest_specs: the specs of the newest snapshot of the main series, all columns.
create or replace view latest_specs as
select specs.*
from specs
inner join chosen_snapshots on specs.snapshot = chosen_snapshots.snapshot
where chosen_snapshots.name = 'latest'
