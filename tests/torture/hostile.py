"""Documents made to cost as much as they may: each in a child of its own, its work and memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from spack_census.documents import parsing
from spack_census.documents.limits import LIMITS
from support.documents_made import Spec, document
from torture import cost
from torture.children import finished, forked, say
from torture.fuzz import peak_mb

_ROOM = LIMITS.document_bytes - 4000
_VALUES = LIMITS.nodes - 100
_YAML = LIMITS.yaml_bytes - 1000
_GOOD = document("zlib", "develop", [Spec()])


class Cost(NamedTuple):
    """What one document cost."""

    name: str
    work: float
    """How many times the yardstick of `cost`."""
    peak_mb: float
    """Above what the process had before; the document itself is part of it."""


def _many(pattern: str, number: int) -> str:
    return ",".join(pattern.format(index) for index in range(number))


_OS = '"os": "ubuntu22.04"'
_VARIANT = "build_system=makefile"
_LAYOUT = "layout: cache"
DOCUMENTS: dict[str, tuple[str, Callable[[], str]]] = {
    "many line ends": ("\n---", lambda: "\n---" + "\n" * _ROOM),
    "many front matters": ("\n---", lambda: "\n---" + "\n--- " * (_ROOM // 5)),
    "a long text": (_OS, lambda: f'"os": "{"x" * _ROOM}"'),
    "a long text of escapes": (_OS, lambda: '"os": "' + "\\u00e9" * (_ROOM // 6) + '"'),
    "a long text of backslashes": (_OS, lambda: '"os": "' + "\\\\" * (_ROOM // 2) + '"'),
    "a long text beyond U+FFFF": (_OS, lambda: '"os": "' + "\U0001f600" * (_ROOM // 4) + '"'),
    "a long compiler": ("gcc@11.4.0", lambda: "g" * (_ROOM // 2) + "@"),
    "a long version": ('["1.2.13"]}', lambda: f'["{"1." * (_ROOM // 2)}"]}}'),
    "a long size": ('"size": "-"', lambda: f'"size": "{"1" * _ROOM}"'),
    "a long number": ('"size": "-"', lambda: f'"size": {"1" * _ROOM}'),
    "a variant of quotes": (_VARIANT, lambda: "a=" + "'x'," * (_ROOM // 4)),
    "a variant of open quotes": (_VARIANT, lambda: "a=" + "'x," * (_ROOM // 3)),
    "many patches": (_VARIANT, lambda: "patches=" + "x," * (_ROOM // 2)),
    "white space": (_OS, lambda: '"os": ' + " " * _ROOM + '"x"'),
    "deep JSON": (_OS, lambda: '"os": ' + "[" * _ROOM),
    "many values": ("meta: {", lambda: f'meta: {{"x": [{_many("{0}", _VALUES)}], '),
    "many keys": ("meta: {", lambda: "meta: {" + _many('"k{0}": 0', _VALUES) + ", "),
    "many lists": ("meta: {", lambda: f'meta: {{"x": [{_many("[]", _VALUES // 2)}], '),
    "many bad specs": ("details: [", lambda: "details: [" + _many("{{}}", _VALUES // 2) + ", "),
    "many variants": (f'"{_VARIANT}"', lambda: _many('"v{0}=1"', _VALUES)),
    "deep YAML": (_LAYOUT, lambda: "layout: " + "[" * _YAML),
    "many values in YAML": (_LAYOUT, lambda: "layout: [" + "a," * (_YAML // 2) + "]"),
    "many keys in YAML": (_LAYOUT, lambda: f"layout: {{{_many('k{0}: 1', _YAML // 11)}}}"),
    "many lines of YAML": (_LAYOUT, lambda: "layout:" + "\n- a" * (_YAML // 4)),
    "one key again and again": (_LAYOUT, lambda: "meta: {}\n" * (_YAML // 9)),
}
"""Name → what is replaced in a good document, and by what."""


def run() -> list[Cost]:
    """Parse each document in a child and return what it cost."""
    costs = []
    cost.honest_details()  # once, not in each child
    for name, (old, new) in DOCUMENTS.items():
        assert old in _GOOD
        (told,) = finished(*forked(_parsing(_GOOD.replace(old, new()).encode())))
        costs.append(Cost(name, told["work"], told["peak_mb"]))
    return costs


def _parsing(data: bytes) -> Callable[[int], None]:
    def work(pipe: int) -> None:
        before = peak_mb(forget=True)
        # As if it were read: the parent's copy is not counted in the child.
        copy = bytearray(data)
        parsing.parse(bytes(copy), "hostile.md")
        grown = peak_mb() - before
        seconds = cost.cpu_seconds(lambda: parsing.parse(data, "hostile.md"), tries=2)
        say(pipe, work=seconds / cost.yardstick(), peak_mb=grown)

    return work
