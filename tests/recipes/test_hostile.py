"""Recipes that mean harm, or are no recipes: each ends as a reject, at a bounded cost."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.recipes.lineage import Lineage
from spack_census.recipes.literals import Budget
from spack_census.recipes.modules import MOST_BYTES
from spack_census.recipes.reading import read
from spack_census.recipes.records import Recipe, Reject
from support.examples import share
from support.recipes_made import recipe

KILO = 1024
BAD: dict[str, tuple[str, bytes]] = {
    "nothing": ("no-class", b""),
    "large": ("too-large", b"#" * (MOST_BYTES + 1)),
    "lines": ("too-large", b"a\n" * 20_000),
    "statements": ("too-large", b"a;" * 20_000),
    "fields": ("too-large", b'f"' + b"{1}" * 10_000 + b'"'),
    "NUL": ("nul-byte", b"x = 1\nclass Zlib:\n\0"),
    "latin-1": ("not-utf8", b"# caf\xe9\nclass Zlib: pass"),
    "declared latin-1": ("not-utf8", b"# -*- coding: latin-1 -*-\nclass Zlib: pass"),
    "declared utf-7": ("not-utf8", b"# coding: utf-7\nclass Zlib: pass"),
    "declared nothing known": ("not-utf8", b"# coding: klingon\nclass Zlib: pass"),
    "UTF-16": ("nul-byte", "class Zlib: pass".encode("utf-16")),
    "syntax": ("bad-python", b"class Zlib(Package):\n    version('1'\n"),
    "Python 2": ("bad-python", b"print 'x'\n"),
    "indentation": ("bad-python", b"class Zlib:\n    a\n  b\n"),
    "tabs": ("bad-python", b"if 1:\n        a\n\tb\n"),
    "huge number": ("bad-python", b"x = " + b"1" * 5000),
    "surrogate": ("not-utf8", b"x = '\xed\xa0\x80'"),
    "parentheses": ("bad-python", b"(" * 1000),
    "minus": ("too-deep", b"x = " + b"-" * 200_000 + b"1"),
    "not": ("too-deep", b"x = " + b"not " * 50_000 + b"1"),
    "sum": ("too-deep", b"x = 1" + b"+1" * 100_000),
    "attributes": ("too-deep", b"x = a" + b".b" * 100_000),
    "calls": ("too-deep", b"x = a" + b"()" * 100_000),
    "elif": ("too-deep", b"if 1: pass\n" + b"elif 1: pass\n" * 10_000),
    "lambda": ("too-deep", b"x = " + b"lambda:" * 30_000 + b"1"),
}


def parsed(data: bytes) -> Recipe | Reject:
    path = "packages/zlib/package.py"
    return read(data, "zlib", path, path, Lineage("builtin", lambda _path: None))


@pytest.mark.parametrize("kind", BAD)
def test_what_is_no_recipe_is_rejected_with_its_place(kind: str) -> None:
    reason, data = BAD[kind]
    found = parsed(data)
    assert isinstance(found, Reject)
    assert found.reason == reason, found.message
    assert found.place == "file" or found.place.startswith("line ")
    assert len(found.message) <= 300
    assert found.message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "\ufeff" + recipe("Zlib", 'version("1")'),
        recipe("Zlib", 'version("1")').replace("\n", "\r\n"),
        "# -*- coding: utf-8 -*-\n" + recipe("Zlib", 'version("1")\nx = "\\d"'),
    ],
    ids=["byte order mark", "CR LF", "declared"],
)
def test_what_python_takes_is_taken(text: str) -> None:
    found = parsed(text.encode())
    assert isinstance(found, Recipe)
    assert [each.version for each in found.versions] == ["1"]


STEPS = list(zip("ABCDEFGHIJKLMNOP", "BCDEFGHIJKLMNOPQ", strict=True))
MANY = list(range(3000))
EXPENSIVE = {
    "text": "A = 'x'\n" + "".join(f"{b} = {a} + {a}\n" for a, b in STEPS) + "version(Q)",
    "lists": (
        "A = ['x']\n"
        + "".join(f"{b} = [{a}, {a}]\n" for a, b in STEPS)
        + "for v in Q:\n    version(v)"
    ),
    "loops": (
        "N = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\n"
        + "".join("    " * depth + f"for a{depth} in N:\n" for depth in range(12))
        + "    " * 12
        + "version('1')"
    ),
    "versions": (f"for v in {MANY}:\n    for w in {MANY}:\n        version(f'{{v}}.{{w}}')"),
    "tuples": "version(" + "(" * 90 + '"1"' + ",)" * 90 + ")",
    "subscripts": "version(" + "x[" * 150 + "0" + "]" * 150 + ")",
}


@pytest.mark.parametrize("kind", EXPENSIVE)
def test_what_would_take_for_ever_is_given_up(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[Budget] = []
    make = Budget.__init__

    def noted(self: Budget) -> None:
        make(self)
        spent.append(self)

    monkeypatch.setattr(Budget, "__init__", noted)
    found = parsed(recipe("Zlib", EXPENSIVE[kind]).encode())
    assert isinstance(found, Reject) or found.num_unread >= 1 or found.versions
    assert all(each.left >= -20 for each in spent)


def test_a_circle_of_classes_ends() -> None:
    head = "class A(B, B):\n    version('1')\nclass B(A, C, C):\n    version('2')\nclass C(C): pass"
    found = parsed(recipe("Zlib", "pass", "A, B, C", head).encode())
    assert isinstance(found, Recipe)
    assert [each.version for each in found.versions] == ["2", "1"]


@pytest.mark.parametrize(
    "data",
    [
        b"x = [" + b"1," * 100_000 + b"]",
        b'x = f"' + b"{1}" * 4_000 + b'"',
        b"a\n" * 16_000,
    ],
    ids=["list", "fields", "lines"],
)
def test_memory_is_bounded_by_the_size_of_a_file(data: bytes) -> None:
    tracemalloc.start()
    parsed(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 128 * KILO * KILO


LINES = [
    'version("1")',
    "x",
    "(",
    ")",
    '"',
    "\\",
    "\t",
    "for v in x:",
    "\u0085",
    "#",
    "def f():",
    "",
]


@given(st.lists(st.sampled_from(LINES) | st.text(max_size=5), max_size=8), st.data())
@share(0.5)
def test_whatever_it_is_there_is_an_answer(lines: list[str], data: st.DataObject) -> None:
    body = "\n".join(f"    {line}" for line in lines)
    text = bytearray(f"class Zlib(Package):\n{body}".encode(errors="surrogatepass"))
    for _ in range(data.draw(st.integers(0, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    found = parsed(bytes(text))
    assert isinstance(found, Recipe | Reject)
    check: Callable[[str], bytes] = str.encode  # no lone surrogate: it can be written
    for each in (found.path, *(found.unread if isinstance(found, Recipe) else [found.message])):
        check(each)
