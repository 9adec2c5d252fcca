"""Spack's rule of what satisfies what, with dependencies: slow, on an index's own JSON.

A constraint is a dict here, and `text` writes it as people do: nothing is shared with the package
but the order of versions in `spack_rule`. The rule is that of `Spec.satisfies` in Spack 1.3.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

import archspec.cpu

from support import spack_rule

Node = dict[str, Any]
Nodes = dict[str, Node]
Want = dict[str, Any]
_FLAGS = ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")


def text(want: Want) -> str:
    """Return a constraint as people write it: the spec itself, `%` dependencies, then `^` ones."""
    edges = sorted(want.get("edges", ()), key=lambda edge: edge["sigil"] == "^")
    return " ".join(filter(None, [_own(want), *map(_edge, edges)]))


def _own(want: Want) -> str:
    name = f"{want['namespace']}.{want['name']}" if want.get("namespace") else want.get("name", "")
    versions = f"@{want['versions']}" if want.get("versions") else ""
    words = [f"{name}{versions}", *want.get("variants", ())]
    words += [f"{flag}='{value}'" for flag, value in want.get("flags", ())]
    words += [f"{key}={want[key]}" for key in ("platform", "os", "target") if want.get(key)]
    words += [f"/{want['hash']}"] if want.get("hash") else []
    return " ".join(filter(None, words))


def _edge(edge: Want) -> str:
    keys = [f"{key}={','.join(edge[key])}" for key in ("virtuals", "deptypes") if edge.get(key)]
    attributes = f"[{' '.join(keys)}] " if keys else ""
    # Without a name `%os=x` would be the package x for the virtual os.
    star = "" if edge["node"].get("name") else "*"
    return f"{edge['sigil']}{attributes}{star}{text(edge['node'])}"


def satisfies(nodes: Nodes, key: str, want: Want) -> bool:
    """Return whether the spec with this hash satisfies a constraint."""
    return _is(nodes, key, want) and _has_edges(nodes, key, want)


def _has_edges(nodes: Nodes, key: str, want: Want) -> bool:
    return all(
        any(_has_edges(nodes, found["hash"], edge["node"]) for found in _edges(nodes, key, edge))
        for edge in want.get("edges", ())
    )


def _edges(nodes: Nodes, key: str, edge: Want) -> Iterator[Node]:
    """Yield the edges that are as they should be, but for what their end depends on."""
    direct = nodes[key].get("dependencies", [])
    yield from (each for each in direct if _fits(nodes, each, edge))
    if edge["sigil"] == "%":
        return
    queue, seen = deque(each for each in direct if _carries(each)), {key}
    while queue:
        end = queue.popleft()["hash"]
        if end not in seen:
            seen.add(end)
            below = [each for each in nodes[end].get("dependencies", []) if _carries(each)]
            yield from (each for each in below if _fits(nodes, each, edge))
            queue.extend(below)


def _carries(each: Node) -> bool:
    return bool({"link", "run"} & {*each["parameters"]["deptypes"]})


def _fits(nodes: Nodes, each: Node, edge: Want) -> bool:
    parameters, node = each["parameters"], edge["node"]
    if not {*edge.get("virtuals", ())} <= {*parameters["virtuals"]}:
        return False
    if not {*edge.get("deptypes", ())} <= {*parameters["deptypes"]}:
        return False
    if not node.get("name") or node["name"] == each["name"]:
        return _is(nodes, each["hash"], node)
    return node["name"] in parameters["virtuals"] and not {*node} - {"name"}


def _is(nodes: Nodes, key: str, want: Want) -> bool:
    node = nodes[key]
    arch = node["arch"]
    target = arch["target"] if isinstance(arch["target"], str) else arch["target"]["name"]
    version = node["version"].rpartition("=")[2]
    return (
        want.get("name") in (None, node["name"])
        and want.get("namespace") in (None, node["namespace"])
        and want.get("platform") in (None, "*", arch["platform"])
        and want.get("os") in (None, "*", arch["platform_os"])
        and key.startswith(want.get("hash", ""))
        and (not want.get("target") or _in_targets(target, want["target"]))
        and (not want.get("versions") or spack_rule.in_versions(version, want["versions"]))
        and all(_has_flags(node, *each) for each in want.get("flags", ()))
        and all(_has_variant(nodes, key, each) for each in want.get("variants", ()))
    )


def _in_targets(target: str, wanted: str) -> bool:
    def at_least(one: str, other: str) -> bool:
        known = archspec.cpu.TARGETS
        return one == other or (one in known and other in {a.name for a in known[one].ancestors})

    for element in wanted.split(","):
        lower, colon, upper = element.partition(":")
        if not colon and target == element:
            return True
        above = not lower or at_least(target, lower)
        if colon and above and (not upper or at_least(upper, target)):
            return True
    return False


def _has_flags(node: Node, flag: str, value: str) -> bool:
    return {*value.split()} <= {*node["parameters"].get(flag, [])}


def _has_variant(nodes: Nodes, key: str, wanted: str) -> bool:
    propagated = wanted.startswith(("++", "~~")) or "==" in wanted
    wanted = wanted.replace("++", "+").replace("~~", "~").replace("==", "=")
    if not propagated:
        return spack_rule.has_variant(_variants(nodes[key]), wanted)
    name = wanted.lstrip("+~").partition("=")[0]
    seen, todo = {key}, [key]
    while todo:
        node = nodes[todo.pop()]
        variants = _variants(node)
        has = any(each.lstrip("+~").partition("=")[0] == name for each in variants)
        if has and not spack_rule.has_variant(variants, wanted):
            return False
        below = {each["hash"] for each in node.get("dependencies", [])} - seen
        seen |= below
        todo += below
    return True


def _variants(node: Node) -> list[str]:
    found = []
    for name, value in node["parameters"].items():
        if isinstance(value, bool):
            found.append(f"{'+' if value else '~'}{name}")
        elif name not in _FLAGS:
            found.append(f"{name}={value if isinstance(value, str) else ','.join(value)}")
    return found
