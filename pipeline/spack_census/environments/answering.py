"""One root of a spack.yaml against a snapshot: an answer, whatever is odd about it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import duckdb

from spack_census.ask.condition import SQL
from spack_census.ask.finding import conjunction, values
from spack_census.ask.hosts import Host, host_conditions
from spack_census.ask.knowledge import Known
from spack_census.ask.predicates import Condition, conditions
from spack_census.environments import closures
from spack_census.environments.externals import provided
from spack_census.environments.manifests.model import Root, Settings
from spack_census.environments.model import Build, Difference, Nearest, SpecFit
from spack_census.environments.nearest import BUILD_COLUMNS, as_build
from spack_census.environments.preferences import preferred
from spack_census.environments.requirements import Verdict, judge
from spack_census.errors import CensusError
from spack_census.spack.constraints import Constraint

_OF_PACKAGES = """
create temp table {table} as
select *
from specs
where snapshot = ? and list_contains(?, package)
"""
_JUDGED = """
select {columns}, [{unmet}]::boolean[] as unmet, [{failing}]::boolean[] as failing
from {table}
where snapshot = ? and {where}
order by version_key desc, version, hash
"""
_TABLES = itertools.count()
_RUNNING = "select hash from specs where snapshot = ? and {sql}"


@dataclass(slots=True)
class Ground:
    """A snapshot and a host that many roots are asked of; what they share is found out once."""

    con: duckdb.DuckDBPyConnection
    snapshot: str
    host: Host
    elsewhere: frozenset[str] = frozenset()
    """Hashes that another cache holds, where several are asked."""
    _verdicts: dict[int, tuple[Settings, Verdict]] = field(default_factory=dict)
    packages: frozenset[str] = frozenset()
    """The packages that will be asked for: their specs are read once."""
    _table: str | None = None
    _running: dict[bool, list[tuple[Condition, frozenset[str]]]] = field(default_factory=dict)
    _absent: frozenset[str] | None = None
    _holes: frozenset[str] | None = None

    def verdict(self, settings: Settings) -> Verdict:
        """Return what these settings say of the snapshot's specs."""
        if id(settings) not in self._verdicts:
            verdict = judge(self.con, settings, self.snapshot)
            self._verdicts[id(settings)] = (settings, verdict)
        return self._verdicts[id(settings)][1]

    def table(self, package: str) -> str:
        """Return the name of what holds the specs of a package, fewer than `specs` if it can."""
        if package not in self.packages:
            return "specs"
        if self._table is None:
            self._table = f"asked_{next(_TABLES)}"
            sql = _OF_PACKAGES.format(table=self._table)
            self.con.execute(sql, [self.snapshot, sorted(self.packages)])
        return self._table

    def running(self, *, with_platform: bool) -> list[tuple[Condition, frozenset[str]]]:
        """Return what a binary must meet to run on the host, each with the hashes that do.

        Asked once: for each root anew it would take most of the time.
        """
        if with_platform not in self._running:
            self._running[with_platform] = [
                (part, self._meeting(part))
                for part in host_conditions(self.host, self.snapshot, with_platform=with_platform)
            ]
        return self._running[with_platform]

    def _meeting(self, part: Condition) -> frozenset[str]:
        sql = _RUNNING.format(sql=part.sql)
        rows = self.con.execute(sql, [self.snapshot, *part.values]).fetchall()
        return frozenset(hash_ for (hash_,) in rows)

    def absent(self) -> frozenset[str]:
        """Return the hashes that specs of the snapshot need and no cache has for the host."""
        if self._absent is None:
            # What a spec needs is of its own platform, whichever that is.
            usable = host_conditions(self.host, self.snapshot, with_platform=False)
            found = closures.lacking(self.con, self.snapshot, usable)
            self._absent = found - self.elsewhere
        return self._absent

    def holes(self) -> frozenset[str]:
        """Return the specs that need something absent; none where no dependencies are known."""
        if self._holes is None:
            self._holes = closures.needing(self.con, self.snapshot, self.absent())
        return self._holes

    def lacking(self, hash_: str) -> tuple[str, ...]:
        """Return what a hole needs that is absent, as PACKAGE/HASH."""
        needed = closures.below(self.con, self.snapshot, hash_)
        return tuple(f"{package}/{key[:7]}" for package, key in needed if key in self.absent())


def fit_root(ground: Ground, root: Root) -> SpecFit:
    """Return whether a snapshot has a binary for a root; whatever is odd about it is the answer."""
    if root.constraint is None:
        return _untold(root, root.doubt or "has no constraint")
    found = _fit(ground, root, root.constraint)
    if root.doubt is None or found.status == "cannot tell":
        return found
    # What could not be read may exclude what is cached, or say that it is there already.
    reason = f"{root.doubt}; without it: {found.status}"
    return replace(found, status="cannot tell", reason=reason, compiles=False)


def _fit(ground: Ground, root: Root, constraint: Constraint) -> SpecFit:
    external = provided(root)
    if external is not None:
        return replace(_answer(root, external.status), reason=external.reason)
    try:
        asked = conditions(ground.con, constraint, ground.snapshot)
    except CensusError as error:
        return _untold(root, error.message)
    return _found(ground, root, _candidates(ground, root, constraint, asked))


def _answer(root: Root, status: Any) -> SpecFit:
    package = root.constraint.package if root.constraint is not None else None
    return SpecFit(
        package or root.text,
        None,
        None,
        status,
        needed_by=(root.text,),
        compiles=status in {"miss", "hole"},
        group=root.group,
    )


def _untold(root: Root, reason: str) -> SpecFit:
    return replace(_answer(root, "cannot tell"), reason=reason)


@dataclass(frozen=True, slots=True)
class _Candidate:
    """One spec of the package, the wishes and the conditions that it does not meet."""

    build: Build
    unmet: tuple[str, ...]
    failed: tuple[Condition, ...]


def _candidates(
    ground: Ground, root: Root, constraint: Constraint, asked: Sequence[Condition]
) -> list[_Candidate]:
    """Return the specs that a root may mean, those that miss fewest wishes first, then newest."""
    package = constraint.package or ""
    wishes = preferred(ground.con, root.settings, package, ground.snapshot)
    # Of a virtual package, or of none, only what satisfies the root is of use.
    virtual = not package or Known(ground.con, ground.snapshot).is_virtual(package)
    where = SQL(conjunction(list(asked)), tuple(values(list(asked))))
    judged = [] if virtual else list(asked)
    sql = _JUDGED.format(
        columns=BUILD_COLUMNS,
        unmet=", ".join(f"not ifnull({sql}, false)" for _, sql, _ in wishes),
        failing=", ".join(f"not ifnull({part.sql}, false)" for part in judged),
        table="specs" if virtual else ground.table(package),
        where=where.text if virtual else "package = ?",
    )
    bound = [*(value for _, _, each in wishes for value in each), *values(judged)]
    bound += [ground.snapshot, *(where.values if virtual else (package,))]
    running = ground.running(with_platform=constraint.platform is None)
    found = []
    for *row, unmet, failing in ground.con.execute(sql, bound).fetchall():
        build = as_build(row)
        wanting = (str(rule) for (rule, _, _), fails in zip(wishes, unmet, strict=True) if fails)
        failed = [part for part, fails in zip(judged, failing, strict=True) if fails]
        failed += [part for part, hashes in running if build.hash not in hashes]
        found.append(_Candidate(build, tuple(wanting), tuple(failed)))
    return sorted(found, key=lambda each: len(each.unmet))


def _found(ground: Ground, root: Root, candidates: Sequence[_Candidate]) -> SpecFit:
    verdict = ground.verdict(root.settings)
    excluded: str | None = None
    judged: dict[str, tuple[_Candidate, str | None]] = {}
    for each in candidates:
        build = each.build
        if each.failed:
            continue
        if build.hash in verdict.excluded:
            excluded = excluded or verdict.excluded[build.hash]
            continue
        doubt = verdict.doubt(build.package, build.hash, build.stacks)
        if doubt is None and each.unmet and not root.settings.reuse:
            doubt = f"concretizer:reuse is off, and nothing cached is as {each.unmet[0]} prefers"
        kind = "cannot tell" if doubt else "hole" if build.hash in ground.holes() else "hit"
        judged.setdefault(kind, (each, doubt))
    for status in ("hit", "cannot tell", "hole"):
        if status in judged:
            best, doubt = judged[status]
            build = best.build
            return replace(
                _answer(root, status),
                reason=doubt,
                unmet=best.unmet,
                package=build.package,
                version=build.version,
                hash=build.hash,
                stacks=build.stacks,
                lacking=ground.lacking(build.hash) if status == "hole" else (),
            )
    return replace(_answer(root, "miss"), nearest=_nearest(candidates), reason=excluded)


def _nearest(candidates: Sequence[_Candidate]) -> Nearest | None:
    """Return the spec that fails the fewest conditions, the newest of equals.

    None where there is none, or where none fails.
    """
    failing = [each for each in candidates if each.failed]
    best = min(failing, key=lambda each: len(each.failed), default=None)
    if best is None or len(failing) < len(candidates):
        return None
    return Nearest(best.build, tuple(_difference(part, best.build) for part in best.failed))


def _difference(part: Condition, build: Build) -> Difference:
    if part.variant is not None:
        settings = build.variants | build.patches
        has = (each for each in settings if each.lstrip("+~").partition("=")[0] == part.variant)
        return Difference("variants", part.text, next(has, f"no {part.variant}"))
    return Difference(part.attribute, part.text, getattr(build, part.attribute, None))
