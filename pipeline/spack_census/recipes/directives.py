"""The body of a recipe's class, statement by statement, as far as it says what it declares.

Read are directives, those in `with when(…)` and `with default_args(…)`, and loops over literals.
Whatever stands under another condition, or comes from code, is counted as unread: which of it
holds depends on the machine that runs it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from spack_census.recipes.found import Found
from spack_census.recipes.literals import Budget, Computed, evaluate
from spack_census.recipes.modules import Module
from spack_census.recipes.records import Conditional, Declared
from spack_census.recipes.statements import NO_DIRECTIVES, READ, bound, calls, demand_declaring
from spack_census.spack.versions import version_key

_MOST_CHARACTERS = 300
_COMPUTED = object()


@dataclass(frozen=True, slots=True)
class _Context:
    """What holds for a directive where it stands."""

    names: Mapping[str, Any]
    """Variables of loops, and what they assign."""
    defaults: Mapping[str, Any]
    conditions: tuple[str, ...]


_NOTHING = _Context({}, {}, ())


class Body:
    """Reads the body of one class; `declares` tells of a function whether it may hold directives.

    `budget` is spent by all classes of a recipe together.
    """

    def __init__(
        self, module: Module, node: ast.ClassDef, budget: Budget, declares: Callable[[str], bool]
    ) -> None:
        self.found = Found()
        self._module, self._node = module, node
        self._budget, self._declares = budget, declares
        self._constants: dict[str, Any] = {}
        self._missed: set[int] = set()
        self._handlers = {
            "version": self._version,
            "maintainers": self._maintainers,
            "license": self._license,
            "build_system": self._build_system,
            "provides": self._provides,
        }
        self._walk(node.body, _NOTHING)

    def _walk(self, body: Iterable[ast.stmt], context: _Context) -> None:
        for node in body:
            match node:
                case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call) if name in READ:
                    self._directive(name, call, context)
                case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call):
                    if self._declares(name):
                        self._miss(call, f"{name}: a function that declares")
                case ast.With(items=items):
                    self._with(node, items, context)
                case ast.For(orelse=[]):
                    self._loop(node, context)
                case ast.Assign(targets=[ast.Name(id="maintainers")], value=value):
                    self._old_maintainers(value, context)
                case _ if not isinstance(node, NO_DIRECTIVES):
                    self._miss_all([node])

    def _miss(self, node: ast.expr | ast.stmt, what: str) -> None:
        # A call that cannot be read is one, however many rounds a loop has.
        if id(node) not in self._missed:
            self._missed.add(id(node))
            self.found.miss(f"line {node.lineno}: {what}")

    def _miss_all(self, nodes: Iterable[ast.AST]) -> None:
        """Count each directive that stands somewhere in these nodes as unread."""
        for name, call in calls(nodes):
            self._miss(call, f"{name}: only code tells whether it holds")

    def _value(self, node: ast.expr, context: _Context) -> Any:
        def lookup(name: str) -> Any:
            found = context.names[name] if name in context.names else self._constant(name)
            if found is _COMPUTED:
                raise Computed(f"{name} is computed")
            return found

        return evaluate(node, lookup, self._budget)

    def _constant(self, name: str) -> Any:
        if name not in self._constants:
            # Until its value is known: it may lead back to itself.
            self._constants[name] = _COMPUTED
            constant = self._module.constant(name, self._node)
            self._constants[name] = self._value(constant, _NOTHING)
        return self._constants[name]

    def _directive(self, name: str, call: ast.Call, context: _Context) -> None:
        try:
            self._handlers[name](call, context)
        except Computed as error:
            self._miss(call, f"{name}: {error}")

    # --- where directives stand ------------------------------------------------------------------

    def _with(self, node: ast.With, items: Iterable[ast.withitem], context: _Context) -> None:
        for item in items:
            match item.context_expr:
                case ast.Call(func=ast.Name(id="when"), args=[condition], keywords=[]):
                    try:
                        said = _short(self._value(condition, context))
                    except Computed:
                        return self._miss_all([node])
                    context = replace(context, conditions=(*context.conditions, said))
                case ast.Call(func=ast.Name(id="default_args"), args=[]) as call:
                    defaults = self._keywords(call, replace(context, defaults={}))
                    context = replace(context, defaults={**context.defaults, **defaults})
                case _:
                    return self._miss_all([node])
        return self._walk(node.body, context)

    def _loop(self, node: ast.For, context: _Context) -> None:
        if not any(calls([node])):
            return
        try:
            demand_declaring([node])
            self._rounds(node, context)
        except Computed as error:
            self._miss(node, f"a loop with directives: {error}")

    def _rounds(self, node: ast.For, context: _Context) -> None:
        for item in self._items(node.iter, context):
            names = {**context.names, **bound(node.target, item)}
            for each in node.body:
                self._budget.spend()
                inside = replace(context, names=names)
                match each:
                    case ast.Assign(targets=[ast.Name(id=name)], value=value):
                        try:
                            names[name] = self._value(value, inside)
                        except Computed:
                            names[name] = _COMPUTED
                    case ast.For():
                        self._rounds(each, inside)
                    case _:
                        self._walk([each], inside)

    def _items(self, node: ast.expr, context: _Context) -> tuple[Any, ...]:
        found = self._value(node, context)
        if isinstance(found, (tuple, dict)):
            return tuple(found)
        raise Computed("what it goes through is no list")

    # --- directives ------------------------------------------------------------------------------

    def _version(self, call: ast.Call, context: _Context) -> None:
        given = self._keywords(call, context)
        text = self._value(call.args[0], context) if call.args else given.get("ver")
        if not isinstance(text, str):
            raise Computed("it is no text")
        try:
            key = version_key(text)
        except ValueError as error:
            raise Computed(f"{error}") from None
        marks = [given.get(name, False) for name in ("preferred", "deprecated")]
        known = [bool(mark) if isinstance(mark, (bool, type(None))) else None for mark in marks]
        self.found.versions[text] = Declared(text, key, *known)
        if None in known:
            raise Computed("whether it is preferred or deprecated is computed")

    def _maintainers(self, call: ast.Call, context: _Context) -> None:
        self.found.maintainers.update(_short(self._value(each, context)) for each in call.args)

    def _old_maintainers(self, value: ast.expr, context: _Context) -> None:
        """Read `maintainers = [...]`, as recipes were written before Spack 0.20."""
        try:
            self.found.maintainers.update(map(_short, self._items(value, context)))
        except Computed as error:
            self._miss(value, f"maintainers: {error}")

    def _license(self, call: ast.Call, context: _Context) -> None:
        given = self._keywords(call, context)
        said = self._value(call.args[0], context) if call.args else given.get("license_identifier")
        self.found.licenses[Conditional(_short(said), _conditions(given, context))] = None

    def _provides(self, call: ast.Call, context: _Context) -> None:
        conditions = _conditions(self._keywords(call, context), context)
        for each in call.args:
            virtual = _short(self._value(each, context))
            self.found.provides[Conditional(virtual, conditions)] = None

    def _build_system(self, call: ast.Call, context: _Context) -> None:
        for each in call.args:
            match each:
                case ast.Call(func=ast.Name(id="conditional"), args=names):
                    found = [_short(self._value(name, context)) for name in names]
                case _:
                    found = [_short(self._value(each, context))]
            self.found.build_systems.update(found)

    def _keywords(self, call: ast.Call, context: _Context) -> dict[str, Any]:
        """Return what a call is given by name, with the defaults of where it stands."""
        found = dict(context.defaults)
        for keyword in call.keywords:
            try:
                value = self._value(keyword.value, context)
            except Computed:
                value = _COMPUTED
            if keyword.arg is not None:
                found[keyword.arg] = value
            elif isinstance(value, dict):
                found |= value
            else:
                found |= dict.fromkeys(("preferred", "deprecated", "when"), _COMPUTED)
        return found


def _conditions(given: Mapping[str, Any], context: _Context) -> tuple[str, ...]:
    when = given.get("when")
    if when is None or when is True:
        return context.conditions
    return (*context.conditions, _short(when))


def _short(found: Any) -> str:
    """Return text that may stand in the dataset; raises Computed for all else."""
    if not isinstance(found, str):
        raise Computed("it is no text")
    if not found or len(found) > _MOST_CHARACTERS or not found.isprintable():
        raise Computed("it is no plain text of a line")
    return found
