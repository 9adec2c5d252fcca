"""Text → Constraint, by the grammar of specs that Spack has since 1.0.

What follows `%x` describes x, what follows `^x` too; `%` behind a `^x` is a dependency of x. What
has no counterpart in a dataset is an error that names it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from spack_census.errors import ConstraintError
from spack_census.spack import attributes
from spack_census.spack.attributes import with_attribute
from spack_census.spack.compilers import COMPILERS, canonical
from spack_census.spack.constraints import Constraint, DependencyConstraint
from spack_census.spack.merging import constrained, merged
from spack_census.spack.tokens import Token, fail, tokens

Toolchains = Mapping[str, str | Sequence[Mapping[str, str]]]
"""Name → its constraint, or a list of {spec, when}, as a `toolchains:` section has it."""

_DEPTYPES = frozenset(("build", "link", "run", "test"))
_EDGE_KEYS = frozenset(("deptypes", "virtuals", "when"))
_NO_TOOLCHAINS: Toolchains = {}


def parse(text: str, toolchains: Toolchains = _NO_TOOLCHAINS) -> Constraint:
    """Return the constraint that one spec's text stands for.

    A `%name` that is a toolchain's stands for what that says. Raises ConstraintError, with the
    position, for what is no constraint, and for a construct that is not supported.
    """
    return _Parser(text, list(tokens(text)), toolchains).parse()


def notices(constraint: Constraint) -> tuple[str, ...]:
    """Return what to tell of words that mean something else than before Spack 1.0."""
    found: list[str] = []
    owners = [constraint, *(each.spec for each in constraint.dependencies if not each.direct)]
    for owner in owners:
        found += (
            f"`{word}` is one value, as Spack reads it: a sigil wants a blank ahead"
            for word in attributes.words(owner)
            if not {"'", '"'} & {*word} and {"%", "^"} & {*word}
        )
        for each in owner.dependencies:
            words = misplaced(each)
            if words:
                said = f"since Spack 1.0 `{words}` after %{each.spec.package} describes"
                own = owner.package or "the spec"
                found.append(f"{said} {each.spec.package}; for {own} write it before")
    return tuple(found)


def misplaced(dependency: DependencyConstraint) -> str:
    """Return what describes a compiler beyond its version, which until 0.23 described the spec."""
    spec = dependency.spec
    if not dependency.direct or spec.package not in COMPILERS or spec.is_plain:
        return ""
    return " ".join(attributes.words(spec))


@dataclass(slots=True)
class _Edge:
    """What stands between a sigil and the node behind it."""

    start: int
    direct: bool
    virtuals: tuple[str, ...] = ()
    deptypes: tuple[str, ...] = ()
    when: Constraint | None = None
    provider: str | None = None


class _Parser:
    def __init__(self, text: str, found: list[Token], toolchains: Toolchains) -> None:
        self.text = text
        self.tokens = found
        self.at = 0
        self.toolchains = toolchains

    @property
    def next(self) -> Token | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def parse(self) -> Constraint:
        """Return the constraint of all tokens."""
        root = self._node(None)
        below: list[DependencyConstraint] = []
        while (token := self.next) is not None:
            if token.kind not in {"open", "sigil"}:
                self._refuse(token)
            edge = self._edge()
            owner = below[-1].spec if below else root
            if edge.direct and edge.provider is None and self._is_toolchain():
                owner = self._with_toolchain(owner)
            else:
                dependency = self._dependency(edge)
                if not edge.direct:
                    below.append(dependency)
                    continue
                owner = self._with_direct(owner, dependency)
            if below:
                below[-1] = replace(below[-1], spec=owner)
            else:
                root = owner
        text = self.text.strip()
        return replace(root, text=text, dependencies=(*root.dependencies, *map(_whole, below)))

    def _refuse(self, token: Token) -> None:
        why = {
            "name": f"{token.text!r} begins a second spec",
            "hash": "two hashes",
            "close": "a bracket closes that none opened",
        }.get(token.kind, f"{token.text!r} has no place here")
        fail(self.text, why, "give one at a time", at=token.start)

    def _edge(self) -> _Edge:
        token = self.tokens[self.at]
        self.at += 1
        edge = _Edge(token.start, token.text[0] == "%", token.virtuals, (), None, token.provider)
        if token.kind == "sigil":
            return edge
        while (inside := self.next) is not None and inside.kind == "setting":
            self.at += 1
            self._edge_attribute(edge, inside)
        if inside is None or inside.kind != "close":
            at = len(self.text) if inside is None else inside.start
            fail(self.text, "the brackets after a sigil hold deptypes, virtuals, when", at=at)
        self.at += 1
        edge.virtuals = (*edge.virtuals, *inside.virtuals)
        edge.provider = inside.provider
        return edge

    def _edge_attribute(self, edge: _Edge, token: Token) -> None:
        name, _, value = token.value.partition("=")
        name = name.removesuffix(":")
        if name not in _EDGE_KEYS:
            why = f"an edge has no {name!r}: deptypes, virtuals and when can be asked for"
            fail(self.text, why, at=token.start)
        value = value.strip("'\" ")
        if name == "when":
            edge.when = parse(value, self.toolchains)
        elif name == "virtuals":
            edge.virtuals = tuple(value.split(","))
        else:
            edge.deptypes = tuple(value.split(","))
            unknown = set(edge.deptypes) - _DEPTYPES
            if unknown:
                why = f"there is no type of dependency {min(unknown)!r}"
                fail(self.text, why, "build, link, run, test", at=token.start)

    def _dependency(self, edge: _Edge) -> DependencyConstraint:
        spec = self._node(edge.provider)
        end = self.tokens[self.at - 1].end
        if not spec.text and edge.provider is None:
            why = f"{self.text[edge.start : end]!r} without the name of a package"
            fail(self.text, why, "write ^NAME", at=edge.start)
        if edge.direct and spec.package is not None:
            spec = replace(spec, package=canonical(spec.package))
        return DependencyConstraint(
            self.text[edge.start : end],
            spec,
            edge.direct,
            tuple(sorted(set(edge.virtuals))),
            tuple(sorted(set(edge.deptypes))),
            edge.when,
        )

    def _node(self, provider: str | None) -> Constraint:
        """Return what one spec of the text asks for, without its dependencies."""
        first = self.next
        node = Constraint("")
        if provider is not None:
            node = _named(node, provider)
        elif first is not None and first.kind == "name":
            self.at += 1
            node = _named(node, first.value)
        elif first is not None and first.kind == "file":
            fail(self.text, f"{first.text!r}: specs in files cannot be asked for", at=first.start)
        while (token := self.next) is not None:
            changed = with_attribute(node, token, self.text)
            if changed is None:
                break
            node = changed
            self.at += 1
        if self.at == 0 or first is None or self.tokens[self.at - 1].start < first.start:
            return node
        return replace(node, text=self.text[first.start : self.tokens[self.at - 1].end])

    def _is_toolchain(self) -> bool:
        token = self.next
        return token is not None and token.kind == "name" and token.value in self.toolchains

    def _with_toolchain(self, owner: Constraint) -> Constraint:
        token = self.tokens[self.at]
        self.at += 1
        parts = self.toolchains[token.value]
        entries = [{"spec": parts}] if isinstance(parts, str) else parts
        for entry in entries:
            if "spec" not in entry:
                fail(self.text, f"the toolchain {token.value} cannot be read", at=token.start)
            try:
                part = parse(entry["spec"])
                when = parse(entry["when"]) if entry.get("when") else None
            except ConstraintError as error:
                fail(self.text, f"the toolchain {token.value}: {error.message}", at=token.start)
            if any(not each.direct for each in part.dependencies):
                why = f"the toolchain {token.value} has a `^`, which no toolchain may have"
                fail(self.text, why, at=token.start)
            held = tuple(replace(each, when=when) for each in part.dependencies)
            try:
                owner = constrained(owner, replace(part, dependencies=()))
            except ValueError as error:
                fail(self.text, f"the toolchain {token.value}: {error}", at=token.start)
            for each in held:
                owner = self._with_direct(owner, each)
        return owner

    def _with_direct(self, owner: Constraint, dependency: DependencyConstraint) -> Constraint:
        """Return the owner with one more direct dependency; of one name there is but one."""
        known = list(owner.dependencies)
        for number, each in enumerate(known):
            same = each.direct and each.when is None and dependency.when is None
            if same and each.spec.package == dependency.spec.package is not None:
                try:
                    known[number] = merged(each, dependency)
                except ValueError as error:
                    at = self.tokens[self.at - 1].start
                    fail(self.text, f"%{each.spec.package} is asked for twice: {error}", at=at)
                return replace(owner, dependencies=tuple(known))
        return replace(owner, dependencies=(*known, dependency))


def _named(node: Constraint, name: str) -> Constraint:
    if name == "*":
        return node
    namespace, _, package = name.rpartition(".")
    return replace(node, package=package, namespace=namespace or None)


def _whole(dependency: DependencyConstraint) -> DependencyConstraint:
    """Return a dependency with the text of those behind it, which describe it."""
    words = [dependency.text, *(each.text for each in dependency.spec.dependencies)]
    return replace(dependency, text=" ".join(words))
