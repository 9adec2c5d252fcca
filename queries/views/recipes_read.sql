-- recipes_read: the recipes of the dataset, and an error where none were read: a share
-- of no recipes would be no answer. The second part is there for the error alone; a
-- condition on the first is never asked where DuckDB knows beforehand that it is empty.
-- Whoever reads it must not leave out rows by a column, or the error may be left out.
create or replace view recipes_read as
with known as (
    select
        if(
            count(*) = 0,
            error('this dataset has no recipes: read them with census recipes REPO'),
            count(*)
        ) as num_recipes
    from recipes
)

select recipe.*
from recipes as recipe
union all
select recipe.*
from known
left join recipes as recipe on false
where known.num_recipes = 0
