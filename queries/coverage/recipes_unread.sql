-- title: What could not be read of the recipes: computed in code, or no recipe at all
-- column: package | Package name, by the name of its folder
-- column: reading | partly or rejected
-- column: num_versions | Versions that were read all the same
-- column: num_unread | Calls that could not be read
-- column: what | Line and call, or the place in a rejected file; one row each
-- column: path | Path of the file in its source
select
    package,
    reading,
    len(versions) as num_versions,
    num_unread,
    unnest(
        if(reading = 'rejected', [place || ': ' || reason || ': ' || message], unread)
    ) as what,
    path
from recipes_read
order by reading desc, package, path, what
