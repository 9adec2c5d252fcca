"""Which cached specs an environment's settings exclude, and of which that cannot be told.

A spec is excluded that breaks a rule for its package, or that needs one that does. Rules of a
virtual package bind whoever provides it. Rules under `all` bind packages that have none of their
own, and of these only such as have what the rule speaks of: a variant, a compiler.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import duckdb

from spack_census.ask.finding import conjunction, values
from spack_census.ask.predicates import conditions
from spack_census.environments import closures
from spack_census.environments.manifests.model import Rule, Settings
from spack_census.errors import CensusError
from spack_census.spack.compilers import COMPILERS
from spack_census.spack.constraints import Constraint
from spack_census.spack.grammar import parse
from spack_census.spack.providers import is_virtual, providers

_ALL = "all"
_VIRTUALS = "select distinct unnest(virtuals) from dependencies where snapshot = ?"
_PACKAGES = "select distinct package from nodes where snapshot = ?"
_PROVIDERS = """
select hash, '' as package, []::varchar[] as stacks
from dependencies
where snapshot = ? and list_contains(virtuals, ?)
    and dependency_hash not in (select hash from nodes where snapshot = ? and {meets})
"""
_BREAKING = "select hash, package, stacks from specs where snapshot = ? and {scope} and {breaks}"
_HAS_VARIANT = "len(list_filter(variants, lambda v: ltrim(split_part(v, '=', 1), '+~') = ?)) > 0"


_Found = tuple[str, str, list[str]]
"""Hash, package and stacks of a spec."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What settings say of a snapshot's specs: by hash, why one is excluded or doubtful."""

    excluded: Mapping[str, str] = field(default_factory=dict)
    doubtful: Mapping[str, str] = field(default_factory=dict)
    open: Sequence[tuple[str, frozenset[str] | None, str]] = ()
    """Where no dependencies are known: a package, stacks of a spec that breaks a rule, the rule.

    A spec of all these stacks may need that one; None is any stack.
    """

    def doubt(self, package: str, hash_: str, stacks: Iterable[str]) -> str | None:
        """Return why it cannot be told whether a spec may be used, None where it can."""
        if hash_ in self.doubtful:
            return self.doubtful[hash_]
        own = frozenset(stacks)
        for other, shared, why in self.open:
            # A stack holds all that its specs need.
            if other != package and (shared is None or own <= shared):
                return why
        return None


@dataclass(frozen=True, slots=True)
class _SQL:
    text: str
    values: tuple[Any, ...] = ()


def judge(con: duckdb.DuckDBPyConnection, settings: Settings, snapshot: str) -> Verdict:
    """Return which specs of a snapshot the settings exclude, and which they may."""
    rules = list(_rules(settings))
    if not rules:
        return Verdict()
    known = closures.knows_dependencies(con, snapshot)
    virtuals = {name for (name,) in con.execute(_VIRTUALS, [snapshot]).fetchall()}
    # Sites set hundreds of packages, of which a snapshot has few.
    bound = virtuals | {name for (name,) in con.execute(_PACKAGES, [snapshot]).fetchall()} | {_ALL}
    excluded: dict[str, str] = {}
    doubtful: dict[str, str] = {}
    still_open: list[tuple[str, frozenset[str] | None, str]] = []
    for package, rule in rules:
        untold = f"{rule}: {snapshot} does not tell what depends on what"
        if not known and _names_another(package, rule) and not is_virtual(package):
            still_open.append((package, None, untold))
            continue
        if package not in bound and (known or not is_virtual(package)):
            continue
        try:
            found = (
                _misprovided(con, package, _provides(con, rule, snapshot, package), snapshot)
                if package in virtuals
                else _breaking(con, settings, package, rule, snapshot)
            )
            verdict, why = excluded, str(rule)
        except CensusError as error:
            found = (
                _misprovided(con, package, _SQL("false"), snapshot)
                if package in virtuals
                else _bound(con, settings, package, rule, snapshot)
            )
            verdict, why = doubtful, f"{rule}: {error.message}"
        for hash_, _, _ in found:
            verdict.setdefault(hash_, why)
        if known:
            for hash_ in closures.needing(con, snapshot, [hash_ for hash_, _, _ in found]):
                verdict.setdefault(hash_, f"of what it needs, {why}")
        else:
            shared = {(name, frozenset(stacks)) for _, name, stacks in found}
            still_open += [(name, stacks, untold) for name, stacks in sorted(shared, key=repr)]
    return Verdict(excluded, doubtful, still_open)


def _rules(settings: Settings) -> Iterator[tuple[str, Rule]]:
    for package, own in settings.packages.items():
        for rule in own.rules:
            yield package, rule
    for package, folder in settings.developed.items():
        yield package, Rule(f"develop:{package}, built from {folder}:", "none_of", (package,))


def _names_another(package: str, rule: Rule) -> bool:
    """Return whether a rule's constraints name a package: then its own is a virtual one."""
    parsed = [_parsed(text, rule) for text in rule.texts]
    named = {constraint.package for constraint in parsed if constraint is not None}
    return package != _ALL and rule.doubt is None and bool(named - {None, package})


def _parsed(text: str, rule: Rule) -> Constraint | None:
    try:
        return parse(text, rule.toolchains)
    except CensusError:
        return None


def _provides(con: duckdb.DuckDBPyConnection, rule: Rule, snapshot: str, virtual: str) -> _SQL:
    """Return the condition on what may provide a virtual package."""
    if rule.when is not None:
        raise CensusError("whether its condition holds of a provider cannot be told")
    return _meets(con, rule, snapshot, virtual)


def _misprovided(
    con: duckdb.DuckDBPyConnection, virtual: str, meets: _SQL, snapshot: str
) -> list[_Found]:
    """Return the specs whose provider of a virtual package does not meet a condition."""
    sql = _PROVIDERS.format(meets=meets.text)
    return con.execute(sql, [snapshot, virtual, snapshot, *meets.values]).fetchall()


def _breaking(
    con: duckdb.DuckDBPyConnection, settings: Settings, package: str, rule: Rule, snapshot: str
) -> list[_Found]:
    scope = _scope(settings, package, rule)
    meets, bound = meeting(con, rule, snapshot, package)
    sql = _BREAKING.format(scope=scope.text, breaks=f"not {meets}")
    return con.execute(sql, [snapshot, *scope.values, *bound]).fetchall()


def _bound(
    con: duckdb.DuckDBPyConnection, settings: Settings, package: str, rule: Rule, snapshot: str
) -> list[_Found]:
    """Return the specs that a rule speaks of, which itself cannot be asked."""
    scope = _scope(settings, package, rule)
    sql = _BREAKING.format(scope=scope.text, breaks="true")
    return con.execute(sql, [snapshot, *scope.values]).fetchall()


def _scope(settings: Settings, package: str, rule: Rule) -> _SQL:
    """Return the condition on the specs that a rule binds."""
    if is_virtual(package):
        # Where no dependencies are known: whatever may provide it.
        return _SQL("list_contains(?, package)", (sorted({package, *providers(package)}),))
    if package != _ALL:
        return _SQL("package = ?", (package,))
    kind = rule.place.rpartition(":")[2]
    own = [
        name
        for name, each in settings.packages.items()
        if name != _ALL and any(one.place.rpartition(":")[2] == kind for one in each.rules)
    ]
    if any(sigil in text for text in rule.texts for sigil in "%^"):
        # Spack lets no such rule bind what a compiler is or brings along.
        own += sorted(COMPILERS)
        return _SQL("not list_contains(?, package) and not ends_with(package, '-runtime')", (own,))
    return _SQL("not list_contains(?, package)", (own,))


def _meets(con: duckdb.DuckDBPyConnection, rule: Rule, snapshot: str, package: str) -> _SQL:
    """Return the condition that a spec meets which a rule does not exclude."""
    if rule.doubt is not None:
        raise CensusError(rule.doubt)
    parts: list[str] = []
    bound: list[Any] = []
    applying: list[str] = []
    more: list[Any] = []
    for text in rule.texts:
        applies = _applies(text, rule) if package == _ALL else _SQL("true")
        condition = _condition(con, text, rule, snapshot)
        parts.append(f"({applies.text} and {condition.text})::integer")
        bound += [*applies.values, *condition.values]
        applying.append(applies.text)
        more += applies.values
    count = " + ".join(parts)
    wanted = {"any_of": ">= 1", "one_of": "= 1", "none_of": "= 0"}[rule.policy]
    if package != _ALL or rule.policy == "none_of":
        return _SQL(f"(({count}) {wanted})", tuple(bound))
    return _SQL(f"(({count}) {wanted} or not ({' or '.join(applying)}))", (*bound, *more))


def meeting(
    con: duckdb.DuckDBPyConnection, rule: Rule, snapshot: str, package: str
) -> tuple[str, tuple[Any, ...]]:
    """Return SQL that holds for specs which meet a rule, or which it does not speak of.

    Raises ConstraintError where the snapshot cannot answer it.
    """
    meets = _meets(con, rule, snapshot, package)
    if rule.when is None:
        return meets.text, meets.values
    when = _condition(con, rule.when, rule, snapshot)
    return f"({meets.text} or not {when.text})", (*meets.values, *when.values)


def _condition(con: duckdb.DuckDBPyConnection, text: str, rule: Rule, snapshot: str) -> _SQL:
    constraint = parse(text, rule.toolchains)
    found = conditions(con, constraint, snapshot)
    return _SQL(f"ifnull({conjunction(found)}, false)", tuple(values(found)))


def _applies(text: str, rule: Rule) -> _SQL:
    """Return the condition that a spec has what a rule under `all` speaks of."""
    constraint = parse(text, rule.toolchains)
    parts = [_HAS_VARIANT for _ in constraint.variants]
    if "%" in text:
        parts.append("compiler_name is not null")
    bound = tuple(variant.name for variant in constraint.variants)
    return _SQL(f"({' and '.join(parts) or 'true'})", bound)
