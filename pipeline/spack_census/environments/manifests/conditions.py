"""`when:` of a definition or an include: true, false, or not to be told from here.

Spack evaluates it as Python, with the names below, on the machine that it runs on. Only what the
question tells of that machine (`--host`, `--os`) is known here; nothing is executed.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

_LONGEST_PATTERN = 200
_ARCHITECTURE = {"arch", "arch_str", "architecture"}


def holds(condition: str, known: Mapping[str, str]) -> bool | None:
    """Return whether a condition holds; None where that takes what is not known.

    `known` has some of `platform`, `os` and `target`.
    """
    try:
        tree = ast.parse(condition.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    names = dict(known)
    if known.keys() >= {"platform", "os", "target"}:
        whole = f"{known['platform']}-{known['os']}-{known['target']}"
        names |= dict.fromkeys(_ARCHITECTURE, whole)
    return _truth(tree.body, names)


def _truth(node: ast.expr, names: Mapping[str, str]) -> bool | None:
    match node:
        case ast.BoolOp(op=operator, values=parts):
            truths = [_truth(part, names) for part in parts]
            return _joined(truths, decides=isinstance(operator, ast.Or))
        case ast.UnaryOp(op=ast.Not(), operand=part):
            truth = _truth(part, names)
            return None if truth is None else not truth
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _compared(_text(left, names), operator, _text(right, names))
        case ast.Call(func=ast.Attribute(value=ast.Name(id="re"), attr=how), args=[pattern, text]):
            return _matched(how, _text(pattern, names), _text(text, names))
        case ast.Call(func=ast.Attribute(value=subject, attr=how), args=[part]):
            return _asked(how, _text(subject, names), _text(part, names))
    return bool(node.value) if isinstance(node, ast.Constant) else None


def _joined(truths: list[bool | None], *, decides: bool) -> bool | None:
    """Return what `or` (decided by a true one) or `and` (by a false one) makes of some truths."""
    if decides in truths:
        return decides
    return None if None in truths else not decides


def _text(node: ast.expr, names: Mapping[str, str]) -> str | None:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return names.get(node.id) if isinstance(node, ast.Name) else None


def _compared(left: str | None, operator: ast.cmpop, right: str | None) -> bool | None:
    if left is None or right is None:
        return None
    match operator:
        case ast.Eq():
            return left == right
        case ast.NotEq():
            return left != right
        case ast.In():
            return left in right
        case ast.NotIn():
            return left not in right
    return None


def _matched(how: str, pattern: str | None, text: str | None) -> bool | None:
    if pattern is None or text is None or len(pattern) > _LONGEST_PATTERN:
        return None
    try:
        compiled = re.compile(pattern)
    except (re.error, RecursionError):
        return None
    ways = {"search": compiled.search, "match": compiled.match, "fullmatch": compiled.fullmatch}
    return ways[how](text) is not None if how in ways else None


def _asked(how: str, subject: str | None, part: str | None) -> bool | None:
    if subject is None or part is None:
        return None
    ways = {"startswith": subject.startswith, "endswith": subject.endswith}
    return ways[how](part) if how in ways else None
