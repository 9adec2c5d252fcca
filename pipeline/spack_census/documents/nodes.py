"""A concrete spec as Spack itself writes it, in indexes and spec files: one node → one Record.

Until database version 5 a node was `{name: {…}}` with its dependencies in a mapping, until 6 a
dependency had `type`, until 7 a node had `compiler`; since 8 the compiler is a dependency.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Any

import msgspec

from spack_census.documents import details
from spack_census.documents.records import Dependency, Reason, Record, Rejected
from spack_census.spack import spelling
from spack_census.spack.compilers import FLAGS, LANGUAGES, noted

_REMEDY = "report it to those who publish the index; the other specs are not touched"
_PLACES = {
    ".os": ".arch.platform_os",
    ".platform": ".arch.platform",
    ".target": ".arch.target",
    ".versions[0]": ".version",
    ".variants": ".parameters",
}
"""Where a node holds what `spec_details` calls by other names."""


class _Target(msgspec.Struct, gc=False):
    name: str


class _Arch(msgspec.Struct, gc=False):
    platform: str
    platform_os: str
    target: str | _Target


class _Compiler(msgspec.Struct, gc=False):
    name: str
    version: str


class _Edge(msgspec.Struct, gc=False):
    deptypes: tuple[str, ...]
    virtuals: tuple[str, ...] = ()


class _Link(msgspec.Struct, gc=False):
    hash: str
    name: str = ""
    parameters: _Edge | None = None
    type: tuple[str, ...] = ()


class _BuildSpec(msgspec.Struct, gc=False):
    hash: str


class _Annotations(msgspec.Struct, gc=False):
    compiler: str | None = None


class Node(msgspec.Struct, gc=False):
    """One concrete spec; keys that stand for nothing in the tables are passed over."""

    name: str
    version: str
    arch: _Arch
    parameters: dict[str, bool | str | list[str]]
    hash: str | None = None
    compiler: _Compiler | None = None
    namespace: str | None = None
    package_hash: str | None = None
    dependencies: list[_Link] | dict[str, _Link] = []
    annotations: _Annotations | None = None
    build_spec: _BuildSpec | None = None
    external: Any = None


_NODE = msgspec.json.Decoder(Node)
_NAMED_NODE = msgspec.json.Decoder(dict[str, dict[str, Any]])

VersionOf = Callable[[str], str | None]
"""The version of the spec with this hash, None where nothing is known of it."""


def decode(data: bytes | msgspec.Raw) -> Node:
    """Return the node in this JSON; raises Rejected with the place below it."""
    try:
        return _NODE.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        named = _named(data)
        if named is not None:
            return named
        raise rejected(error) from error


def _named(data: bytes | msgspec.Raw) -> Node | None:
    """Return the node of `{name: {…}}`, None where this is something else."""
    try:
        ((name, fields),) = _NAMED_NODE.decode(data).items()
        return msgspec.convert({**fields, "name": name}, Node)
    except (ValueError, msgspec.MsgspecError, RecursionError):
        return None


def rejected(error: Exception) -> Rejected:
    """Return what to say of JSON that cannot be decoded as it should."""
    message, _, place = str(error).partition(" - at `$")
    if isinstance(error, msgspec.ValidationError):
        missing = "missing required field" in message
        reason = Reason.MISSING_KEY if missing else Reason.WRONG_TYPE
    elif isinstance(error, UnicodeDecodeError):
        reason = Reason.NOT_UTF8
    else:
        reason = Reason.TOO_DEEP if isinstance(error, RecursionError) else Reason.BAD_JSON
    return Rejected(reason, place.removesuffix("`"), message, _REMEDY)


@functools.lru_cache(maxsize=1 << 16)
def is_hash(text: str) -> bool:
    """Tell whether a text is a DAG hash: 32 base32 characters."""
    return details.HASH.fullmatch(text) is not None


def record(
    node: Node, stacks: tuple[str, ...], version_of: VersionOf, shared: dict[Any, Any]
) -> Record:
    """Return the record of a node; raises Rejected with the place below it.

    `shared` makes equal dependencies one object: a large index has a million of them, and few
    that differ.
    """
    if node.hash is None:
        raise Rejected(Reason.NO_HASH, ".hash", "the spec has no hash", _REMEDY)
    target = node.arch.target
    links = _links(node)
    spec = details.Spec(
        compiler=_compiler(node, links, version_of),
        hash=node.hash,
        os=node.arch.platform_os,
        platform=node.arch.platform,
        stacks=stacks,
        target=target if isinstance(target, str) else target.name,
        variants=tuple(
            _variant(name, value) for name, value in node.parameters.items() if name not in FLAGS
        ),
        versions=(node.version,),
    )
    if not node.name.strip():
        raise Rejected(Reason.EMPTY_NAME, ".name", "the package has no name", _REMEDY)
    try:
        plain = details.to_record(node.name, spec)
    except Rejected as fault:
        problem = fault.problem
        place = _PLACES.get(problem.place, problem.place)
        raise Rejected(problem.reason, place, problem.message, _REMEDY) from fault
    return msgspec.structs.replace(
        plain,
        namespace=node.namespace,
        package_hash=node.package_hash,
        dependencies=tuple(shared.setdefault(link, link) for link in links),
        flags=spelling.flags(node.parameters),
        build_spec=_build_spec(node),
        is_external=node.external is not None,
    )


def _build_spec(node: Node) -> str | None:
    if node.build_spec is None:
        return None
    if not is_hash(node.build_spec.hash):
        message = f"{node.build_spec.hash!r} is not 32 base32 characters"
        raise Rejected(Reason.BAD_HASH, ".build_spec.hash", message, _REMEDY)
    return node.build_spec.hash


def _links(node: Node) -> list[Dependency]:
    """Return the direct dependencies of a node by name, in Spack's order within a name."""
    found = []
    listed = node.dependencies
    named = listed.items() if isinstance(listed, dict) else ((each.name, each) for each in listed)
    for name, link in named:
        if not name.strip() or not is_hash(link.hash):
            message = f"no dependency: {name!r} with the hash {link.hash!r}"
            raise Rejected(Reason.BAD_HASH, ".dependencies", message, _REMEDY)
        edge = link.parameters or _Edge(link.type)
        found.append(Dependency(name, link.hash, _once(edge.deptypes), _once(edge.virtuals)))
    return sorted(set(found), key=_IN_ORDER)


_IN_ORDER = operator.attrgetter("name", "hash", "deptypes", "virtuals")


@functools.lru_cache(maxsize=1 << 10)
def _once(texts: tuple[str, ...]) -> tuple[str, ...]:
    """Return texts sorted, each once: a few lists of them stand beside a million edges."""
    return tuple(sorted(set(texts)))


def _compiler(node: Node, links: list[Dependency], version_of: VersionOf) -> str:
    """Return the compiler as documents write it: the provider of c, else of cxx, of fortran."""
    if node.compiler is not None:
        return f"{node.compiler.name}@={node.compiler.version}"
    for language in LANGUAGES:
        for link in links:
            if language in link.virtuals and "build" in link.deptypes:
                version = version_of(link.hash)
                return link.name if version is None else f"{link.name}@={version}"
    # A spec of an older Spack keeps its compiler here when its index is upgraded.
    return noted(node.annotations.compiler if node.annotations else None) or "none"


def _variant(name: str, value: bool | str | list[str]) -> str:  # noqa: FBT001 - a variant's value
    if isinstance(value, bool):
        return f"{'+' if value else '~'}{name}"
    return f"{name}={value if isinstance(value, str) else ','.join(value)}"
