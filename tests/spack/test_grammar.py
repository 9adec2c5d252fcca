"""What the text of a constraint becomes: nodes, edges, toolchains, and what is told of it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spack_census.errors import ConstraintError
from spack_census.spack.constraints import Constraint
from spack_census.spack.containment import implies
from spack_census.spack.grammar import notices, parse
from spack_census.spack.ranges import overlap, parse_versions
from spack_census.spack.versions import version_key
from support import spack_rule

TOOLCHAINS: dict[str, Any] = {
    "gnu": "cflags=-O3 %c,cxx=gcc@12",
    "mixed": [
        {"spec": "%c=llvm"},
        {"spec": "%fortran=gcc", "when": "+fortran"},
        {"spec": "target=zen3:"},
    ],
    "below": "^mpich",
    "broken": "%c=",
}


def meaning(value: Any) -> Any:
    """Return a constraint without its texts."""
    if isinstance(value, tuple):
        return tuple(map(meaning, value))
    if not is_dataclass(value):
        return value
    return {
        each.name: meaning(getattr(value, each.name))
        for each in fields(value)
        if not each.name.endswith("text")
    }


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("hdf5 %c=gcc", "hdf5 %[virtuals=c] gcc"),
        ("hdf5 %c,cxx=gcc@12", "hdf5 %[virtuals=cxx,c]gcc@12"),
        ("hdf5 %[deptypes=build] c=gcc", "hdf5 %[deptypes=build virtuals=c] gcc"),
        ("hdf5 %clang", "hdf5 %llvm"),
        ("hdf5 %%oneapi", "hdf5 %intel-oneapi-compilers"),
        ("hdf5 %gcc@11: %gcc+docs", "hdf5 %gcc@11:+docs"),
        ("hdf5 %c=gcc %fortran=gcc", "hdf5 %c,fortran=gcc"),
        ("hdf5 %gcc@11: %gcc@:12", "hdf5 %gcc@11:12"),
        ("* +mpi", "+mpi"),
        ("hdf5 cflags='-O2'", "hdf5 cflags=-O2"),
        ("hdf5 cflags=='-O2 -g'", "hdf5 cflags='-O2 -g'"),
        ("hdf5 api='v110'", "hdf5 api=v110"),
        ("other.hdf5 namespace=builtin", "builtin.hdf5"),
        ("hdf5 architecture=linux-rhel9-zen4", "hdf5 platform=linux os=rhel9 target=zen4"),
        ("hdf5 %gnu", "hdf5 cflags=-O3 %c,cxx=gcc@12"),
        ("hdf5 %gnu %gcc+docs", "hdf5 cflags=-O3 %c,cxx=gcc@12+docs"),
        ("a ^b %mixed", "a ^b target=zen3: %c=llvm %[when=+fortran] fortran=gcc"),
        ("hdf5 %%gnu", "hdf5 %gnu"),
    ],
)
def test_two_ways_to_write_one_thing(text: str, same: str) -> None:
    same = same.replace("[when=+fortran]", "[when='+fortran']")
    assert meaning(parse(text, TOOLCHAINS)) == meaning(parse(same, TOOLCHAINS))


def test_what_stands_behind_a_dependency_describes_it() -> None:
    root = parse("a@1 %b@2 ^c+x %d os=o ^e %f")
    b, c, e = root.dependencies
    assert [(each.spec.package, each.direct) for each in (b, c, e)] == [
        ("b", True),
        ("c", False),
        ("e", False),
    ]
    (d,) = c.spec.dependencies
    (f,) = e.spec.dependencies
    assert (d.spec.package, d.spec.os, d.direct, f.spec.package) == ("d", "o", True, "f")
    assert [each.text for each in (b, c, e)] == ["%b@2", "^c+x %d os=o", "^e %f"]


def test_a_value_may_hold_what_elsewhere_is_a_sigil() -> None:
    root = parse("a x=*+y z=b/c^d%e")
    assert [each.values for each in root.variants] == [("*+y",), ("b/c^d%e",)]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a %below", "no toolchain may have"),
        ("a %broken", "the toolchain broken"),
        ("a target=x86_64 %mixed", "stand beside each other"),
        ("a %gcc@12 %gnu %gcc@13", "asked for twice"),
    ],
)
def test_toolchains_that_cannot_be_used(text: str, why: str) -> None:
    with pytest.raises(ConstraintError, match=why):
        parse(text, TOOLCHAINS)


@pytest.mark.parametrize(
    ("text", "at"),
    [("a !", 2), ("a b", 2), ("a %gcc os=x os=y", 12), ("a ^b ^", 5), ("a@2:1.1", 1)],
)
def test_an_error_tells_where_the_text_is_wrong(text: str, at: int) -> None:
    with pytest.raises(ConstraintError) as caught:
        parse(text)
    assert caught.value.position == at


def test_words_that_mean_something_else_than_before_1_0_are_told() -> None:
    told = "since Spack 1.0 `+docs target=zen4` after %gcc describes gcc; for hdf5 write it before"
    assert notices(parse("hdf5 %gcc@12 target=zen4 +docs")) == (told,)
    assert notices(parse("hdf5 %gcc@12 %cmake+ownlibs ^zlib+pic")) == ()
    (one,) = notices(parse("hdf5 ^zlib %clang os=x"))
    assert "for zlib" in one
    (one,) = notices(parse("hdf5 target=zen4%gcc"))
    assert "`target=zen4%gcc` is one value" in one
    assert notices(parse("hdf5 cflags='-Wl,%x'")) == ()


VERSIONS = st.sampled_from(["1", "1.2", "=1.2", "1.2:", ":1.2", "1:2,=3", "3:", "2:3,5", "develop"])
TEXTS = st.sampled_from(["0.9", "1", "1.2", "1.2.3", "1.3", "2", "2.5", "3", "3.1", "5", "develop"])


@given(VERSIONS, VERSIONS, TEXTS)
@example("1.2", "=1.2", "1.2")
def test_overlap_holds_what_both_hold(one: str, other: str, version: str) -> None:
    shared = overlap(parse_versions(one), parse_versions(other))
    found = shared is not None and any(version_key(version) in each for each in shared)
    assert found == (
        spack_rule.in_versions(version, one) and spack_rule.in_versions(version, other)
    )


PIECES = (
    *("hdf5", "@1:", "+x", " ~~y", " k=v", " k:=v", " os=o", " target=zen3:", " %gcc", "/ab"),
    *(" ^zlib", " %[virtuals=c] gcc", "^/c", "]", "[", " cflags='-g", "'", "%", "^", "*", "!"),
)
WORDS = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)


@given(WORDS | st.text(max_size=20))
def test_any_text_is_a_constraint_or_an_error_that_tells_where(text: str) -> None:
    try:
        found = parse(text)
    except ConstraintError as error:
        position = error.position
    else:
        assert isinstance(found, Constraint)
        assert implies(found, found)
        position = 0
    assert position is not None
    assert 0 <= position <= len(text)
