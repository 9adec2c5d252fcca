"""One build cache index, Spack's database as JSON: which specs it holds, and their records.

{"database": {"version": "8", "installs": {HASH: {"spec": {…}, "in_buildcache": true}}}}

Only what is `in_buildcache` counts; of the rest, externals and leftovers of builds, what others
depend on is kept apart. An index has tens of thousands of specs: each is decoded on its own, and
nothing is kept of it but its record.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from spack_census.documents import nodes, strict
from spack_census.documents.records import Dependency, Problem, Reason, Record, Rejected

VERSIONS = (5, 8)
"""Oldest and newest version of Spack's database that is read: no other exists yet."""
_COMPILER_DEPENDENCIES = 8
"""Version since which a spec's compiler is one of its dependencies."""
_REMEDY = "fetch the index again; if it stays so, report it to those who publish it"
_MARK = b'"in_buildcache"'


class _Presence(msgspec.Struct, gc=False):
    in_buildcache: bool | msgspec.UnsetType = msgspec.UNSET


class _Install(msgspec.Struct, gc=False):
    spec: msgspec.Raw
    in_buildcache: bool = False


class _Whole(msgspec.Struct, gc=False):
    """The same, its spec decoded at once."""

    spec: nodes.Node
    in_buildcache: bool = False


class _Database(msgspec.Struct):
    version: str | int | float
    installs: dict[str, msgspec.Raw]


class _Index(msgspec.Struct):
    database: _Database


_INDEX = msgspec.json.Decoder(_Index)
_PRESENCE = msgspec.json.Decoder(_Presence)
_INSTALL = msgspec.json.Decoder(_Install)
_WHOLE = msgspec.json.Decoder(_Whole)


class Index(NamedTuple):
    """A decoded index."""

    version: int
    installs: dict[str, msgspec.Raw]
    held: list[str]
    """Hashes that are in the build cache, sorted."""

    @property
    def hash_epoch(self) -> int | None:
        """Database version since which hashes are made as they are here, None if not known."""
        return {6: 6, 7: 6, 8: 8}.get(self.version)


def decode(data: bytes) -> Index:
    """Return what an index holds; raises Rejected where it is none, or cannot be trusted whole."""
    try:
        if not data.isascii():
            # What is passed over below is not decoded, and so not seen to be broken.
            data.decode()
        database = _INDEX.decode(data).database
        presence = {key: _PRESENCE.decode(raw) for key, raw in database.installs.items()}
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        fault = nodes.rejected(error).problem
        raise Rejected(fault.reason, fault.place or "file", fault.message, _REMEDY) from error
    version = _version(database.version)
    told = [key for key, each in presence.items() if each.in_buildcache is not msgspec.UNSET]
    if data.count(_MARK) != len(told):
        # A hash that stands twice shows here: msgspec would take the last in silence.
        strict.json_value(data, "database", 1)
    held = sorted(key for key in told if presence[key].in_buildcache)
    if presence and not held:
        message = f"none of its {len(presence):,} specs is in a build cache"
        remedy = "is it the database of an installation? name a build cache's index"
        raise Rejected(Reason.MISSING_KEY, "database.installs", message, remedy)
    return Index(version, database.installs, held)


def _version(text: str | float) -> int:
    oldest, newest = VERSIONS
    try:
        version = int(text)
    except ValueError:
        version = 0
    if not oldest <= version <= newest:
        message = f"database version {text!r}; {oldest} to {newest} are read"
        remedy = "see whether a newer spack-census reads it"
        raise Rejected(Reason.UNSUPPORTED_GENERATION, "database.version", message, remedy)
    return version


def records(
    index: Index, stacks: Mapping[str, tuple[str, ...]], wanted: Collection[str]
) -> Iterator[Record | Problem]:
    """Yield a record for each wanted hash, in order, or a Problem: one bad spec goes alone.

    `stacks` holds the stacks of each hash that is in the build cache.
    """
    shared: dict[Dependency, Dependency] = {}

    @functools.cache
    def version_of(key: str) -> str | None:
        try:
            return _node(index.installs[key], key).version
        except (KeyError, Rejected):
            return None

    for key in wanted:
        try:
            node = _node(index.installs[key], key)
            external = node.external is not None
            if node.compiler is None and index.version < _COMPILER_DEPENDENCIES and not external:
                raise Rejected(Reason.MISSING_KEY, ".compiler", "no compiler is named", _REMEDY)
            yield nodes.record(node, stacks.get(key, ()), version_of, shared)
        except Rejected as rejected:
            problem = rejected.problem
            place = f"database.installs.{key}.spec{problem.place}"
            told = key if nodes.is_hash(key) else None
            yield msgspec.structs.replace(problem, place=place, hash=told)


class Described(NamedTuple):
    """What an index tells of the specs that it answers for, and of what they depend on."""

    records: list[Record]
    problems: list[Problem]
    externals: list[Record]
    """What the records depend on, however far down, and the build cache does not hold, by hash."""
    unreadable: list[Problem]
    """Why some of that has no record."""

    def warnings(self) -> list[str]:
        """Return what to say of externals that cannot be read."""
        if not self.unreadable:
            return []
        first = self.unreadable[0]
        text = f"{len(self.unreadable):,} specs outside of the build cache cannot be read"
        return [f"{text}: {first.place}: {first.message}"]


def described(
    index: Index,
    stacks: Mapping[str, tuple[str, ...]],
    wanted: Collection[str],
    known: Collection[str],
) -> Described:
    """Return the records of the wanted hashes, and of what they depend on and is not `known`.

    A dependency that the index names and does not describe is passed over.
    """
    found = Described([], [], [], [])
    for one in records(index, stacks, wanted):
        if isinstance(one, Record):
            found.records.append(one)
        else:
            found.problems.append(one)
    seen = {*known, *wanted}
    layer = found.records
    while layer:
        below = {link.hash for record in layer for link in record.dependencies} - seen
        seen |= below
        read = list(records(index, {}, sorted(below & index.installs.keys())))
        layer = [one for one in read if isinstance(one, Record)]
        found.externals.extend(layer)
        found.unreadable.extend(one for one in read if isinstance(one, Problem))
    return found._replace(externals=sorted(found.externals, key=lambda record: record.hash))


def _node(raw: msgspec.Raw, key: str) -> nodes.Node:
    try:
        node = _WHOLE.decode(raw).spec
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        node = _named(raw)
    # Records of older indexes name the hash only here.
    if node.hash not in (key, None):
        message = f"{node.hash!r} stands under another hash"
        raise Rejected(Reason.BAD_HASH, ".hash", message, _REMEDY)
    node.hash = key
    return node


def _named(raw: msgspec.Raw) -> nodes.Node:
    """Return a node as older databases write it, or say what is wrong with it."""
    try:
        install = _INSTALL.decode(raw)
    except msgspec.MsgspecError as error:
        raise nodes.rejected(error) from error
    return nodes.decode(install.spec)


def specs_of(index: Index) -> Iterator[tuple[str, str, str]]:
    """Yield (name, version, hash) of each spec in the build cache that can be read."""
    for key in index.held:
        try:
            node = _node(index.installs[key], key)
        except Rejected:
            continue
        yield node.name, node.version, key
