"""A class and those it comes from, in its own file, in build systems, in other packages."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import partial

from spack_census.recipes.directives import Body
from spack_census.recipes.found import Found
from spack_census.recipes.literals import Budget
from spack_census.recipes.modules import Module, parse
from spack_census.recipes.records import Refused
from spack_census.recipes.statements import OTHERS, calls
from spack_census.recipes.systems import BUILD_SYSTEMS

_DEEPEST = 20
_PREFIXES = ("spack_repo", "spack.pkg")
"""How the modules of package repositories begin, a namespace follows."""

Load = Callable[[str], bytes | None]
"""The bytes of a file by its path in the package repository, None where there is none."""


class Lineage:
    """Follows base classes through one package repository; files that serve many stay parsed."""

    def __init__(self, namespace: str, load: Load) -> None:
        self._namespace, self._load = namespace, load
        self._modules: dict[str, Module | None] = {}
        self._found: dict[tuple[str, str], Found] = {}

    def read(self, module: Module, node: ast.ClassDef) -> Found:
        """Return what a class and those it comes from declare."""
        return self._read(module, node, Budget(), {node.name}, 0)

    def _read(
        self, module: Module, node: ast.ClassDef, budget: Budget, seen: set[str], depth: int
    ) -> Found:
        """Read a class; `seen` are those of its file that are read, `depth` counts files."""
        found = Body(module, node, budget, partial(self._declares, module)).found
        inherited: set[str] = set()
        for base in node.bases:
            place = self._resolved(module, base)
            if place is None:
                found.miss(f"line {base.lineno}: a base class is computed")
                continue
            name, owner = self._handed_on(*place)
            if owner is module:
                if name in seen:
                    continue
                seen.add(name)
                before = self._read(module, module.classes[name], budget, seen, depth)
            else:
                before = self._elsewhere(name, owner, base.lineno, depth)
            inherited |= before.build_systems
            found.inherit(before, owner.path if owner and owner is not module else "")
        # The directive of a class takes the place of those of its bases.
        found.build_systems = found.build_systems or inherited
        return found

    def _elsewhere(self, name: str, owner: Module | None, line: int, depth: int) -> Found:
        """Return what a class of another file declares, or of Spack itself."""
        if owner and name in owner.classes and depth < _DEEPEST:
            key = owner.path, name
            if key not in self._found:
                self._found[key] = Found()  # a circle ends here
                node = owner.classes[name]
                self._found[key] = self._read(owner, node, Budget(), {name}, depth + 1)
            return self._found[key]
        if owner is None and name in BUILD_SYSTEMS:
            system = BUILD_SYSTEMS[name]
            return Found(build_systems={system} if system else set())
        found = Found()
        found.miss(f"line {line}: what the base class {name} declares is not known")
        return found

    def _resolved(self, module: Module, base: ast.expr) -> tuple[str, Module | None] | None:
        """Return a class's name and the file that should define it; None where code tells it."""
        match base:
            case ast.Name(id=name) if name in module.classes:
                return name, module
            case ast.Name(id=name) if name in module.imports:
                dotted, original = module.imports[name]
                return original, self._imported(module, dotted)
            case ast.Name(id=name):
                return name, None
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in module.imports:
                dotted, original = module.imports[owner]
                separator = "" if dotted.endswith(".") or not dotted else "."
                return name, self._imported(module, f"{dotted}{separator}{original}")
        return None

    def _handed_on(self, name: str, owner: Module | None) -> tuple[str, Module | None]:
        """Return where a class is from whose file only imports it for others."""
        for _ in range(_DEEPEST):
            if owner is None or name in owner.classes or name not in owner.imports:
                break
            dotted, name = owner.imports[name]
            owner = self._imported(owner, dotted)
        return name, owner

    def _imported(self, module: Module, dotted: str) -> Module | None:
        if dotted.startswith(".") and not dotted.startswith(".."):
            folder = module.path.rpartition("/")[0]
            return self._module(f"{folder}/{dotted[1:].replace('.', '/')}.py")
        for prefix in _PREFIXES:
            inside = dotted.removeprefix(f"{prefix}.{self._namespace}.")
            if inside != dotted:
                return self._of_package(inside) if prefix == "spack.pkg" else self._inside(inside)
        return None

    def _inside(self, dotted: str) -> Module | None:
        return self._module(f"{dotted.replace('.', '/')}.py")

    def _of_package(self, name: str) -> Module | None:
        dashed = self._module(f"packages/{name.replace('_', '-')}/package.py")
        return dashed or self._module(f"packages/{name}/package.py")

    def _module(self, path: str) -> Module | None:
        if path not in self._modules:
            try:
                data = self._load(path)
                self._modules[path] = None if data is None else parse(data, path)
            except Refused:
                self._modules[path] = None
        return self._modules[path]

    def _declares(self, module: Module, name: str) -> bool:
        """Tell whether a function called in a class's body may hold directives that are read."""
        if name in module.functions:
            return any(calls(module.functions[name].body))
        if name in OTHERS or name not in module.imports:
            return False  # of `from spack.package import *`: a directive of another kind
        dotted, original = module.imports[name]
        if dotted.partition(".")[0] == "spack" and not dotted.startswith("spack.pkg"):
            return False
        owner = self._imported(module, dotted)
        if owner is None or original not in owner.functions:
            return True
        return any(calls(owner.functions[original].body))
