"""The reader of many and the careful one agree, and what only the careful one sees is seen."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spack_census.documents import frontmatter
from spack_census.documents.parsing import parse
from spack_census.documents.records import Document, Reason, Reject
from support.documents_made import Spec, document, hash_of
from support.examples import share
from support.readers import alone, together

SPECS = [Spec(hash=hash_of(number), version=f"1.{number}") for number in range(3)]
TEXT = document("zlib", "develop", SPECS, generation=6)


def only_problem(text: str) -> Reason:
    found = parse(text.encode(), "zlib/specs.md")
    if isinstance(found, Reject):
        return found.problem.reason
    (problem,) = found.problems
    return problem.reason


def test_both_readers_agree_on_every_shipped_document(documents_folder: Path) -> None:
    paths = [path for path in documents_folder.rglob("*.md") if path.name != "README.md"]
    assert len(paths) > 500
    for path in paths:
        found = together(path.read_bytes())
        assert found is not None, f"{path} is in the site's form and the reader of many left it"
        assert found == alone(path.read_bytes())


@share(3)
@given(st.randoms(use_true_random=False))
def test_the_reader_of_many_takes_nothing_that_the_careful_one_would_not(
    randomness: random.Random,
) -> None:
    data = bytearray(TEXT.encode())
    for _ in range(randomness.randint(1, 3)):
        _mutate(data, randomness)
    assert together(bytes(data)) in (None, alone(bytes(data)))


def _mutate(data: bytearray, randomness: random.Random) -> None:
    """Copy, cut or overwrite a piece: pieces of JSON are what makes keys stand twice."""
    start = randomness.randrange(len(data))
    piece = data[start : start + randomness.randint(1, 60)]
    place = randomness.randrange(len(data))
    match randomness.randrange(4):
        case 0:
            data[place:place] = piece
        case 1:
            del data[start : start + len(piece)]
        case 2:
            data[place : place + len(piece)] = piece
        case _:
            data[place] = randomness.choice(b' \t\\":,{}[]0aN')


@pytest.mark.parametrize(
    "twice",
    [
        '"os": "ubuntu22.04", "os": "ubuntu22.04"',
        '"os": "ubuntu22.04","os" : "centos7"',
        '"os": "ubuntu22.04", "o\\u0073": "centos7"',
        '"os": ":", "os"\t: "centos7"',
    ],
)
def test_a_key_that_stands_twice_is_seen_however_it_is_written(twice: str) -> None:
    text = TEXT.replace('"os": "ubuntu22.04"', twice, 1)
    assert twice in text
    assert only_problem(text) is Reason.DUPLICATE_KEY


@pytest.mark.parametrize("key", ["num_specs", "num_specs_by_stack", "root"])
def test_a_key_that_stands_twice_in_meta_is_seen(key: str) -> None:
    start = TEXT.index(f'"{key}": ')
    text = TEXT[:start] + f'"{key}": 1, ' + TEXT[start:]
    assert only_problem(text) is Reason.DUPLICATE_KEY


@pytest.mark.parametrize("line", ["title", "categories", "meta", "spec_details"])
def test_a_line_that_stands_twice_is_seen(line: str) -> None:
    (whole,) = [each for each in TEXT.splitlines() if each.startswith(f"{line}: ")]
    assert only_problem(TEXT.replace(whole, f"{whole}\n{whole}")) is Reason.DUPLICATE_KEY


def test_yaml_that_is_no_json_gives_the_same_records() -> None:
    plain = parse(TEXT.encode(), "a")
    trailing_comma = parse(TEXT.replace("}]", "},]").encode(), "a")
    assert isinstance(plain, Document)
    assert isinstance(trailing_comma, Document)
    assert trailing_comma.records == plain.records


def test_a_version_is_never_read_as_a_number() -> None:
    assert only_problem(TEXT.replace('["1.0"]', "[1.10]")) is Reason.WRONG_TYPE
    yaml_only = TEXT.replace('["1.0"]', "[1.10,]")
    assert only_problem(yaml_only) is Reason.WRONG_TYPE


def test_white_space_before_json_does_not_make_it_yaml() -> None:
    # YAML would read a bare NaN as the text "NaN", and the row would land.
    damaged = TEXT.replace('"os": "ubuntu22.04"', '"os": NaN', 1)
    for before in ("spec_details: ", "spec_details:  ", "spec_details : ", "spec_details:\t"):
        text = damaged.replace("spec_details: ", before)
        assert only_problem(text) is Reason.WRONG_TYPE, before
    text = TEXT.replace("}]", "}}").replace("spec_details: ", "spec_details:    ")
    found = parse(text.encode(), "a")
    assert isinstance(found, Reject)
    (line,) = [each for each in text.splitlines() if each.startswith("spec_details")]
    assert found.problem.place == f"spec_details: line 6, column {line.rindex('}') + 1}"


def test_a_json_fault_is_placed_by_line_and_column() -> None:
    text = TEXT.replace('"platform": "linux"', '"platform": "linux', 1)
    found = parse(text.encode(), "a")
    assert isinstance(found, Reject)
    assert found.problem.reason is Reason.BAD_JSON
    assert found.problem.place.startswith("spec_details: line 6, column ")
    assert (found.snapshot, found.num_specs) == ("develop", None)


def test_one_bad_spec_is_rejected_alone_and_named() -> None:
    found = parse(TEXT.replace('["1.1"]', "[1]").encode(), "a")
    assert isinstance(found, Document)
    (problem,) = found.problems
    assert (problem.place, problem.hash) == ("spec_details[1].versions[0]", SPECS[1].hash)
    assert [record.version for record in found.records] == ["1.0", "1.2"]
    assert found.num_specs_seen == 3


def test_unknown_keys_are_noted_and_harmless() -> None:
    text = TEXT.replace('{"compiler"', '{"colour": "red", "compiler"', 1)
    text = text.replace("layout: cache", "layout: cache\nextra: [1, 2]")
    text = text.replace('"num_specs":', '"origin": "ci", "num_specs":')
    found, plain = parse(text.encode(), "a"), parse(TEXT.encode(), "a")
    assert isinstance(found, Document)
    assert isinstance(plain, Document)
    assert found.records == plain.records
    assert found.warnings == (
        "unknown key 'extra'",
        "unknown key 'colour' in spec_details",
        "unknown key 'origin' in meta",
    )


def test_a_path_that_disagrees_is_a_warning() -> None:
    found = parse(TEXT.encode(), "_cache/develop/zlib-ng/specs.md")
    assert isinstance(found, Document)
    assert found.warnings == ("the path says 'zlib-ng', the front matter 'zlib'",)


@pytest.mark.parametrize(("generation", "epoch"), [(4, 6), (5, 6), (6, None)])
def test_the_generation_shows_in_the_spelling(generation: int, epoch: int | None) -> None:
    found = parse(
        document("zlib", "v0.19", [Spec(tarball_url="s3://x/y")], generation=generation).encode(),
        "a",
    )
    assert isinstance(found, Document)
    assert (found.generation, found.hash_epoch) == (generation, epoch)


@pytest.mark.parametrize(
    ("spec", "generation"),
    [
        (Spec(compiler=("intel-oneapi-compilers", "2025.1.0")), 7),
        (Spec(compiler=None), 6),
        (Spec(variants={"cuda_arch": ("80", "90")}), 6),
    ],
)
def test_marks_of_spack_1_tell_the_epoch(spec: Spec, generation: int) -> None:
    found = parse(document("zlib", "develop", [spec], generation=6).encode(), "a")
    assert isinstance(found, Document)
    assert (found.generation, found.hash_epoch) == (generation, 8)


@pytest.mark.parametrize("word", ["null", "True", "off", "no", "2024-01-01", "1.0", "007"])
def test_a_category_that_yaml_takes_for_something_else_is_no_snapshot(word: str) -> None:
    text = TEXT.replace("[package, develop]", f"[package, {word}]")
    assert frontmatter.peek(text.encode()) is None
    assert only_problem(text) is Reason.WRONG_TYPE


def test_a_peek_says_what_parsing_says(documents_folder: Path) -> None:
    for path in sorted(documents_folder.rglob("specs.md"))[::25]:
        data = path.read_bytes()
        found = parse(data, "a")
        assert isinstance(found, Document)
        assert frontmatter.peek(data[:4096]) == found.snapshot


def test_a_hostile_number_of_keys_is_bounded() -> None:
    details = json.dumps([{f"key{number}": 0 for number in range(400_000)} for _ in range(3)])
    found = parse(f'---\ntitle: "a"\nspec_details: {details}\n---'.encode(), "a.md")
    assert isinstance(found, Reject)
    assert found.problem.reason is Reason.TOO_LARGE
