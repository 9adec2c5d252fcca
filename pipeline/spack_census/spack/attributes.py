"""One attribute of a spec in a constraint's text: a token → what it asks for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from spack_census.spack.compilers import FLAGS
from spack_census.spack.constraints import (
    Constraint,
    FlagConstraint,
    TargetRange,
    VariantConstraint,
)
from spack_census.spack.ranges import parse_versions
from spack_census.spack.tokens import Token, fail

_HASH = re.compile(r"[a-z2-7]{1,32}")
_QUOTED = re.compile(r"""(["'])(.*)\1""", re.DOTALL)
# Spack replaces these by what they mean on the machine that it runs on.
_RELATIVE = re.compile(r"(?:default|frontend|backend|fe|be)(?:_(?:os|target|platform))?")
_PLACES = {"operating_system": "os", "architecture": "arch"}
_RESERVED = frozenset(
    ("arch", "branch", "commit", "dev_path", "namespace", "os", "patches", "platform", "ref")
) | {"tag", "target"}


def with_attribute(node: Constraint, token: Token, text: str) -> Constraint | None:
    """Return the node with what one token says of it; None for a token that is no attribute.

    Raises ConstraintError for what no spec can be asked.
    """
    match token.kind:
        case "versions" | "git":
            return _with_versions(node, token, text)
        case "switch" | "propagated_switch":
            handed_on = token.kind == "propagated_switch"
            name = token.value.lstrip("+~-").strip()
            switch = VariantConstraint(
                token.text, name, switch=token.value[0] == "+", propagated=handed_on
            )
            return _with_variant(node, switch, token, text)
        case "hash" if node.hash_prefix is None:
            if not _HASH.fullmatch(token.value):
                fail(text, f"/{token.value} is no hash", "it has a-z and 2-7", at=token.start)
            return replace(node, hash_prefix=token.value)
        case "setting" | "propagated_setting":
            return _with_setting(node, token, text)
    return None


def words(node: Constraint) -> Iterator[str]:
    """Yield what a node asks for beyond package and version, as it was written."""
    if node.namespace is not None:
        yield f"namespace={node.namespace}"
    yield from (flag.text for flag in node.flags)
    yield from (variant.text for variant in node.variants)
    if node.platform is not None:
        yield f"platform={node.platform}"
    if node.os is not None:
        yield f"os={node.os}"
    if node.target_text:
        yield node.target_text
    if node.hash_prefix is not None:
        yield f"/{node.hash_prefix}"


def _with_versions(node: Constraint, token: Token, text: str) -> Constraint:
    _demand_single(node.version_text, token, text, "versions")
    try:
        return replace(node, version_text=token.text, versions=parse_versions(token.value))
    except ValueError as error:
        fail(text, str(error), at=token.start)


def _with_setting(node: Constraint, token: Token, text: str) -> Constraint:
    handed_on = token.kind == "propagated_setting"
    name, value = token.value.split("==" if handed_on else "=", 1)
    exact, name = name.endswith(":"), name.removesuffix(":")
    name = _PLACES.get(name, name)
    quoted = _QUOTED.fullmatch(value)
    if quoted is not None:
        value = quoted[2].replace(f"\\{quoted[1]}", quoted[1])
    if handed_on and name in _RESERVED:
        fail(text, f"{name} is not handed on to dependencies", f"write {name}=", at=token.start)
    if name in FLAGS:
        return _with_flags(node, token, name, value)
    if name == "namespace":
        return replace(node, namespace=value)
    if name == "arch":
        return _with_architecture(node, value, token, text)
    if name in {"platform", "os", "target"}:
        return _with_place(node, name, value, token, text)
    variant = replace(_variant(token.text, name, value, exact=exact), propagated=handed_on)
    return _with_variant(node, variant, token, text)


def split_flags(value: str) -> tuple[str, ...]:
    """Return flags, each with the words behind it that begin with no `-`: (`-O2`, `-I foo`)."""
    grouped: list[str] = []
    for word in value.split():
        if grouped and not word.startswith("-"):
            grouped[-1] += f" {word}"
        else:
            grouped.append(word)
    return tuple(grouped)


def _with_flags(node: Constraint, token: Token, name: str, value: str) -> Constraint:
    flags = split_flags(value)
    if not flags:
        return node
    return replace(node, flags=(*node.flags, FlagConstraint(token.text, name, flags)))


def _variant(written: str, name: str, value: str, *, exact: bool) -> VariantConstraint:
    if value.lower() in {"true", "false"}:
        return VariantConstraint(written, name, (value,), switch=value.lower() == "true")
    if value == "*":
        return VariantConstraint(written, name, ("*",))
    return VariantConstraint(written, name, tuple(sorted(set(value.split(",")))), exact=exact)


def _with_variant(
    node: Constraint, variant: VariantConstraint, token: Token, text: str
) -> Constraint:
    if any(known.name == variant.name for known in node.variants):
        why = f"the variant {variant.name} is asked for twice"
        fail(text, why, "ask for it once", at=token.start)
    return replace(node, variants=(*node.variants, variant))


def _with_architecture(node: Constraint, value: str, token: Token, text: str) -> Constraint:
    parts = value.split("-")
    for name, part in zip(
        ("platform", "os", "target"), parts if len(parts) == 3 else ("", "", value), strict=True
    ):
        if part not in {"", "None"}:
            node = _with_place(node, name, part, token, text)
    return node


def _with_place(node: Constraint, name: str, value: str, token: Token, text: str) -> Constraint:
    if _RELATIVE.fullmatch(value):
        why = f"{name}={value} depends on the machine that Spack runs on"
        fail(text, why, "name it", at=token.start)
    if name == "target":
        _demand_single(node.target_text, token, text, "targets")
        targets = tuple(_target(part.strip()) for part in value.split(","))
        return replace(node, target_text=f"target={value}", targets=targets)
    _demand_single(
        node.platform if name == "platform" else node.os, token, text, f"values for {name}"
    )
    return replace(node, platform=value) if name == "platform" else replace(node, os=value)


def _target(text: str) -> str | TargetRange:
    lower, colon, upper = text.partition(":")
    if text == "*":
        return TargetRange(None, None)
    return TargetRange(lower or None, upper or None) if colon else lower


def _demand_single(known: str | None, token: Token, text: str, what: str) -> None:
    if known:
        fail(text, f"two {what}", "give one", at=token.start)
