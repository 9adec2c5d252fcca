"""Expressions that say their value as they stand: what needs code to be run is `Computed`.

Read are literals, names bound once to one, f-strings, sums and subscripts of these, `str(x)`,
`==`, and what dictionaries give by get, items, keys and values. Nothing is ever called.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

_DEPTH = 50
_CHARACTERS = 10_000
_STEPS = 200_000
_DIGITS = 18

Lookup = Callable[[str], Any]
"""The value of a name; raises Computed."""


class Computed(Exception):  # noqa: N818 - a verdict on the input, not an error of the program
    """An expression whose value is known only to who runs the code."""


class Budget:
    """What all expressions of one recipe may cost."""

    def __init__(self, steps: int = _STEPS) -> None:
        self.left = steps

    def spend(self) -> None:
        """Take one step; raises Computed where there is none left."""
        self.left -= 1
        if self.left < 0:
            raise Computed("it takes too many steps")


def evaluate(node: ast.expr, lookup: Lookup, budget: Budget, depth: int = 0) -> Any:
    """Return the value of an expression: text, number, None, tuple (of lists too) or dict.

    Raises Computed.
    """
    budget.spend()
    if depth > _DEPTH:
        raise Computed("it is nested too deep")

    def value(of: ast.expr) -> Any:
        return evaluate(of, lookup, budget, depth + 1)

    match node:
        case ast.Constant(value=found):
            return _constant(found)
        case ast.Name(id=name):
            return lookup(name)
        case _:
            return _composed(node, value)


def _constant(found: Any) -> Any:
    if found is None or isinstance(found, (str, float)):
        return found
    if isinstance(found, int) and abs(found) < 10**_DIGITS:
        return found
    raise Computed("it is neither text nor number")


def _composed(node: ast.expr, value: Callable[[ast.expr], Any]) -> Any:  # noqa: PLR0911 - one case a kind
    match node:
        case ast.Tuple(elts=items) | ast.List(elts=items):
            return tuple(map(value, items))
        case ast.Dict(keys=keys, values=values):
            return dict(zip(map(_key, _evaluated(keys, value)), map(value, values), strict=True))
        case ast.JoinedStr(values=parts):
            return _text("".join(_part(part, value) for part in parts))
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _sum(value(left), value(right))
        case ast.Subscript(value=container, slice=index):
            return _item(value(container), value(index))
        case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
            return _texts(value(left)) == _texts(value(right))
        case ast.Call(func=function, args=arguments, keywords=[]):
            return _call(function, arguments, value)
    raise Computed(f"it is code, {type(node).__name__}")


def _evaluated(keys: list[ast.expr | None], value: Callable[[ast.expr], Any]) -> list[Any]:
    if None in keys:
        raise Computed("a dictionary is merged in")
    return [value(key) for key in keys if key is not None]


def _key(found: Any) -> str | int | None:
    if found is None or isinstance(found, (str, int)):
        return found
    raise Computed("a key is neither text nor number")


def _part(node: ast.expr, value: Callable[[ast.expr], Any]) -> str:
    if not isinstance(node, ast.FormattedValue):
        found = value(node)
    elif node.format_spec is None and node.conversion in {-1, ord("s")}:
        found = value(node.value)
    else:
        raise Computed("it is formatted by rules of its own")
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        raise Computed("a part of it is no text")
    return str(found)


def _text(found: str) -> str:
    if len(found) > _CHARACTERS:
        raise Computed(f"it has more than {_CHARACTERS:,} characters")
    return found


def _texts(found: Any) -> str:
    if isinstance(found, str):
        return found
    # Nested tuples that share their parts would take for ever to compare.
    raise Computed("what is compared is no text")


def _sum(left: Any, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str):
        return _text(left + right)
    if isinstance(left, tuple) and isinstance(right, tuple) and len(left + right) < _CHARACTERS:
        return left + right
    raise Computed("it is a sum of other things than text")


def _item(container: Any, index: Any) -> Any:
    try:
        if isinstance(container, (dict, tuple)):
            return container[index]
    except (KeyError, IndexError, TypeError):
        raise Computed(f"there is no item {str(index)[:40]!r}") from None
    raise Computed("it is an item of no list")


def _call(function: ast.expr, arguments: list[ast.expr], value: Callable[[ast.expr], Any]) -> Any:
    match function, arguments:
        case ast.Name(id="str"), [argument]:
            return _texts(value(argument))
        case ast.Attribute(value=owner, attr="get"), [key, *default] if len(default) < 2:
            return _mapping(value(owner)).get(
                _key(value(key)), value(default[0]) if default else None
            )
        case ast.Attribute(value=owner, attr="items" | "keys" | "values" as name), []:
            found = _mapping(value(owner))
            return tuple({"items": found.items, "keys": found.keys, "values": found.values}[name]())
    raise Computed("it is called")


def _mapping(found: Any) -> dict[Any, Any]:
    if not isinstance(found, dict):
        raise Computed("it is no dictionary")
    return found
