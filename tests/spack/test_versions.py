"""Version keys against Spack's own order, and against a slow comparator that shares no code."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spack_census.spack.versions import key_after, version_key

HERE = Path(__file__).parents[1] / "conformance"
CONFORMANCE = json.loads((HERE / "version_order.json").read_text(encoding="utf-8"))
SPACK_1_3 = json.loads((HERE / "version_order_2026.json").read_text(encoding="utf-8"))
ORDERS = {**CONFORMANCE["packages"], "mixed": CONFORMANCE["mixed"]}
SHA = "0123456789abcdef0123456789abcdef01234567"

# Words in which letters, prereleases and infinity words sit next to near misses of them.
PLAIN = st.sampled_from(["a", "ab", "B", "rc", "alpha", "beta", "RC", "pre", "Develop", "zz"])
INFINITY = st.sampled_from(["stable", "nightly", "trunk", "head", "master", "main", "develop"])
WORD = PLAIN | INFINITY
NUMBER = st.integers(0, 120).map(str) | st.text("0123456789", min_size=1, max_size=15)
SEGMENT = st.tuples(WORD | NUMBER, st.sampled_from(["", ".", "-", "_", "..", "_-"]))
# 40 characters could be a commit, which is no version that compares.
STANDARD = (
    st.lists(SEGMENT, min_size=1, max_size=5)
    .map(lambda segments: "".join(itertools.chain.from_iterable(segments)))
    .filter(lambda text: len(text) != 40)
)
REF = st.text("abz019./_-", min_size=1, max_size=4)
VERSION = (
    STANDARD
    | st.builds("{}={}".format, REF, STANDARD)
    | st.builds("git.{}={}".format, REF, STANDARD)
    | REF.map("git.{}".format)
)


def slow_parts(text: str) -> list[int | str]:
    """Return the numbers and words of a version, one character at a time."""
    parts: list[str] = []
    last = ""
    for character in text:
        kind = "1" if character.isdigit() else "a" if character.isalpha() else ""
        if kind and kind == last:
            parts[-1] += character
        elif kind:
            parts.append(character)
        last = kind
    return [int(part) if part.isdigit() else part for part in parts]


def slow_rank(part: int | str) -> tuple[Any, ...]:
    infinity = ["stable", "nightly", "trunk", "head", "master", "main", "develop"]
    if isinstance(part, int):
        return (1, part)
    return (2, infinity.index(part)) if part in infinity else (0, part)


def slow_order(version: str) -> tuple[Any, ...]:
    """Return a version as nested tuples that compare as Spack's do."""
    ref, equals, text = version.removeprefix("git.").rpartition("=")
    if not equals and version.startswith("git."):
        return (0, text)
    parts = slow_parts(text)
    prerelease: tuple[int, ...] = (3,)
    stages = ["alpha", "beta", "rc"]
    if len(parts) >= 3 and parts[-2] in stages and isinstance(parts[-1], int):
        prerelease = (stages.index(str(parts[-2])), parts[-1])
        parts = parts[:-2]
    elif len(parts) >= 2 and parts[-1] in stages:
        prerelease = (stages.index(str(parts[-1])),)
        parts = parts[:-1]
    return (1, tuple(slow_rank(part) for part in parts), prerelease, bool(equals), ref)


def sign(left: Any, right: Any) -> int:
    return int(left > right) - int(left < right)


@pytest.mark.parametrize("package", ORDERS)
def test_keys_put_versions_in_the_order_of_spack(package: str) -> None:
    keys = [version_key(version) for version in ORDERS[package]]
    assert keys == sorted(keys)
    # The mixed list holds spellings of equal versions; within a package each has its own place.
    assert package == "mixed" or len(set(keys)) == len(keys)


@pytest.mark.parametrize("kind", ["packages", "synthetic", "git"])
def test_keys_put_versions_in_the_order_of_spack_1_3(kind: str) -> None:
    orders = SPACK_1_3["packages"].values() if kind == "packages" else [SPACK_1_3[kind]]
    for order in orders:
        # Versions that Spack counts as equal stand in a list of their own.
        groups = [each if isinstance(each, list) else [each] for each in order]
        keys = [{version_key(version) for version in group} for group in groups]
        assert [len(group) for group in keys] == [1] * len(keys)
        firsts = [key for (key,) in keys]
        assert firsts == sorted(set(firsts))


@given(left=VERSION, right=VERSION)
@example(left="1.2alpha", right="1.2-alpha0")
@example(left="ref=1.2alpha", right="1.2alpha0")
@example(left="git.z", right="_")
@example(left="a", right="a1")
@example(left="a", right="alpha1")
@example(left="a", right="rc")
@example(left="a.b", right="ab")
@example(left="9" * 30, right="1" + "0" * 30)
def test_keys_compare_as_a_slow_comparator_does(left: str, right: str) -> None:
    slow = sign(slow_order(left), slow_order(right))
    key_left, key_right = version_key(left), version_key(right)
    assert sign(key_left, key_right) == slow
    assert sign(key_left.encode(), key_right.encode()) == slow


@given(versions=st.lists(STANDARD, max_size=8))
def test_sorting_by_key_is_sorting_by_version(versions: list[str]) -> None:
    assert sorted(versions, key=version_key) == sorted(versions, key=slow_order)


@pytest.mark.parametrize(
    "equal",
    [
        ("1.2", "1_2", "1-2", "1.2.", "-1.2", "01.002"),
        ("1.2rc3", "1.2-rc.3", "1.2-rc-03"),
        # Spack counts "final" among the stages, as the one that every release is in.
        ("1.2", "1.2final"),
        ("git.main=1.2", "main=1.2"),
    ],
)
def test_versions_that_spack_holds_equal_have_equal_keys(equal: tuple[str, ...]) -> None:
    assert len({version_key(version) for version in equal}) == 1


def test_a_ref_comes_right_after_its_version_and_a_ref_alone_before_all() -> None:
    alone = [SHA, "git.z"]
    order = [*alone, "_", "a", "1.2", f"{SHA}=1.2", "git.a/b=1.2", "x=1.2", "1.2.a", "1.2.0"]
    keys = [version_key(version) for version in order]
    assert keys == sorted(set(keys))


def test_infinity_words_are_exact() -> None:
    order = ["Develop", "9999", "stable", "nightly", "trunk", "head", "master", "main", "develop"]
    keys = [version_key(version) for version in order]
    assert keys == sorted(set(keys))


@pytest.mark.parametrize(
    "version",
    [
        "",
        " ",
        "1.2 ",
        "1.2\n",
        "1:2",
        "1,2",
        "a/b",
        "=1.2",
        "git.",
        "git.=1.2",
        "git.a b=1.2",
        "ref=",
        "ref=1=2",
        "ref=1/2",
        "1.2+x",
        "ü1",
        "1.²",
        "1.٣",
        "1.\0",
        "1" * 100,
        "1.2alpha" + "1" * 100,
        "1." * 128 + "1",
    ],
)
def test_what_is_no_version_raises(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        version_key(version)


def test_the_longest_versions_still_have_a_key() -> None:
    assert version_key("9" * 99) < version_key("develop")
    assert version_key("9" * 98) < version_key("1" + "0" * 98)
    assert version_key("1." * 128)


@given(text=st.text(max_size=12))
def test_any_text_has_an_ascii_key_or_raises_value_error(text: str) -> None:
    try:
        key = version_key(text)
    except ValueError:
        return
    assert key.isascii()
    assert key.isprintable()


@pytest.mark.parametrize(
    ("version", "following"),
    [
        ("1.2", "1.3"),
        ("1.9", "1.10"),
        ("09", "10"),
        ("1_2.", "1.3"),
        ("1.a", "1.b"),
        ("1.Z", "1.a"),
        ("1.az", "1.azA"),
        ("z", "zA"),
        ("1.a.b", "1.a.c"),
        # What follows is no word of forever, which would stand elsewhere.
        ("heac", "heae"),
        ("masteq", "mastes"),
        ("1.nightly", "1.trunk"),
        ("master", "main"),
        ("1.2alpha", "1.2beta"),
        ("1.2beta", "1.2rc"),
        ("1.2alpha3", "1.2alpha4"),
        ("1.2rc", "1.2rc0"),
        ("1.2rc0", "1.2rc1"),
        ("1.2rc99", "1.2rc100"),
        ("1.2final", "1.3"),
        ("alpha1", "alpha2"),
        ("rc", "rd"),
        ("_", "A"),
    ],
)
def test_key_after_is_the_key_of_what_spack_counts_as_the_next(
    version: str, following: str
) -> None:
    if following in ("1.2beta", "1.2rc", "1.2rc0"):
        # Without a number it stands for all numbers of its stage: what follows has a number.
        assert version_key(version) < key_after(version) <= version_key(following)
    else:
        assert key_after(version) == version_key(following)


def test_after_develop_there_is_nothing() -> None:
    assert key_after("develop") > version_key("develop." + "9" * 99)
    assert key_after("1.develop") > version_key("1.develop.develop")
    assert key_after("1.develop") < version_key("2")


@pytest.mark.parametrize("ref", ["git.fix", "fix=1.2", "git.fix=1.2", SHA])
def test_a_ref_has_no_next(ref: str) -> None:
    with pytest.raises(ValueError, match=f"{ref!r} is a git ref, which bounds no range"):
        key_after(ref)


def test_what_is_no_version_has_no_next() -> None:
    with pytest.raises(ValueError, match="is no version"):
        key_after("1 2")
