"""Every bad document is rejected for its own reason, and costs its good neighbours nothing."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from spack_census import build
from spack_census.documents.limits import LIMITS
from spack_census.documents.parsing import parse
from spack_census.documents.records import Document, Reason, Reject
from spack_census.errors import CensusError
from support.documents_made import Spec, document, hash_of, write_document

Row = dict[str, Any]
Reader = Callable[[Path, str], list[Row]]

BAD = Path(__file__).parents[1] / "corpus" / "bad"
EXPECTED: dict[str, dict[str, str]] = yaml.safe_load((BAD / "expected.yaml").read_text())

OF_INDEXES = {Reason.UNSUPPORTED_GENERATION, Reason.MISSING_INDEX, Reason.BAD_CHECKSUM}
"""test_buildcache.py makes these."""
MADE_HERE = {Reason.TOO_LARGE, Reason.NOT_REGULAR_FILE}
"""Reasons whose files git cannot keep, or should not."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("bad") / "dataset"
    build(BAD, dataset, jobs=1)
    return dataset


@pytest.fixture(scope="module")
def rejects(built: Path, read_rows: Reader) -> dict[str, list[Row]]:
    by_path: dict[str, list[Row]] = {}
    for row in read_rows(built, "rejects"):
        by_path.setdefault(row["path"], []).append(row)
    return by_path


@pytest.mark.parametrize("name", EXPECTED)
def test_a_bad_file_is_rejected_once_for_its_reason(
    name: str, rejects: dict[str, list[Row]]
) -> None:
    (row,) = rejects[name]
    expected = EXPECTED[name]
    assert (row["scope"], row["reason"]) == (expected["scope"], expected["reason"]), row
    assert expected.get("place", "") in row["place"]
    assert row["message"]
    assert row["remedy"]
    assert row["size_bytes"] == (BAD / name).stat().st_size
    assert len(row["message"]) <= LIMITS.message_characters


def test_nothing_else_is_rejected(rejects: dict[str, list[Row]]) -> None:
    assert rejects.keys() == EXPECTED.keys()


def test_every_reason_has_a_file() -> None:
    with_file = {expected["reason"] for expected in EXPECTED.values()}
    assert with_file | MADE_HERE | OF_INDEXES == set(Reason)


def test_every_file_but_the_good_ones_is_expected_to_fail() -> None:
    spec_files = {"spec-0.json", "spec-2.json"}  # of generation-3.md; the second is missing
    files = {path.name for path in BAD.iterdir()} - {"expected.yaml"} - spec_files
    assert files - EXPECTED.keys() == {"good-neighbour.md", "twin-1-first.md"}


def test_good_neighbours_land(built: Path, read_rows: Reader) -> None:
    packages = Counter(row["package"] for row in read_rows(built, "specs"))
    assert packages["good-neighbour"] == 2
    assert [row["hash"] for row in read_rows(built, "specs") if row["package"] == "twin"] == [
        hash_of("twin 1")
    ]


def test_a_bad_spec_goes_alone(built: Path, read_rows: Reader) -> None:
    found: dict[str, list[str]] = {}
    for row in read_rows(built, "specs"):
        found.setdefault(row["package"], []).append(row["hash"])
    for name, expected in EXPECTED.items():
        if expected["scope"] == "spec":
            good = sorted(hash_of(f"{name} {number}") for number in (0, 2))
            assert sorted(found[Path(name).stem]) == good, name


def test_counts_are_conserved(
    built: Path, read_rows: Reader, rejects: dict[str, list[Row]]
) -> None:
    documents = read_rows(built, "documents")
    rows = [row for path in rejects.values() for row in path]
    scopes = Counter(row["scope"] for row in rows)
    num_files = len(list(BAD.iterdir())) - 3  # expected.yaml and two spec files are no documents
    assert len(documents) + scopes["document"] == num_files
    assert sum(row["num_specs_written"] for row in documents) == len(read_rows(built, "specs"))
    assert sum(row["num_specs_rejected"] for row in documents) == scopes["spec"]
    for row in documents:
        assert row["num_specs_seen"] == row["num_specs_written"] + row["num_specs_rejected"]
    seen = {row["path"]: row["num_specs_seen"] for row in documents}
    for name, expected in EXPECTED.items():
        if expected["scope"] == "spec":
            assert seen[name] == 3


def test_no_partition_is_named_by_a_bad_document(built: Path) -> None:
    specs = built / "current" / "specs"
    names = {path.relative_to(specs).as_posix() for path in specs.glob("*/*/*")}
    assert names == {
        "platform=linux/target=aarch64/snapshot=bad",
        "platform=linux/target=x86_64_v3/snapshot=bad",
    }
    assert sorted(path.name for path in built.parent.iterdir()) == ["dataset"]


def test_strict_makes_a_reject_an_error_and_publishes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    shutil.copy(BAD / "good-neighbour.md", source)
    build(source, tmp_path / "dataset", strict=True)
    before = (tmp_path / "dataset" / "current").readlink()
    shutil.copy(BAD / "os-empty.md", source)
    with pytest.raises(CensusError, match=r"os-empty\.md") as caught:
        build(source, tmp_path / "dataset", strict=True)
    assert caught.value.next_steps
    assert (tmp_path / "dataset" / "current").readlink() == before


def rejected_beside_a_good_one(source: Path, dataset: Path, read_rows: Reader) -> list[Row]:
    """Build a source of one good document and others; return the rejects, the good one landed."""
    write_document(source, "good", "bad", [Spec()])
    build(source, dataset, jobs=1)
    assert [row["package"] for row in read_rows(dataset, "specs")] == ["good"]
    return read_rows(dataset, "rejects")


def test_a_file_over_the_limit_is_rejected_unread(tmp_path: Path, read_rows: Reader) -> None:
    source = tmp_path / "source"
    source.mkdir()
    with (source / "huge.md").open("wb") as file:
        file.truncate(LIMITS.document_bytes + 1)  # sparse: it takes no room on the disk
    (row,) = rejected_beside_a_good_one(source, tmp_path / "dataset", read_rows)
    assert (row["path"], row["reason"]) == ("huge.md", Reason.TOO_LARGE)
    assert row["size_bytes"] == LIMITS.document_bytes + 1
    assert row["sha256"] is None


def test_links_and_special_files_are_rejected_unopened(tmp_path: Path, read_rows: Reader) -> None:
    source, outside = tmp_path / "source", tmp_path / "outside"
    source.mkdir()
    write_document(outside, "outside", "bad", [Spec()])
    (source / "link.md").symlink_to(next(outside.rglob("specs.md")))
    (source / "folder.md").symlink_to(outside, target_is_directory=True)
    (source / "dangling.md").symlink_to("nowhere")
    (source / "loop.md").symlink_to("loop.md")
    os.mkfifo(source / "pipe.md")  # opening it would wait for a writer, for ever
    rows = rejected_beside_a_good_one(source, tmp_path / "dataset", read_rows)
    names = ["dangling.md", "folder.md", "link.md", "loop.md", "pipe.md"]
    assert [row["path"] for row in rows] == names
    assert {row["reason"] for row in rows} == {Reason.NOT_REGULAR_FILE}


def test_a_name_that_is_no_utf8_is_rejected(tmp_path: Path, read_rows: Reader) -> None:
    source = tmp_path / "source"
    source.mkdir()
    path = os.fsencode(source) + b"/caf\xe9.md"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    os.close(descriptor)
    (row,) = rejected_beside_a_good_one(source, tmp_path / "dataset", read_rows)
    assert (row["path"], row["reason"]) == ("caf\\xe9.md", Reason.UNSAFE_NAME)


def test_readme_and_dot_files_are_skipped(tmp_path: Path, read_rows: Reader) -> None:
    source = tmp_path / "source"
    (source / ".git").mkdir(parents=True)
    for name in ("README.md", "README", "readme.txt", ".draft.md", ".git/description.md"):
        (source / name).write_text("no document")
    assert rejected_beside_a_good_one(source, tmp_path / "dataset", read_rows) == []


def reason_of(text: str | bytes) -> Reason | None:
    """Return why a document is rejected, None for an accepted one without problems."""
    data = text if isinstance(text, bytes) else text.encode()
    found = parse(data, "specs.md")
    if isinstance(found, Reject):
        return found.problem.reason
    assert isinstance(found, Document)
    return found.problems[0].reason if found.problems else None


def good_text() -> str:
    return document("zlib", "develop", [Spec()])


@pytest.mark.parametrize(
    ("reason", "damage"),
    [
        # Each would take minutes, gigabytes or the whole process with an unguarded parser.
        (Reason.TOO_DEEP, lambda text: text.replace("cache", "[" * 100_000 + "]" * 100_000)),
        (Reason.TOO_DEEP, lambda text: text.replace('"os": ', '"os": ' + "[" * 200_000)),
        (
            Reason.TOO_DEEP,
            lambda text: text.replace("meta: {", 'meta: {"x": ' + "[" * 9000 + "]" * 9000 + ", "),
        ),
        (Reason.TOO_LARGE, lambda text: text.replace("cache", "x" * (LIMITS.yaml_bytes + 1))),
        (
            Reason.TOO_LARGE,
            lambda text: text.replace("meta: {", 'meta: {"x": [' + "0," * LIMITS.nodes + "0], "),
        ),
        (Reason.TOO_LARGE, lambda text: text + "\n" * LIMITS.document_bytes),
        (
            Reason.TOO_LARGE,
            lambda text: text.replace("=makefile", "=" + "a," * (LIMITS.text_characters // 2)),
        ),
    ],
    ids=[
        "deep YAML",
        "deep broken JSON",
        "deep JSON",
        "long YAML",
        "many values",
        "long tail",
        "array",
    ],
)
def test_what_would_cost_too_much_is_rejected(reason: Reason, damage: Callable[[str], str]) -> None:
    assert reason_of(good_text()) is None
    assert reason_of(damage(good_text())) is reason


def test_every_cut_of_a_document_is_rejected() -> None:
    data = document("zlib", "develop", [Spec()], generation=4).encode()
    assert reason_of(data) is None
    for length in range(len(data) - 1):
        assert reason_of(data[:length]) is not None, length


@pytest.mark.parametrize("text", ["ubuntu\\ud800", "\\udc00ubuntu", "\\ud83dubuntu\\ude00"])
def test_a_lone_surrogate_in_a_spec_reaches_no_row(text: str) -> None:
    damaged = good_text().replace('"os": "ubuntu22.04"', f'"os": "{text}"')
    assert reason_of(damaged) is not None
