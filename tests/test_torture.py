"""The short forms of `make torture`: each in a process of its own, which can fork in peace."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spack_census.documents import columns, parsing
from support import naive
from support.documents_made import Spec, document, hash_of
from torture import fuzz, states, together
from torture.mutations import mutated

FAULTS = ("read errors", "mixed reads", "acknowledged builds lost", "datasets broken")


def torture(*arguments: str) -> dict[str, Any]:
    """Run stages of the torture; return their numbers, demanding that none is a fault."""
    ran = subprocess.run(
        [sys.executable, "-m", "torture", "--json", *arguments],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    numbers: dict[str, Any] = json.loads(ran.stdout)
    return numbers


@pytest.mark.torture
def test_builders_killed_at_random_leave_the_old_version_or_the_new() -> None:
    numbers = torture("--kills", "25")
    assert numbers["builders killed at random"] == 25
    assert numbers["builds that ended meanwhile"] >= 25
    for engine in ("duckdb", "polars", "pyarrow"):
        assert numbers[f"reads by {engine}"] > 10
    assert [numbers[fault] for fault in FAULTS] == [0, 0, 0, 0]


@pytest.mark.torture
def test_each_step_killed_or_failed_leaves_the_old_version_or_the_new() -> None:
    numbers = torture("--steps", "some")
    # Opening the lock, folders and files, syncing, linking, moving, the commit, cleaning up.
    assert numbers["builders killed at a step"] >= 12
    failed = numbers["steps failed with EIO or ENOSPC"]
    assert failed == 2 * numbers["builders killed at a step"]
    assert numbers["builds that left debris"] == 0


@pytest.mark.torture
def test_publishing_in_place_does_not_pass() -> None:
    numbers = torture("--control", "8")
    assert numbers["control, in place: faults found"] > 0


@pytest.mark.torture
def test_races_decay_and_mutations_do_no_harm() -> None:
    numbers = torture(
        *("--races", "12", "--flips", "60", "--mutations", "2000", "--hostile", "all")
    )
    assert numbers["races of two builders"] == numbers["races of two builders, --wait"] == 6
    assert numbers["races of two builders, --wait: both built"] == 6
    assert numbers["bits flipped"] == 60
    assert numbers["hostile documents"] > 20
    assert numbers["documents: mutations"] == numbers["indexes: mutations"] == 2000
    accepted = numbers["documents: accepted"] + numbers["documents: accepted in part"]
    assert accepted > 200, "or the fuzzer compares hardly any rows"
    assert numbers["documents: rejected"] + accepted == 2000
    assert numbers["documents together: decoded together"] > 100, "or it compares hardly any"


def test_the_same_seed_gives_the_same_mutations() -> None:
    seeds = fuzz.document_seeds()
    runs = []
    for _ in range(2):
        dice = random.Random(3)  # noqa: S311 - dice, no secret
        runs.append([mutated(dice.choice(seeds), seeds, dice) for _ in range(200)])
    assert runs[0] == runs[1]
    assert len({*runs[0]}) > 190


def test_every_seed_is_judged_as_it_stands() -> None:
    verdicts = Counter(map(fuzz.check_document, fuzz.document_seeds()))
    assert verdicts.keys() == {"accepted", "accepted in part", "rejected"}
    assert verdicts["accepted"] > 50


@pytest.mark.parametrize(
    ("what", "wrong"),
    [("os", "ubuntu"), ("variants", ()), ("compiler_version", None), ("hash", hash_of("other"))],
)
def test_the_fuzzer_sees_a_wrong_row(
    monkeypatch: pytest.MonkeyPatch, what: str, wrong: object
) -> None:
    parse = parsing.parse

    def parse_wrongly(data: bytes, path: str) -> Any:
        found = parse(data, path)
        record = msgspec.structs.replace(found.records[0], **{what: wrong})
        return msgspec.structs.replace(found, records=(record, *found.records[1:]))

    text = document("zlib", "develop", [Spec()]).encode()
    assert fuzz.check_document(text) == "accepted"
    monkeypatch.setattr(parsing, "parse", parse_wrongly)
    with pytest.raises(AssertionError, match="the naive reader's"):
        fuzz.check_document(text)


def test_the_fuzzer_sees_what_a_neighbour_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    decode = columns.decode

    def decode_wrongly(packages: Sequence[str], details: Sequence[bytes]) -> Any:
        return decode(packages[1:] + packages[:1], details)

    text = document("zlib", "develop", [Spec()]).encode()
    assert together.check(text) == "decoded together"
    monkeypatch.setattr(columns, "decode", decode_wrongly)
    with pytest.raises(AssertionError):
        together.check(text)


def test_the_fuzzer_sees_a_lost_spec_and_a_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose(data: bytes, path: str) -> Any:
        found = parse(data, path)
        return msgspec.structs.replace(found, records=(), num_specs_seen=0)

    parse = parsing.parse
    monkeypatch.setattr(parsing, "parse", lose)
    text = document("zlib", "develop", [Spec()]).encode()
    form = fuzz.Format(lambda: [text], fuzz.check_document)
    tally = fuzz.fuzz(form, 20, seed=1)
    assert tally.wrong == 20
    monkeypatch.setattr(parsing, "parse", lambda *_: 1 / 0)
    tally = fuzz.fuzz(form, 5, seed=1)
    assert tally.wrong == 5
    assert "ZeroDivisionError" in tally.samples[0][0]


def groups(number: int, **counts: int) -> list[states.Group]:
    rows = 2 * (8 + number % 4)
    return [
        *((snapshot, f"{number}.0", counts.get(snapshot, rows)) for snapshot in states.CHANGING),
        (states.STILL, "0.0", 8),
    ]


def test_a_mix_of_two_states_is_none() -> None:
    assert states.shown(groups(7)) == 7
    assert states.shown([groups(7)[0], *groups(8)[1:]]) is None
    assert states.shown([*groups(7), *groups(8)]) is None
    assert states.shown(groups(7, develop=21)) is None
    assert states.shown(groups(7)[:-1]) is None
    assert states.shown([]) is None


def test_the_naive_reader_shares_no_code_with_the_pipeline() -> None:
    assert "spack_census" not in Path(naive.__file__).read_text(encoding="utf-8")
