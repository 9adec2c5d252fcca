"""What stands in a spack.lock of any version → one shape: specs under their DAG hashes, in lists.

Versions 1 and 2 (Spack 0.12 to 0.16) have specs and dependencies under their names; 2 and 3 (to
0.17) keep specs under build hashes; 5 to 8 added what may be absent. See "Versioned File Formats"
of Spack's documentation.
"""

from __future__ import annotations

from typing import Any

import msgspec

_BY_BUILD_HASH, _BY_DAG_HASH = 3, 4
"""Since which version specs stand under build hashes in lists, and since which under DAG hashes."""

Value = bool | int | float | str | list[bool | int | float | str] | None


class _Arch(msgspec.Struct, frozen=True):
    platform: str
    platform_os: str
    target: str | dict[str, Any]


class _Compiler(msgspec.Struct, frozen=True):
    name: str
    version: str


class _Parameters(msgspec.Struct, frozen=True):
    deptypes: list[str] = []
    virtuals: list[str] = []


class _Dependency(msgspec.Struct, frozen=True):
    name: str
    hash: str = ""
    build_hash: str = ""
    type: list[str] = []
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class _Annotations(msgspec.Struct, frozen=True):
    compiler: str | None = None


class Node(msgspec.Struct, frozen=True):
    """One concrete spec."""

    name: str
    version: str
    arch: _Arch
    hash: str = ""
    compiler: _Compiler | None = None
    parameters: dict[str, Value] = {}
    dependencies: list[_Dependency] = []
    external: dict[str, Any] | None = None
    package_hash: str | None = None
    namespace: str | None = None
    annotations: _Annotations = msgspec.field(default_factory=_Annotations)


class Root(msgspec.Struct, frozen=True):
    """The hash of a root, what was asked for, and its group since version 7."""

    hash: str
    spec: str
    group: str = ""


class Included(msgspec.Struct, frozen=True):
    """An environment that another one includes, and what that one includes."""

    roots: list[Root]
    concrete_specs: dict[str, Node] = {}
    include_concrete: dict[str, Included] = {}


class _Meta(msgspec.Struct, frozen=True):
    version: int = msgspec.field(name="lockfile-version")


class _Head(msgspec.Struct, frozen=True):
    meta: _Meta = msgspec.field(name="_meta")


class _NamedDependency(msgspec.Struct, frozen=True):
    hash: str
    type: list[str] = []


class _NamedNode(msgspec.Struct, frozen=True):
    version: str
    arch: _Arch
    hash: str = ""
    compiler: _Compiler | None = None
    parameters: dict[str, Value] = {}
    dependencies: dict[str, _NamedDependency] = {}
    external: dict[str, Any] | None = None


class _NamedLock(msgspec.Struct, frozen=True):
    """Versions 1 and 2: specs and their dependencies stand under their names."""

    roots: list[Root]
    concrete_specs: dict[str, dict[str, _NamedNode]]


class Lock(msgspec.Struct, frozen=True):
    """The environment's own roots and specs, and those that it includes."""

    roots: list[Root]
    concrete_specs: dict[str, Node]
    include_concrete: dict[str, Included] = {}

    def parts(self) -> list[Included]:
        """Return the environment itself and all that it includes, however deep."""
        found = [Included(self.roots, self.concrete_specs, self.include_concrete)]
        for part in found:
            found += part.include_concrete.values()
        return found


def decode(text: str, version: int) -> Lock:
    """Return a lockfile's content, whatever its version; raises msgspec.DecodeError."""
    if version >= _BY_DAG_HASH:
        return msgspec.json.decode(text, type=Lock)
    if version >= _BY_BUILD_HASH:
        return _renamed(msgspec.json.decode(text, type=Lock))
    named = msgspec.json.decode(text, type=_NamedLock)
    nodes = {
        key: Node(
            name,
            node.version,
            node.arch,
            node.hash or key,
            node.compiler,
            node.parameters,
            [
                _Dependency(other, each.hash, type=each.type)
                for other, each in node.dependencies.items()
            ],
            node.external,
        )
        for key, by_name in named.concrete_specs.items()
        for name, node in by_name.items()
    }
    return _renamed(Lock(named.roots, nodes))


def _renamed(lock: Lock) -> Lock:
    """Return a lockfile of build hashes with DAG hashes, which alone a cache knows.

    Specs that differ in their build dependencies only share one: Spack could install one of them.
    """
    dag = {key: node.hash or key for key, node in lock.concrete_specs.items()}
    nodes: dict[str, Node] = {}
    for key, node in lock.concrete_specs.items():
        below = [
            msgspec.structs.replace(
                each, hash=dag.get(each.build_hash or each.hash, each.build_hash or each.hash)
            )
            for each in node.dependencies
        ]
        nodes.setdefault(dag[key], msgspec.structs.replace(node, hash=dag[key], dependencies=below))
    roots = [
        msgspec.structs.replace(root, hash=dag.get(root.hash, root.hash)) for root in lock.roots
    ]
    return Lock(roots, nodes)


def version_of(text: str) -> int:
    """Return the version of a lockfile's format; raises msgspec.DecodeError."""
    return msgspec.json.decode(text, type=_Head).meta.version
