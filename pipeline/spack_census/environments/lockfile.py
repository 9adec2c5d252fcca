"""spack.lock → Lockfile: versions 4 to 6 of the format, which Spack writes since 0.18."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from spack_census.environments.model import Build, Edge, Locked, Lockfile
from spack_census.errors import EnvironmentFileError
from spack_census.spack import spelling
from spack_census.spack.compilers import LANGUAGES, noted
from spack_census.spack.versions import version_key

_VERSIONS = range(4, 7)
_AGAIN = "lock the environment again: spack -e ENVIRONMENT concretize --force"

_Value = bool | int | float | str | list[bool | int | float | str] | None


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
    hash: str
    type: list[str] = []
    parameters: _Parameters = msgspec.field(default_factory=_Parameters)


class _Annotations(msgspec.Struct, frozen=True):
    compiler: str | None = None


class _Node(msgspec.Struct, frozen=True):
    name: str
    version: str
    arch: _Arch
    hash: str
    compiler: _Compiler | None = None
    parameters: dict[str, _Value] = {}
    dependencies: list[_Dependency] = []
    external: dict[str, Any] | None = None
    package_hash: str | None = None
    annotations: _Annotations = msgspec.field(default_factory=_Annotations)


class _Root(msgspec.Struct, frozen=True):
    hash: str
    spec: str


class _Included(msgspec.Struct, frozen=True):
    roots: list[_Root]
    concrete_specs: dict[str, _Node]


class _Meta(msgspec.Struct, frozen=True):
    version: int = msgspec.field(name="lockfile-version")


class _Head(msgspec.Struct, frozen=True):
    meta: _Meta = msgspec.field(name="_meta")


class _Lock(msgspec.Struct, frozen=True):
    roots: list[_Root]
    concrete_specs: dict[str, _Node]
    include_concrete: dict[str, _Included] = {}


def read_lockfile(path: Path) -> Lockfile:
    """Return what a spack.lock holds; environments it includes count as part of it.

    Raises EnvironmentFileError, naming the place, for what is no lockfile, for one of a version
    that is not supported, and for one that lacks a spec that it refers to.
    """
    try:
        # As text: of what is passed over below, broken bytes would not be seen.
        text = path.read_bytes().decode()
        version = msgspec.json.decode(text, type=_Head).meta.version
        if version not in _VERSIONS:
            raise _unsupported(path, version)
        lock = msgspec.json.decode(text, type=_Lock)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise EnvironmentFileError(message, "name a spack.lock or spack.yaml") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvironmentFileError(f"{path} is no spack.lock: {error}", _AGAIN) from error
    parts = [_Included(lock.roots, lock.concrete_specs), *lock.include_concrete.values()]
    nodes = {hash_: node for part in parts for hash_, node in part.concrete_specs.items()}
    roots = tuple(dict.fromkeys((root.hash, root.spec) for part in parts for root in part.roots))
    _demand_present(path, nodes, roots)
    try:
        specs = {hash_: _locked(hash_, node, nodes) for hash_, node in nodes.items()}
    except ValueError as error:
        raise EnvironmentFileError(f"{path}: {error}", _AGAIN) from error
    return Lockfile(path, roots, specs)


def _unsupported(path: Path, version: int) -> EnvironmentFileError:
    if version < _VERSIONS[0]:
        why = "is of Spack 0.17 or older, whose hashes no present cache has"
        return EnvironmentFileError(f"{path}: lockfile version {version} {why}", _AGAIN)
    newest = f"the newest known is {_VERSIONS[-1]}"
    return EnvironmentFileError(
        f"{path}: lockfile version {version} is not supported; {newest}",
        "ask with the spack.yaml beside it, which says less",
    )


def _demand_present(
    path: Path, nodes: Mapping[str, _Node], roots: Iterable[tuple[str, str]]
) -> None:
    needed = [(hash_, f"the root {text}") for hash_, text in roots]
    for node in nodes.values():
        needed += [
            (each.hash, f"{node.name}'s dependency {each.name}") for each in node.dependencies
        ]
    for hash_, what in needed:
        if hash_ not in nodes:
            raise EnvironmentFileError(f"{path} lacks {what}, /{hash_}", _AGAIN)


def _locked(hash_: str, node: _Node, nodes: Mapping[str, _Node]) -> Locked:
    settings = spelling.variants(_settings(node.parameters))
    patches = frozenset(each for each in settings if each.startswith("patches="))
    target = node.arch.target
    build = Build(
        package=node.name,
        version=node.version,
        version_key=version_key(node.version),
        compiler=_compiler(node, nodes),
        platform=node.arch.platform,
        os=node.arch.platform_os,
        target=target if isinstance(target, str) else str(target.get("name")),
        variants=frozenset(settings) - patches,
        patches=patches,
        hash=hash_,
        package_hash=node.package_hash,
    )
    edges = tuple(
        Edge(each.name, each.hash, frozenset(each.parameters.deptypes or each.type))
        for each in node.dependencies
    )
    return Locked(build, node.external is not None, edges)


def _settings(parameters: Mapping[str, _Value]) -> list[str]:
    spelled = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            spelled.append(f"{'+' if value else '~'}{name}")
        elif isinstance(value, list):
            spelled.append(f"{name}={','.join(map(str, value))}")
        elif value is not None:
            spelled.append(f"{name}={value}")
    return spelled


def _compiler(node: _Node, nodes: Mapping[str, _Node]) -> str:
    """Return NAME@VERSION: the spec's own, else that of the provider of c, cxx or fortran."""
    if node.compiler is not None:
        return f"{node.compiler.name}@{node.compiler.version}"
    for language in LANGUAGES:
        for each in node.dependencies:
            if language in each.parameters.virtuals:
                return f"{each.name}@{nodes[each.hash].version}"
    of_older_times = noted(node.annotations.compiler)
    return "@".join(filter(None, spelling.compiler(of_older_times))) if of_older_times else ""
