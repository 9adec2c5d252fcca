-- has_variant(variants, name): whether a variant is on, or has a value other than none.
-- variant_value(variants, name): its value as written, `true` or `false` of one that is
-- on or off, null where the spec has no such variant.
-- newest(version, version_key): the newest version of a group, by Spack's order.
-- spec_string(spec): a row of `specs` as Spack writes a spec: `spec_string(specs)`.
create or replace macro variant_value(variants, name) as (
    case
        when list_contains(variants, '+' || name) then 'true'
        when list_contains(variants, '~' || name) then 'false'
        else list_filter(variants, lambda each: starts_with(each, name || '='))[1][
            length(name) + 2:
        ]
    end
);

create or replace macro has_variant(variants, name) as (
    coalesce(variant_value(variants, name) not in ('false', 'none'), false)
);

create or replace macro newest(version, version_key) as (
    arg_max(version, [version_key, version])
);

-- What follows a compiler would describe the compiler.
create or replace macro spec_string(spec) as (
    concat_ws(
        ' ',
        spec.package || '@' || spec.version,
        nullif(array_to_string(list_concat(spec.variants, spec.flags), ' '), ''),
        'platform=' || spec.platform,
        'os=' || spec.os,
        'target=' || spec.target,
        nullif(concat_ws('@', '%' || spec.compiler_name, spec.compiler_version), '')
    )
)
