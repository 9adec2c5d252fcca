"""Why specs changed, reckoned with dicts and sets over the graph: shares no code with the SQL.

Nodes are dicts with the columns of `nodes`; edges those of `dependencies`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

Row = Mapping[str, Any]
Step = tuple[str, str, str]
Cause = tuple[str, str, str | None]


class Side:
    """One snapshot's graph."""

    def __init__(self, nodes: Iterable[Row], edges: Iterable[Row]) -> None:
        self.nodes = {node["hash"]: node for node in nodes}
        by_name: dict[str, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
        for edge in edges:
            by_name[edge["hash"]][edge["dependency"]].append(edge)
        self.needs = {
            hash_: {name: sorted(found, key=self._order) for name, found in sorted(names.items())}
            for hash_, names in by_name.items()
        }

    def _order(self, edge: Row) -> tuple[Any, ...]:
        node = self.nodes.get(edge["dependency_hash"])
        # A dependency that is no node comes last.
        key = (node is None, "" if node is None else node["version_key"])
        return (list(edge["deptypes"]), key, edge["dependency_hash"])


def _changed_words(before: list[str], after: list[str]) -> str | None:
    flip = {"+": "~", "~": "+"}
    gained = [word for word in after if word not in before]
    lost = [word for word in before if word not in after]
    gone = ["no " + word for word in lost if flip.get(word[0], "") + word[1:] not in after]
    return " ".join(gained + gone) or None


def _own(step: Step, before: Side, after: Side) -> set[Cause]:
    package, old_hash, new_hash = step
    old, new = before.nodes.get(old_hash), after.nodes.get(new_hash)
    if old is None or new is None:
        return set()
    other_version = old["version_key"] != new["version_key"]
    versions = f"{old['version']} → {new['version']}"
    if old["is_external"] or new["is_external"]:
        return {(package, "external", versions if other_version else "hash")}
    found: dict[str, str | None] = {"version": versions} if other_version else {}
    found |= _compilers(old, new, after.needs.get(new_hash, {}))
    for kind, column in (("variants", "variants"), ("flags", "flags")):
        lists = [[v for v in node[column] if not v.startswith("patches=")] for node in (old, new)]
        found[kind] = _changed_words(*lists)
    places = [" ".join(node[c] for c in ("platform", "os", "target")) for node in (old, new)]
    if places[0] != places[1]:
        found["target"] = " → ".join(places)
    if not other_version and _other_recipe(old, new):
        found["recipe"] = ""
    found["dependencies"] = _dependencies(
        before.needs.get(old_hash, {}), after.needs.get(new_hash, {}), old, new
    )
    return {(package, kind, text or None) for kind, text in found.items() if text is not None}


def _compilers(old: Row, new: Row, needs: Mapping[str, Any]) -> dict[str, str]:
    texts = [
        "@".join(t for t in (n["compiler_name"], n["compiler_version"]) if t) for n in (old, new)
    ]
    told = old["compiler_name"] != new["compiler_name"] or (
        texts[0] != texts[1] and new["compiler_name"] not in needs
    )
    return {"compiler": " → ".join(text or "none" for text in texts)} if told else {}


def _other_recipe(old: Row, new: Row) -> bool:
    if old["package_hash"] is not None and new["package_hash"] is not None:
        return bool(old["package_hash"] != new["package_hash"])
    patches = [[v for v in node["variants"] if v.startswith("patches=")] for node in (old, new)]
    return patches[0] != patches[1]


def _dependencies(
    old_needs: Mapping[str, list[Row]], new_needs: Mapping[str, list[Row]], old: Row, new: Row
) -> str | None:
    names = [[name for name, edges in n.items() for _ in edges] for n in (old_needs, new_needs)]
    words = _changed_words(
        [name for name in names[0] if name != old["compiler_name"]],
        [name for name in names[1] if name != new["compiler_name"]],
    )
    types = [
        [list(edge["deptypes"]) for edges in n.values() for edge in edges]
        for n in (old_needs, new_needs)
    ]
    if words is None and names[0] and names[0] == names[1] and types[0] != types[1]:
        return "types"
    return words


def causes(pairs: Iterable[Step], before: Side, after: Side) -> dict[Step, set[Cause]]:
    """Return for each pair (package, hash before, hash after) all that it owes its change to."""

    def below(step: Step) -> list[Step]:
        old, new = before.needs.get(step[1], {}), after.needs.get(step[2], {})
        return [
            (name, one["dependency_hash"], other["dependency_hash"])
            for name in old
            for one, other in zip(old[name], new.get(name, []), strict=False)
            if one["dependency_hash"] != other["dependency_hash"]
        ]

    def reached(step: Step) -> set[Step]:
        seen, waiting = {step}, [step]
        while waiting:
            for lower in below(waiting.pop()):
                if lower not in seen:
                    seen.add(lower)
                    waiting.append(lower)
        return seen

    return {
        pair: set().union(*(_own(step, before, after) for step in reached(pair))) for pair in pairs
    }
