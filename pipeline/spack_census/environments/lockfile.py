"""spack.lock → Lockfile: versions 1 to 8 of the format, all that Spack has written so far."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from spack_census.environments.lockformat import Node, Value, decode, version_of
from spack_census.environments.model import Build, Edge, Locked, Lockfile
from spack_census.errors import EnvironmentFileError
from spack_census.spack import spelling
from spack_census.spack.compilers import LANGUAGES, noted
from spack_census.spack.versions import version_key

_VERSIONS = range(1, 9)
_AGAIN = "lock the environment again: spack -e ENVIRONMENT concretize --force"


def read_lockfile(path: Path) -> Lockfile:
    """Return what a spack.lock holds; environments it includes count as part of it.

    Raises EnvironmentFileError, naming the place, for what is no lockfile, for one of a version
    that is not supported, and for one that lacks a spec that it refers to.
    """
    try:
        # As text: of what is passed over below, broken bytes would not be seen.
        text = path.read_bytes().decode()
        version = version_of(text)
        if version not in _VERSIONS:
            raise _unsupported(path, version)
        lock = decode(text, version)
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise EnvironmentFileError(message, "name a spack.lock or spack.yaml") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise EnvironmentFileError(f"{path} is no spack.lock: {error}", _AGAIN) from error
    parts = lock.parts()
    nodes = {hash_: node for part in parts for hash_, node in part.concrete_specs.items()}
    roots = tuple(dict.fromkeys((root.hash, root.spec) for part in parts for root in part.roots))
    groups = {root.hash: root.group for part in parts for root in part.roots if root.group}
    _demand_present(path, nodes, roots)
    try:
        specs = {hash_: _locked(hash_, node, nodes) for hash_, node in nodes.items()}
    except ValueError as error:
        raise EnvironmentFileError(f"{path}: {error}", _AGAIN) from error
    return Lockfile(path, roots, specs, groups, version)


def _unsupported(path: Path, version: int) -> EnvironmentFileError:
    newest = f"the newest known is {_VERSIONS[-1]}"
    return EnvironmentFileError(
        f"{path}: lockfile version {version} is not supported; {newest}",
        "ask with the spack.yaml beside it, which says less",
    )


def _demand_present(
    path: Path, nodes: Mapping[str, Node], roots: Iterable[tuple[str, str]]
) -> None:
    needed = [(hash_, f"the root {text}") for hash_, text in roots]
    for node in nodes.values():
        needed += [
            (each.hash, f"{node.name}'s dependency {each.name}") for each in node.dependencies
        ]
    for hash_, what in needed:
        if hash_ not in nodes:
            raise EnvironmentFileError(f"{path} lacks {what}, /{hash_}", _AGAIN)


def _locked(hash_: str, node: Node, nodes: Mapping[str, Node]) -> Locked:
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
        flags=spelling.flags(node.parameters),
        namespace=node.namespace,
    )
    edges = tuple(
        Edge(
            each.name,
            each.hash,
            frozenset(each.parameters.deptypes or each.type),
            frozenset(each.parameters.virtuals),
        )
        for each in node.dependencies
    )
    return Locked(build, node.external is not None, edges)


def _settings(parameters: Mapping[str, Value]) -> list[str]:
    spelled = []
    for name, value in parameters.items():
        if isinstance(value, bool):
            spelled.append(f"{'+' if value else '~'}{name}")
        elif isinstance(value, list):
            spelled.append(f"{name}={','.join(map(str, value))}")
        elif value is not None:
            spelled.append(f"{name}={value}")
    return spelled


def _compiler(node: Node, nodes: Mapping[str, Node]) -> str:
    """Return NAME@VERSION: the spec's own, else that of the provider of c, cxx or fortran."""
    if node.compiler is not None:
        return f"{node.compiler.name}@{node.compiler.version}"
    for language in LANGUAGES:
        for each in node.dependencies:
            if language in each.parameters.virtuals:
                return f"{each.name}@{nodes[each.hash].version}"
    of_older_times = noted(node.annotations.compiler)
    return "@".join(filter(None, spelling.compiler(of_older_times))) if of_older_times else ""
