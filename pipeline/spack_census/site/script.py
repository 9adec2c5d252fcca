"""The modules of the page as one script, small.

The modules are those of `page/`, in the order in which they import each other. A page from file://
may load no modules, so they become one script, in one scope: no two may declare the same name, and
none has text that goes over a line's end. That takes no tool that a user would have to install.
"""

from __future__ import annotations

import functools
import itertools
import re
import string
from collections.abc import Collection, Iterator, Sequence
from importlib import resources

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+)\.js";\n', re.MULTILINE)
_DECLARED = re.compile(r"^(export )?(?:async )?(?:function\*?|const|let|class) (\w+)", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_COMMENT = re.compile(r"^ *(?:/\*\*(?:[^*]|\*(?!/))*\*/|//.*)\n", re.MULTILINE)
_INDENT = re.compile(r"^ +", re.MULTILINE)
_MAIN = "main"

_TEXT = re.compile(r'("(?:[^"\\\n]|\\.)*")')
_ODD = re.compile("[`/]")
"""A line with one of these may hold a template or a pattern, in which spaces count."""
_SPACED = re.compile(r" ?([=<>!&|?:,;{}()\[\]]+) ?")
_LAST_COMMA = re.compile(r",\n(?=[)\]}])")
_LINE_END = re.compile(r"(?<=[,;{(\[=?:>&|])\n|\n(?=[)\]}.?:&|])")
"""The end of a line beside what cannot end a statement, or begin one."""
_WORD = re.compile(r"\b\w+")
_PROPERTY = re.compile(r"(?<!\.\.)\.\s*(\w+)|(\w+)\s*:|(?<=[{,])\s*(\w+)(?=\s*[,}])")


@functools.cache
def script() -> str:
    """Return the page's modules as one script: all names in one scope, each after what it uses.

    Raises ValueError where two modules declare one name, or import each other.
    """
    modules = _ordered([_MAIN])
    names = {name for module in modules for _, name in _declared(module)}
    return small(f'"use strict";\n(() => {{\n{_joined(modules)}}})();\n', names)


def small(text: str, names: Collection[str]) -> str:
    """Return a script that does the same, with few spaces, and a short name for each of `names`.

    A name is let alone where it may be that of a property, or a word of a text.
    """
    return _tight(_renamed(text, names))


def _renamed(text: str, names: Collection[str]) -> str:
    odd = "\n".join(line for line in text.split("\n") if _ODD.search(line))
    # No prose has a word like coverageTable: a template says no name but one in small letters.
    taken = {word for word in _WORD.findall(odd) if word.islower()}
    taken |= {word for part in _TEXT.findall(text) for word in _WORD.findall(part)}
    taken |= {word for match in _PROPERTY.finditer(text) for word in match.groups() if word}
    own = sorted({*names} - taken, key=text.index)
    words = {*_WORD.findall(text)}
    free = (name for name in _short_names() if name not in words)
    new = dict(zip(own, free, strict=False))
    return _WORD.sub(lambda match: new.get(match[0], match[0]), text)


def _short_names() -> Iterator[str]:
    """Yield A to Z, AA to ZZ."""
    for number in (1, 2):
        yield from map("".join, itertools.product(string.ascii_uppercase, repeat=number))


def _tight(text: str) -> str:
    lines = "\n".join(line if _ODD.search(line) else _close(line) for line in text.split("\n"))
    return _LINE_END.sub("", _LAST_COMMA.sub("", lines))


def _close(line: str) -> str:
    """Return a line without the spaces around signs, but for those in its texts."""
    parts = _TEXT.split(line)
    parts[::2] = [_SPACED.sub(r"\1", part) for part in parts[::2]]
    return "".join(parts)


def bundle(names: Sequence[str]) -> str:
    """Return an expression whose value has these modules' exports, for the page's own tests."""
    ordered = _ordered(names)
    exports = {name: [own for export, own in _declared(name) if export] for name in ordered}
    found = ", ".join(f"{name}: {{ {', '.join(own)} }}" for name, own in exports.items())
    return f"(() => {{\n{_joined(ordered)}return {{ {found} }};\n}})()"


def _ordered(names: Sequence[str]) -> list[str]:
    """Return these modules and those that they import, each after those that it imports."""
    ordered: list[str] = []
    for name in names:
        _visit(name, ordered, ())
    return ordered


def _visit(name: str, ordered: list[str], above: Sequence[str]) -> None:
    if name in ordered:
        return
    if name in above:
        raise ValueError(f"modules of the page import each other: {' → '.join((*above, name))}")
    for match in _IMPORT.finditer(_module(name)):
        _visit(match[1], ordered, (*above, name))
    ordered.append(name)


def _joined(names: Sequence[str]) -> str:
    homes: dict[str, str] = {}
    for module in names:
        for _, name in _declared(module):
            home = homes.setdefault(name, module)
            if home != module:
                raise ValueError(f"{home}.js and {module}.js both declare {name}: rename the one")
    return "".join(map(_bare, names))


def _declared(module: str) -> list[tuple[str, str]]:
    """Return "export " or nothing, and the name, of each thing that a module declares."""
    return _DECLARED.findall(_module(module))


def _bare(module: str) -> str:
    """Return a module without imports, exports, comments of whole lines and indentation."""
    text = _COMMENT.sub("", _module(module))
    return _INDENT.sub("", _EXPORT.sub("", _IMPORT.sub("", text)))


def _module(name: str) -> str:
    return resource(f"{name}.js")


def resource(name: str) -> str:
    """Return the text of a file of `page/`."""
    return resources.files(__package__).joinpath("page", name).read_text(encoding="utf-8")
