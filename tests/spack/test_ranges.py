"""Version lists as ranges of keys, against Spack's rule on tuples."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from spack_census.spack.ranges import Range, Versions, overlap, parse_versions
from spack_census.spack.versions import key_after, version_key
from support import spack_rule

SPACK_1_3 = json.loads(
    (Path(__file__).parents[1] / "conformance" / "version_order_2026.json").read_text("utf-8")
)
SEGMENT = st.tuples(
    st.integers(0, 12).map(str)
    | st.sampled_from(["alpha", "beta", "rc", "final", "z", "Z", "zA", "a", "headZ", "heac"])
    | st.sampled_from(["develop", "main", "head", "stable"]),
    st.sampled_from([".", "-", "_", ""]),
)
VERSION = (
    st.lists(SEGMENT, min_size=1, max_size=4)
    .map(lambda segments: "".join(itertools.chain.from_iterable(segments)).strip(".-_"))
    .filter(lambda text: len(text) != 40)
)


@given(VERSION, VERSION)
@example("1.2.9", "1.2")
@example("1.3-rc1", "1.2")
@example("1.3alpha", "1.2")
@example("1.2rc1", "1.2rc")
@example("head", "heac")
@example("develop.1", "develop")
def test_key_after_divides_where_the_next_version_does(text: str, bound: str) -> None:
    before = spack_rule.version(text) < spack_rule.following(spack_rule.version(bound))
    assert (version_key(text) < key_after(bound)) == before


@given(VERSION, st.none() | VERSION, st.none() | VERSION)
@example("1.10", "1.2", "1.9")
@example("develop", "1.2", None)
def test_range_holds_what_spacks_range_holds(
    text: str, lower: str | None, upper: str | None
) -> None:
    constraint = f"{lower or ''}:{upper or ''}"
    wanted = spack_rule.in_versions(text, constraint)
    try:
        ranges = parse_versions(constraint)
    except ValueError:
        assert not wanted
        return
    assert (not ranges or any(version_key(text) in each for each in ranges)) == wanted


@given(VERSION, st.lists(st.tuples(st.sampled_from(["", "="]), VERSION), min_size=1, max_size=3))
def test_list_holds_what_one_of_its_elements_holds(
    text: str, elements: list[tuple[str, str]]
) -> None:
    constraint = ",".join(map("".join, elements))
    found = any(version_key(text) in each for each in parse_versions(constraint))
    assert found == spack_rule.in_versions(text, constraint)


@pytest.mark.parametrize("kind", ["ranges", "git_ranges"])
def test_version_lists_hold_what_they_hold_in_spack_1_3(kind: str) -> None:
    wrong = []
    for case in SPACK_1_3[kind]:
        ranges = parse_versions(case["range"])
        key = version_key(case["version"])
        found = not ranges or any(key in each for each in ranges)
        wrong += [case] if found != case["satisfies"] else []
    assert wrong == []


def test_bare_version_admits_what_begins_with_it_and_equals_sign_does_not() -> None:
    (bare,), (exact,) = parse_versions("1.2"), parse_versions("=1.2")
    assert [version_key(each) in bare for each in ("1.2", "1.2.9", "1.20")] == [True, True, False]
    assert [version_key(each) in exact for each in ("1.2", "1_2", "1.2.0")] == [True, True, False]


def test_ref_counts_as_the_version_it_is_assigned() -> None:
    (inside,) = parse_versions("1.2")
    (exact,) = parse_versions("=1.2")
    (ref,) = parse_versions("git.fix=1.2")
    assert version_key("git.fix=1.2") in inside
    assert version_key("git.fix=1.2") not in exact
    assert version_key("git.fix=1.2") in ref
    assert version_key("git.other=1.2") not in ref


def test_ref_without_a_version_is_in_no_range_but_in_any_version() -> None:
    assert all(version_key("git.fix") not in each for each in parse_versions(":9,develop"))
    assert parse_versions(":") == ()


def test_ref_alone_is_the_ref_whatever_version_it_is_assigned() -> None:
    (ref,), (commit,) = parse_versions("git.fix"), parse_versions("a" * 40)
    assert version_key("git.fix") in ref
    assert version_key("git.fix=1.3") in ref
    assert version_key("1.3") not in ref
    assert version_key("git.hotfix=1.3") not in ref
    assert version_key(f"git.{'a' * 40}=1.3") in commit


@pytest.mark.parametrize("text", ["2:1.1", "=", "1.2:git.fix=1.3", ""])
def test_what_has_no_place_among_versions_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_versions(text)


ELEMENT = st.sampled_from(
    ["1.2", "=1.2", "1.2:", ":1.2", "1.2:1.4", "1.4:2", "=1.4", "2", "git.fix", "git.fix=1.2", "3:"]
)
KEYS = [version_key(each) for each in ("1.1", "1.2", "1.2.1", "1.3", "1.4", "1.5", "2", "2.1", "3")]
KEYS += [version_key(each) for each in ("git.fix", "git.fix=1.2", "git.fix=1.4", "git.other=1.2")]


@given(st.lists(ELEMENT, max_size=3), st.lists(ELEMENT, max_size=3))
@example(["1.2:1.4"], ["1.4:2"])
@example(["1.2"], ["1.4:2"])
@example([":1.2"], ["1.2:"])
@example(["git.fix"], ["git.fix"])
@example(["git.fix"], ["1.2"])
@example([], ["1.2"])
@example([], [])
def test_what_two_lists_share_is_what_is_in_both(one: list[str], other: list[str]) -> None:
    sides = [parse_versions(",".join(each)) if each else () for each in (one, other)]
    shared = overlap(*sides)

    def holds(versions: Versions | None, key: str) -> bool:
        return versions is not None and (not versions or any(key in each for each in versions))

    for key in KEYS:
        both = all(holds(side, key) for side in sides)
        # A git ref with a version is in ranges, too; a list that names the ref does not hold those.
        assert holds(shared, key) == both or key.startswith("!") or "@" in key
    assert (shared is None) == (overlap(*reversed(sides)) is None)
    if all(sides) and shared is not None:
        assert len(set(shared)) == len(shared)


def test_what_two_lists_share_is_named_once() -> None:
    assert overlap((), ()) == ()
    assert overlap(parse_versions("1.2"), ()) == parse_versions("1.2")
    assert overlap((), parse_versions("1.2")) == parse_versions("1.2")
    assert overlap(parse_versions("1.2,1:"), parse_versions("1.2")) == parse_versions("1.2")
    assert overlap(parse_versions("1:2"), parse_versions("1.5:")) == parse_versions("1.5:2")
    assert overlap(parse_versions("1:"), parse_versions("2:")) == parse_versions("2:")
    assert overlap(parse_versions("=1.2"), parse_versions("1:,=1.2")) == parse_versions("=1.2")
    assert overlap(parse_versions("1:"), parse_versions("=1.2")) == parse_versions("=1.2")
    assert overlap(parse_versions("=1.2"), parse_versions("=1.3")) is None
    assert overlap(parse_versions("2:"), parse_versions("=1.3")) is None
    assert overlap(parse_versions("git.fix"), parse_versions("git.fix")) == parse_versions(
        "git.fix"
    )
    assert overlap(parse_versions("git.fix"), parse_versions("git.other")) is None
    # The end of a range is no part of it: what ends where the other begins shares nothing.
    assert overlap((Range("a", "b"),), (Range("b", "c"),)) is None


def test_an_error_names_the_range_or_the_ref() -> None:
    with pytest.raises(ValueError, match=r"^the range 2:1\.1 runs backwards$"):
        parse_versions("2:1.1")
    with pytest.raises(ValueError, match=r"^the place of the git ref 'git\.fix' among versions is"):
        parse_versions("git.fix:2")


def test_a_range_that_ends_where_it_begins_is_empty_and_no_error_as_in_spack() -> None:
    (empty,) = parse_versions("1.3:1.2")
    assert all(key not in empty for key in KEYS)
