"""Statements of a class's body: which hold directives, and which loops do no more than declare."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import Any

from spack_census.recipes.literals import Computed

READ = frozenset(("version", "maintainers", "license", "build_system", "provides"))
"""The directives that are read; others are none of ours."""
OTHERS = frozenset(
    (
        *("can_splice", "conflicts", "depends_on", "extends", "patch", "redistribute"),
        *("requires", "resource", "variant"),
    )
)
"""Spack's other directives."""
NO_DIRECTIVES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
CONTEXTS = frozenset(("when", "default_args"))


def calls(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.Call]]:
    """Yield the directives that are read in these nodes, but for those in functions."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, NO_DIRECTIVES):
            continue
        match node:
            case ast.Call(func=ast.Name(id=name)) if name in READ:
                yield name, node
        waiting += reversed(list(ast.iter_child_nodes(node)))


def may_declare(function: ast.FunctionDef) -> bool:
    """Tell whether a function calls a directive that is read."""
    return any(calls(function.body))


def demand_declaring(body: Iterable[ast.stmt]) -> None:
    """Raise Computed where a loop's body does more than declare, assign, and loop again."""
    for node in body:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(), args=arguments, keywords=keywords)):
                inside: list[ast.AST] = [*arguments, *keywords]
            case ast.Assign(targets=[ast.Name()], value=value):
                inside = [value]
            case ast.With(items=items, body=lines) if all(map(is_context, items)):
                demand_declaring(lines)
                inside = []
            case ast.For(body=lines, orelse=[], iter=of):
                demand_declaring(lines)
                inside = [of]
            case ast.Pass():
                inside = []
            case ast.If():
                raise Computed("what it declares depends on a condition")
            case _:
                raise Computed("it does more than declare")
        if any(calls(inside)):
            raise Computed("a directive stands where none is expected")


def is_context(item: ast.withitem) -> bool:
    """Tell whether this opens `with when(…)` or `with default_args(…)`."""
    match item.context_expr:
        case ast.Call(func=ast.Name(id=name)):
            return name in CONTEXTS
    return False


def bound(target: ast.expr, value: Any) -> dict[str, Any]:
    """Return the variables of a loop and their values in one round."""
    match target:
        case ast.Name(id=name):
            return {name: value}
        case ast.Tuple(elts=parts) if isinstance(value, tuple) and len(parts) == len(value):
            found: dict[str, Any] = {}
            for part, each in zip(parts, value, strict=True):
                found |= bound(part, each)
            return found
    raise Computed("its variables are no names")
