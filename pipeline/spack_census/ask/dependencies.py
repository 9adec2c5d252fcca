"""`^x` and `%x`: which specs have such a dependency, where the dataset knows.

`%x` is a direct dependency of any type; `^x` one, too, or one that link and run dependencies lead
to, never one behind a build dependency of a dependency. The rule is that of `_satisfying_edges` in
Spack's `spec.py`.
"""

from __future__ import annotations

from dataclasses import replace

from spack_census.ask.attributes import own_conditions
from spack_census.ask.condition import FALSE, SQL, Condition, all_of, any_of
from spack_census.ask.knowledge import Known
from spack_census.errors import ConstraintError
from spack_census.spack.compilers import COMPILERS, LANGUAGES, written
from spack_census.spack.constraints import Constraint, DependencyConstraint
from spack_census.spack.grammar import misplaced, parse
from spack_census.spack.providers import providers
from spack_census.spack.versions import version_key

_NODE = "dependency_hash in (select hash from nodes where snapshot = ? and {sql})"
_DIRECT = "hash in (select hash from dependencies where snapshot = ? and {sql})"
_REACHED = """hash in (
    with recursive found as materialized (
        select hash, list_has_any(deptypes, ['link', 'run']) as is_carried
        from dependencies
        where snapshot = ? and {sql}
    ),
    -- Read once: the recursion would read the files anew at each step.
    carried as materialized (
        select hash, dependency_hash
        from dependencies
        where snapshot = ? and list_has_any(deptypes, ['link', 'run'])
    ),
    above(hash) as (
        select hash from found where is_carried
        union
        select carried.hash
        from carried
        inner join above on carried.dependency_hash = above.hash
    )
    select hash from found
    union all
    select hash from above
)"""
_UNKNOWN = """
select count(*)
from dependencies
where snapshot = ? and {sql}
    and dependency_hash not in (select hash from nodes where snapshot = ?)
"""
_ENDS = "select distinct dependency from dependencies where snapshot = ? and {sql}"
_VERSIONS_OF = """
select distinct compiler_version
from nodes
where snapshot = ? and list_contains(?, compiler_name) and compiler_version is not null
"""
_NOTED = (
    "hash not in (select hash from dependencies where snapshot = ? and list_has_any(virtuals, ?))"
)
_LANGUAGES = list(LANGUAGES)
_BUILD_ONLY = frozenset(("build",))


def dependency_condition(known: Known, wanted: DependencyConstraint) -> Condition:
    """Return the condition that a spec meets if it has such a dependency.

    Raises ConstraintError where the snapshot does not tell.
    """
    is_compiler = wanted.direct and (
        wanted.spec.package in COMPILERS
        or wanted.spec.package in LANGUAGES
        or bool(set(wanted.virtuals) & set(LANGUAGES))
    )
    found = _either(known, wanted, is_compiler=is_compiler)
    if wanted.when is not None:
        when = satisfying(known, wanted.when)
        found = any_of((SQL(f"not {when.text}", when.values), found))
    attribute = "compiler" if is_compiler else "dependencies"
    return Condition(attribute, wanted.text, found.text, found.values)


def satisfying(known: Known, constraint: Constraint) -> SQL:
    """Return SQL on `nodes` that holds for what satisfies a constraint, dependencies and all."""
    below = [dependency_condition(known, each) for each in constraint.dependencies]
    return all_of([*own_conditions(known, constraint), *below])


def _either(known: Known, wanted: DependencyConstraint, *, is_compiler: bool) -> SQL:
    """Return the condition on an edge, or on the compiler that stands in the columns alone."""
    if is_compiler and not known.compilers:
        _demand_plain(known, wanted)
    elif not known.dependencies:
        known.demand_dependencies(wanted.text)
    parts = []
    if known.dependencies:
        parts.append(_by_edge(known, wanted))
    if known.has_noted_compilers:
        noted = _by_column(known, wanted)
        if noted is not None:
            parts.append(noted)
    return any_of(parts)


def _demand_plain(known: Known, wanted: DependencyConstraint) -> None:
    """Raise ConstraintError for what a compiler that is no node cannot be asked."""
    words = misplaced(wanted)
    if words:
        name = wanted.spec.package
        raise ConstraintError(
            f"cannot ask for {wanted.text}: since Spack 1.0 `{words}` after %{name} describes"
            f" {name}, of which {known.snapshot} tells name and version alone",
            f"to describe the spec itself, write it before the %{name}",
        )
    if (wanted.virtuals or wanted.spec.package in LANGUAGES) and not known.has_one_compiler:
        raise ConstraintError(
            f"cannot ask for {wanted.text}: {known.snapshot} tells one compiler of a spec, and"
            " not for which language",
            f"write %{wanted.spec.package or 'COMPILER'}",
        )


def _by_edge(known: Known, wanted: DependencyConstraint) -> SQL:
    edges = _edges(known, wanted)
    if wanted.direct:
        return SQL(_DIRECT.format(sql=edges.text), (known.snapshot, *edges.values))
    known.demand_carried(wanted.text)
    text = _REACHED.format(sql=edges.text)
    return SQL(text, (known.snapshot, *edges.values, known.snapshot))


def _edges(known: Known, wanted: DependencyConstraint) -> SQL:
    """Return the condition on a row of `dependencies` to be such an edge."""
    parts = []
    if wanted.virtuals:
        parts.append(SQL("list_has_all(virtuals, ?)", (list(wanted.virtuals),)))
    if wanted.deptypes:
        parts.append(SQL("list_has_all(deptypes, ?)", (list(wanted.deptypes),)))
    spec, name = wanted.spec, wanted.spec.package
    if name is None:
        return all_of([*parts, _node(known, wanted, spec, all_of(parts))])
    # The name stands on the edge too: what a snapshot does not describe is known by it.
    own = SQL("dependency = ?", (name,))
    ways = [all_of([own, _node(known, wanted, replace(spec, package=None), own)])]
    if spec.is_plain:
        virtual = SQL("dependency <> ? and list_contains(virtuals, ?)", (name, name))
        ways.append(all_of([virtual, _provides(known, wanted, virtual)]))
    return all_of([*parts, any_of(ways)])


def _node(known: Known, wanted: DependencyConstraint, spec: Constraint, edge: SQL) -> SQL:
    """Return the condition on what stands at the end of an edge."""
    found = satisfying(known, spec)
    if found.text == "true":
        return found
    _demand_described(known, wanted, edge)
    return SQL(_NODE.format(sql=found.text), (known.snapshot, *found.values))


def _demand_described(known: Known, wanted: DependencyConstraint, edge: SQL) -> None:
    sql = _UNKNOWN.format(sql=edge.text)
    unknown = known.one(sql, *edge.values, known.snapshot)
    if unknown:
        name = wanted.spec.package or "something"
        raise ConstraintError(
            f"cannot ask for {wanted.text}: {unknown:,} specs depend on a {name} that is not in"
            f" {known.snapshot}",
            "build it again from the build cache's index, or ask for the name alone",
        )


def _provides(known: Known, wanted: DependencyConstraint, edge: SQL) -> SQL:
    """Return the condition on what provides a virtual package to provide such a version of it."""
    name, versions = str(wanted.spec.package), wanted.spec.versions
    if not versions:
        return SQL("true")
    declared = providers(name, versions)
    sql = _ENDS.format(sql=edge.text)
    found = known.rows(sql, *edge.values)
    unknown = sorted({package for (package,) in found} - declared.keys())
    if unknown:
        raise ConstraintError(
            f"cannot ask for {wanted.text}: nothing tells which {name} {unknown[0]} provides",
            f"write ^{name}, or name the package: ^{unknown[0]}",
        )
    providing = provided(known, name, wanted.spec)
    return SQL(_NODE.format(sql=providing.text), (known.snapshot, *providing.values))


def provided(known: Known, virtual: str, spec: Constraint) -> SQL:
    """Return SQL on `nodes` that holds for what provides a virtual package by its recipe."""
    parts = []
    for package, conditions in providers(virtual, spec.versions).items():
        own = SQL("package = ?", (package,))
        ways = [all_of(own_conditions(known, parse(each))) for each in conditions]
        parts.append(all_of([own, any_of(ways)]))
    return any_of(parts)


def _by_column(known: Known, wanted: DependencyConstraint) -> SQL | None:
    """Return the condition on a compiler that is no dependency: None where none can be such."""
    spec = wanted.spec
    if not spec.is_plain or not {*wanted.deptypes} <= _BUILD_ONLY:
        return None
    if not {*wanted.virtuals} <= {*LANGUAGES}:
        return None
    noted = SQL(_NOTED, (known.snapshot, _LANGUAGES)) if known.dependencies else SQL("true")
    if spec.package is None or spec.package in LANGUAGES:
        if spec.versions and spec.package is not None:
            return FALSE
        return all_of([SQL("compiler_name is not null"), noted])
    names = list(written(spec.package))
    parts = [SQL("ifnull(list_contains(?, compiler_name), false)", (names,))]
    if spec.versions:
        # The table has no key of compiler versions, but a snapshot has few of them.
        told = known.rows(_VERSIONS_OF, names)
        fitting = sorted(
            version
            for (version,) in told
            if any(version_key(version) in each for each in spec.versions)
        )
        sql = "ifnull(list_contains(?::varchar[], compiler_version), false)"
        parts.append(SQL(sql, (fitting,)))
    return all_of([*parts, noted])
