"""Text → Constraint, by Spack's grammar of specs.

What follows `%compiler` belongs to the package, as it did until Spack 0.23: since 1.0 it would
describe the compiler. What has no counterpart in the dataset is an error that names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

from spack_census.errors import ConstraintError
from spack_census.spack.compilers import COMPILERS, FLAGS
from spack_census.spack.constraints import (
    CompilerConstraint,
    Constraint,
    TargetRange,
    VariantConstraint,
)
from spack_census.spack.ranges import parse_versions

_WORD = r"[A-Za-z0-9_][A-Za-z0-9_-]*"
_NAME = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_VALUE = r"""[A-Za-z0-9_+*.,:=~/\\-]+|"[^"]*"|'[^']*'"""
_VERSION = r"[A-Za-z0-9_][A-Za-z0-9_.-]*\b"
# A key may follow an open range at once: 1.2:os=centos7 has no upper bound.
_RANGE = rf"(?:{_VERSION})?:(?:{_VERSION}(?!\s*:?=))?"
_ELEMENT = rf"(?:{_RANGE}|=?{_VERSION})"
_VERSIONS = rf"{_ELEMENT}(?:\s*,\s*{_ELEMENT})*"

_UNSUPPORTED = {
    "propagated": "settings handed on to dependencies (++x, ~~x, k==v, %%gcc)",
    "edge": "attributes of a dependency ([virtuals=...])",
    "virtual": "a compiler or dependency for one language (%c=gcc)",
    "file": "specs in files",
}
_TOKENS = re.compile(
    rf"""
    (?P<space>\s+)
    |(?P<edge>(?:\^|%%?)\s*\[)
    |(?P<virtual>(?:\^|%%?)\s*{_WORD}(?:,{_WORD})*=)
    |(?P<caret>\^)
    |@(?P<git>git\.[A-Za-z0-9_./-]+(?:={_VERSION})?|[0-9A-Fa-f]{{40}}\b(?:={_VERSION})?)
    |@\s*(?P<versions>{_VERSIONS})
    |(?P<propagated>(?:\+\+|~~|--)\s*{_NAME}|{_NAME}:?==|%%)
    |(?P<switch>[+~-]\s*{_NAME})
    |(?P<setting>{_NAME}:?=(?:{_VALUE}))
    |%\s*(?P<compiler>{_NAME})(?:\s*@\s*(?P<compiler_versions>{_VERSIONS}))?
    |(?P<file>(?:\.|/|{_WORD}/)[A-Za-z0-9_./-]*\.(?:json|yaml)\b)
    |(?P<name>{_WORD}(?:\.{_WORD})*)
    |/(?P<hash>[A-Za-z0-9_]+)
    """,
    re.VERBOSE,
)
_HASH = re.compile(r"[a-z2-7]{1,32}")
# Spack replaces these by what they mean on the machine that it runs on.
_RELATIVE = re.compile(r"(?:default|frontend|backend|fe|be)(?:_(?:os|target|platform))?")
_PLACES = {"operating_system": "os", "architecture": "arch"}
_PATCH_CHARACTERS = 7


def parse(text: str) -> Constraint:
    """Return the constraint that one spec's text stands for.

    Raises ConstraintError for what is no constraint, and for a construct that is not supported.
    """
    tokens = list(_tokens(text))
    carets = [at for at, match in enumerate(tokens) if match.lastgroup == "caret"]
    starts = [0, *(at + 1 for at in carets)]
    root, *dependencies = (
        _node(tokens[start:end], text)
        for start, end in zip(starts, [*carets, len(tokens)], strict=True)
    )
    for node in dependencies:
        if node.package is None:
            _fail(text, "'^' without the name of a package", "write ^NAME")
    return replace(root, text=text.strip(), dependencies=tuple(dependencies))


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            _fail(text, f"what is {text[at : at + 10]!r}?", "such as: hdf5@1.14: +mpi %gcc@11:")
        kind = str(match.lastgroup)
        if kind in _UNSUPPORTED:
            _fail(text, f"{match[0]!r}: {_UNSUPPORTED[kind]} cannot be asked for")
        if kind != "space":
            yield match
        at = match.end()


def _node(tokens: Sequence[re.Match[str]], text: str) -> Constraint:
    """Return what one spec of the text asks for, without its dependencies."""
    node = Constraint(text=text[tokens[0].start() : tokens[-1].end()] if tokens else "")
    for number, match in enumerate(tokens):
        if match.lastgroup == "name" and number > 0:
            _fail(text, f"{match['name']!r} begins a second spec", "give one at a time")
        node = _with(node, match, text)
    return node


def _with(node: Constraint, match: re.Match[str], text: str) -> Constraint:
    """Return the node with what one token says of it."""
    match match.lastgroup:
        case "name":
            namespace, _, name = match["name"].rpartition(".")
            return replace(node, package=name, namespace=namespace or None)
        case "versions" | "git" as kind:
            return _with_versions(node, match[kind], match[0], text)
        case "compiler" | "compiler_versions":
            return _with_compiler(node, match, text)
        case "switch":
            name = match["switch"][1:].strip()
            switch = VariantConstraint(match[0], name, switch=match["switch"][0] == "+")
            return _with_variant(node, switch, text)
        case "hash":
            return _with_hash(node, match["hash"], text)
    return _with_setting(node, match["setting"], text)


def _with_hash(node: Constraint, prefix: str, text: str) -> Constraint:
    _demand_single(node.hash_prefix, text, "hashes")
    if not _HASH.fullmatch(prefix):
        _fail(text, f"/{prefix} is no hash", "a hash is made of a-z and 2-7")
    return replace(node, hash_prefix=prefix)


def _with_versions(node: Constraint, versions: str, written: str, text: str) -> Constraint:
    _demand_single(node.version_text or None, text, "versions")
    try:
        return replace(node, version_text=written, versions=parse_versions(versions))
    except ValueError as error:
        _fail(text, str(error))


def _with_compiler(node: Constraint, match: re.Match[str], text: str) -> Constraint:
    _demand_single(node.compiler, text, "compilers")
    name, versions = match["compiler"], match["compiler_versions"]
    if name not in COMPILERS:
        _fail(text, f"%{name}: direct dependencies other than compilers cannot be asked for")
    try:
        ranges = parse_versions(versions) if versions else ()
    except ValueError as error:
        _fail(text, str(error))
    return replace(node, compiler=CompilerConstraint(match[0], name, ranges))


def _with_setting(node: Constraint, setting: str, text: str) -> Constraint:
    name, _, value = setting.partition("=")
    exact, name = name.endswith(":"), name.removesuffix(":")
    name = _PLACES.get(name, name)
    if value[0] in "\"'":
        value = value[1:-1]
    if name in FLAGS:
        _fail(text, f"{name}: the dataset does not know compiler flags", "leave the flag out")
    if name == "namespace":
        _demand_single(node.namespace, text, "namespaces")
        return replace(node, namespace=value)
    if name == "arch":
        return _with_architecture(node, value, text)
    if name in {"platform", "os", "target"}:
        return _with_place(node, name, value, text)
    return _with_variant(node, _variant(setting, name, value, exact=exact), text)


def _variant(written: str, name: str, value: str, *, exact: bool) -> VariantConstraint:
    if value.lower() in {"true", "false"}:
        return VariantConstraint(written, name, (value,), switch=value.lower() == "true")
    values = {part.strip() for part in value.split(",")}
    if name == "patches":
        # The dataset has as much of each patch's sum as the site shows.
        values = {part[:_PATCH_CHARACTERS] for part in values}
    return VariantConstraint(written, name, tuple(sorted(values)), exact=exact and values != {"*"})


def _with_variant(node: Constraint, variant: VariantConstraint, text: str) -> Constraint:
    if any(known.name == variant.name for known in node.variants):
        _fail(text, f"the variant {variant.name} is asked for twice", "ask for it once")
    return replace(node, variants=(*node.variants, variant))


def _with_architecture(node: Constraint, value: str, text: str) -> Constraint:
    parts = value.split("-")
    for name, part in zip(
        ("platform", "os", "target"), parts if len(parts) == 3 else ("", "", value), strict=True
    ):
        if part not in {"", "None"}:
            node = _with_place(node, name, part, text)
    return node


def _with_place(node: Constraint, name: str, value: str, text: str) -> Constraint:
    if _RELATIVE.fullmatch(value):
        _fail(text, f"{name}={value} depends on the machine that Spack runs on", "name it")
    if name == "target":
        _demand_single(node.target_text or None, text, "targets")
        targets = tuple(_target(part.strip()) for part in value.split(","))
        return replace(node, target_text=f"target={value}", targets=targets)
    _demand_single(node.platform if name == "platform" else node.os, text, f"values for {name}")
    return replace(node, platform=value) if name == "platform" else replace(node, os=value)


def _target(text: str) -> str | TargetRange:
    lower, colon, upper = text.partition(":")
    return TargetRange(lower or None, upper or None) if colon else lower


def _demand_single(known: object, text: str, what: str) -> None:
    if known is not None:
        _fail(text, f"two {what}", "give one")


def _fail(text: str, why: str, *next_steps: str) -> NoReturn:
    raise ConstraintError(f"cannot use {text!r} as a constraint: {why}", *next_steps)
