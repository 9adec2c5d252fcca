-- is_branch(version_key), is_prerelease(version_key): what Spack takes only when asked:
-- a version with a word that stands for a branch (develop, main, master, head, trunk,
-- nightly, stable), and one that ends in alpha, beta or rc. A key tells it: it is made
-- of numbers (n), words (a) and such words (z), then of the kind of its end.
create or replace macro is_branch(version_key) as (
    regexp_matches(version_key, '^(n[0-9]+|a[A-Za-z]+#)*z[0-9]')
);

create or replace macro is_prerelease(version_key) as (
    regexp_matches(version_key, '#[0-2]')
)
