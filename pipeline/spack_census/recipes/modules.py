"""One Python file as its syntax tree: its classes, functions, imports and constants.

What a file costs is bounded before it is parsed: Python's parser takes minutes for an f-string of
ten thousand fields, and hundreds of megabytes for as many statements.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from functools import cached_property

from spack_census.recipes.literals import Computed
from spack_census.recipes.records import Reason, Refused

MOST_BYTES = 256 * 1024
"""Four times the largest recipe of 2026."""
_MOST_LINES = 16_384
_MOST_FIELDS = 4_096
_BOM = b"\xef\xbb\xbf"
_READING = frozenset(("get", "items", "keys", "values"))
_LOOKING = (
    *(ast.For, ast.comprehension, ast.FormattedValue, ast.Compare, ast.BinOp, ast.Subscript),
    *(ast.If, ast.IfExp, ast.BoolOp),
)
_BUILT_IN = frozenset(("len", "list", "max", "min", "sorted", "str", "tuple"))


def parse(data: bytes, path: str) -> Module:
    """Return a file as its syntax tree; raises Refused where it is no Python, or costs too much."""
    text = _decoded(data)
    for what, number, most in (
        ("lines and statements", text.count("\n") + text.count(";"), _MOST_LINES),
        ("braces", text.count("{"), _MOST_FIELDS),
    ):
        if number > most:
            message = f"{number:,} {what}; at most {most:,} are read"
            raise Refused(Reason.TOO_LARGE, "file", message)
    try:
        with warnings.catch_warnings():
            # Of escapes that are none, as "\d": Python takes them for what they are.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (RecursionError, MemoryError):
        raise Refused(Reason.TOO_DEEP, "file", "its expressions are nested too deep") from None
    except SyntaxError as error:
        place = f"line {error.lineno}" if error.lineno else "file"
        raise Refused(Reason.BAD_PYTHON, place, f"no Python: {error.msg}"[:300]) from None
    except ValueError as error:
        raise Refused(Reason.BAD_PYTHON, "file", f"no Python: {error}"[:300]) from None
    return Module(tree, path)


def _decoded(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        message = f"more than {MOST_BYTES:,} bytes"
        raise Refused(Reason.TOO_LARGE, "file", message)
    if (nul := data.find(b"\0")) >= 0:
        line = data.count(b"\n", 0, nul) + 1
        raise Refused(Reason.NUL_BYTE, f"line {line}", "a NUL byte, which no text holds")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    except SyntaxError as error:
        raise Refused(Reason.NOT_UTF8, "line 1", f"{error.msg}"[:300]) from None
    if not encoding.startswith("utf-8"):
        message = f"it declares its encoding as {encoding}; only UTF-8 is read"
        raise Refused(Reason.NOT_UTF8, "line 1", message[:300])
    try:
        return data.removeprefix(_BOM).decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Refused(Reason.NOT_UTF8, f"line {line}", "it is no UTF-8 text") from None


class Module:
    """A parsed file; `path` counts from the folder of the package repository."""

    def __init__(self, tree: ast.Module, path: str) -> None:
        self.tree, self.path = tree, path
        body = tree.body
        self.classes = {each.name: each for each in body if isinstance(each, ast.ClassDef)}
        self.functions = {each.name: each for each in body if isinstance(each, ast.FunctionDef)}

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """Name → (dotted module, what of it), the module itself being of its parent."""
        found: dict[str, tuple[str, str]] = {}
        for each in self.tree.body:
            if isinstance(each, ast.ImportFrom):
                dotted = "." * each.level + (each.module or "")
                found |= {item.asname or item.name: (dotted, item.name) for item in each.names}
            elif isinstance(each, ast.Import):
                for item in each.names:
                    parent, _, name = item.name.rpartition(".")
                    found[item.asname or item.name] = (parent, name)
        return found

    def removals(self) -> list[int]:
        """Return the lines in which a method removes or changes versions that are declared."""
        return [
            node.lineno
            for node in ast.walk(self.tree)
            if isinstance(node, ast.Subscript)
            and not isinstance(node.ctx, ast.Load)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "versions"
        ]

    def constant(self, name: str, within: ast.ClassDef) -> ast.expr:
        """Return what a name stands for in a class, bound once and never changed.

        Raises Computed where it is another thing.
        """
        for body in (within.body, self.tree.body):
            for each in body:
                match each:
                    case (
                        ast.Assign(targets=[ast.Name(id=found)], value=value)
                        | ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value)
                    ) if found == name:
                        rebound, handed_on = self._changing
                        text = isinstance(value, (ast.Constant, ast.JoinedStr))
                        if name in rebound or (name in handed_on and not text):
                            raise Computed(f"{name} may change")
                        return value
        raise Computed(f"{name} is no constant")

    @cached_property
    def _changing(self) -> tuple[set[str], set[str]]:
        """Names that are bound more than once, and those whose value may be changed in place."""
        seen: set[str] = set()
        rebound: set[str] = set()
        handed_on: set[str] = set()
        parents = {
            child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)
        }
        for node in parents:
            if isinstance(node, (ast.Global, ast.Nonlocal)):
                rebound.update(node.names)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                if not _only_read(node, parents):
                    handed_on.add(node.id)
            elif isinstance(node, ast.Name):
                (rebound if node.id in seen else seen).add(node.id)
        return rebound, handed_on


def _only_read(node: ast.expr, parents: dict[ast.AST, ast.AST]) -> bool:
    """Tell whether the value of an expression is looked at where it stands, and no more."""
    while True:
        match parents[node]:
            case ast.Subscript(value=container, ctx=context) as item if container is node:
                if not isinstance(context, ast.Load):
                    return False
                # An item may be a list again.
                node = item
            case ast.Attribute(attr=name):
                return name in _READING
            case ast.Call(func=ast.Name(id=name)):
                return name in _BUILT_IN or name == "version"
            case ast.keyword() | ast.Assign():
                return not isinstance(node, ast.Name)
            case parent:
                return isinstance(parent, _LOOKING)
