"""Documents decoded many at once are what each is alone: faultless, odd and broken ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from spack_census.documents import batches, parsing
from spack_census.documents.columns import Rows
from spack_census.documents.records import Document, Record, Reject
from support.documents_made import Spec, document, hash_of
from support.naive import document_paths

File = tuple[str, bytes]


def singly(path: str, data: bytes) -> Document | Reject:
    return parsing.parse(data, path)


def plain(found: Document | Reject) -> Document | Reject:
    """Return what can be compared: records as records, in whatever form they came."""
    if isinstance(found, Reject):
        return found
    return msgspec.structs.replace(found, records=tuple(found.records))


def together(files: list[File]) -> list[Document | Reject]:
    return [plain(found) for found in batches.parse(files, singly)]


def alone(files: list[File]) -> list[Document | Reject]:
    return [plain(singly(path, data)) for path, data in files]


def num_together(files: list[File]) -> int:
    found = batches.parse(files, singly)
    return sum(isinstance(each, Document) and isinstance(each.records, Rows) for each in found)


def made(package: str, specs: list[Spec], generation: int = 6) -> bytes:
    return document(package, "develop", specs, generation=generation).encode()


GOOD = [
    (f"{number}.md", made(f"good{number}", [Spec(hash=hash_of(number))])) for number in range(3)
]


def test_every_document_of_samples_and_corpus(documents_folder: Path, corpus: Path) -> None:
    for folder, taken in ((documents_folder, 1600), (corpus, 0)):
        files = [(str(path), path.read_bytes()) for path in document_paths(folder)]
        assert together(files) == alone(files)
        # Were nothing taken together, this test would hold and say nothing.
        assert num_together(files) >= taken


@pytest.mark.parametrize("generation", [4, 5, 6, 7])
def test_the_generations(generation: int) -> None:
    specs = [
        Spec(hash=hash_of(1)),
        Spec(hash=hash_of(2), size_bytes=None, stacks=()),
        Spec(hash=hash_of(3), variants={"amdgpu_target": ("gfx90a", "gfx908")}),
        Spec(hash=hash_of(4), compiler=None if generation > 5 else ("clang", "15")),
        Spec(hash=hash_of(5), compiler=("llvm", "19.1.0"), variants={}),
    ]
    files = [(f"{n}.md", made(f"p{n}", specs[:n], generation)) for n in range(len(specs) + 1)]
    assert together(files) == alone(files)
    # Keys stand in the same order whatever the generation, but for a tarball's.
    assert num_together(files[:1]) == 1


def test_documents_in_more_than_one_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "_BATCH_BYTES", len(GOOD[0][1]) + 1)
    assert together(GOOD) == alone(GOOD)
    assert num_together(GOOD) == 3


def test_no_documents() -> None:
    assert together([]) == []


def spec_with(**values: Any) -> str:
    return json.dumps([Spec(hash=hash_of(9)).spelled(6) | values])


FAULTS: dict[str, str] = {
    "two lists": '[]}\n{"details":[]'.replace("\n", " "),
    "a second key": '[],"other":[]',
    "the same key": '[],"details":[]',
    "an open list": '[{"stacks":[]',
    "no object": "[1]",
    "null for a spec": "[null]",
    "a nested list": "[[]]",
    "an unknown key": spec_with(signed=True),
    "a key twice": spec_with().replace('"os":', '"os": "rhel8", "os":'),
    "a missing key": spec_with().replace('"os": "ubuntu22.04", ', ""),
    "null for text": spec_with(os=None),
    "a number for text": spec_with(os=22.04),
    "no text": spec_with(os=" "),
    "null for a list": spec_with(stacks=None),
    "null in a list": spec_with(stacks=["e4s", None]),
    "an empty stack": spec_with(stacks=[""]),
    "an empty variant": spec_with(variants=[""]),
    "an empty variant beside another": spec_with(variants=["+a", ""]),
    "no variant": spec_with(variants=["a"]),
    "two versions": spec_with(versions=["1", "2"]),
    "no version": spec_with(versions=[]),
    "an empty version": spec_with(versions=[""]),
    "no compiler": spec_with(compiler=""),
    "a short hash": spec_with(hash="abc"),
    "a hash and a line end": spec_with(hash=hash_of(9) + "\n"),
    "an upper case hash": spec_with(hash=hash_of(9).upper()),
    "an unsafe target": spec_with(target="../up"),
    "an unsafe platform": spec_with(platform=""),
    "a size that is a number": spec_with(size=12),
    "a size with a unit": spec_with(size="1.5 MiB"),
    "no size": spec_with(size=None),
    "a bad size": spec_with(size="large"),
    "a tarball": spec_with(tarball="https://example.org/x"),
    "a tarball that is null": spec_with(tarball=None),
    "an escape": spec_with(os="a\nb"),
    "an escaped key": spec_with().replace('"os"', r'"\u006fs"'),
    "a tabulator": spec_with(os="a?b").replace("?", "\t"),
    "white space before a colon": spec_with().replace('"os":', '"os" :'),
    "the hash of another document": spec_with(hash=hash_of(1)),
    "a hash twice": json.dumps([Spec(hash=hash_of(9)).spelled(6)] * 2),
    "a trailing comma": spec_with().replace("}]", "},]"),
    "not ASCII": spec_with(os="ä").encode().decode("unicode_escape"),
    "a comment": "[/* none */]",
}


@pytest.mark.parametrize("details", FAULTS.values(), ids=FAULTS.keys())
def test_a_document_with_a_fault_among_others(details: str) -> None:
    text = made("odd", [Spec(hash=hash_of(9))]).decode()
    start = text.index("spec_details: ") + len("spec_details: ")
    odd = f"{text[:start]}{details}\n---".encode()
    files = [*GOOD, ("odd.md", odd), ("last.md", made("last", [Spec(hash=hash_of(7))]))]
    assert together(files) == alone(files)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"\n",
        lambda data: data + b"\nmore",
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data.replace(b"layout: cache\n", b"layout: cache\nsigned: true\n"),
        lambda data: data.replace(b"layout: cache\n", b""),
        lambda data: data.replace(b'title: "good0"', b'title: "go\x00od"'),
        lambda data: data.replace(b"meta: {", b"meta: {} {"),
        lambda data: data[:-4],
    ],
)
def test_a_document_in_another_form_among_others(change: Callable[[bytes], bytes]) -> None:
    files = [("odd.md", change(GOOD[0][1])), *GOOD[1:]]
    assert together(files) == alone(files)
    assert num_together(files) == 2


def test_records_are_a_sequence() -> None:
    specs = [Spec(hash=hash_of(number)) for number in range(4)]
    found = list(batches.parse([*GOOD[:1], ("a.md", made("a", specs)), *GOOD[1:]], singly))[1]
    assert isinstance(found, Document)
    assert isinstance(found.records, Rows)
    every = list(found.records)
    assert len(found.records) == len(every) == 4
    assert [found.records[number] for number in range(-4, 4)] == every * 2
    for cut in (slice(1, 3), slice(None), slice(3, 1), slice(None, None, -2), slice(9, None)):
        assert list(found.records[cut]) == every[cut]
    for outside in (4, -5):
        with pytest.raises(IndexError):
            found.records[outside]


def test_one_record_is_made_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    specs = [Spec(hash=hash_of(number)) for number in range(4)]
    [found] = batches.parse([("a.md", made("a", specs))], singly)
    assert isinstance(found, Document)
    num_made = 0

    def counted(**fields: Any) -> Record:
        nonlocal num_made
        num_made += 1
        return Record(**fields)

    monkeypatch.setattr("spack_census.documents.columns.Record", counted)
    assert [found.records[number].hash for number in range(4)] == [each.hash for each in specs]
    assert num_made == 4


@pytest.mark.parametrize("odd", [(), (0,), (6,), (3, 4), (0, 2, 4, 6)])
def test_one_odd_document_costs_the_others_nothing(odd: tuple[int, ...]) -> None:
    """Whatever is wrong shows only when all are decoded: a hash that stands twice."""
    files = [
        (
            f"{n}.md",
            made(f"p{n}", [Spec(hash=hash_of(n)), Spec(hash=hash_of(n if n in odd else -n - 1))]),
        )
        for n in range(7)
    ]
    assert together(files) == alone(files)
    assert num_together(files) == len(files) - len(odd)


PLAIN_SPEC = json.dumps(Spec(hash=hash_of(9)).spelled(6))
LOOK_ALIKES = {
    "a cut between specs": PLAIN_SPEC.replace("ubuntu22.04", "a}, {b"),
    "a cut before a list": PLAIN_SPEC.replace("ubuntu22.04", ": [b"),
    "a cut for the next one": PLAIN_SPEC.replace('"os": "ubuntu22.04", ', "").replace(
        '"platform": "linux"', '"platform": ": [linux"'
    ),
    "a key within a text": PLAIN_SPEC.replace("ubuntu22.04", ":"),
    "a comma within a text": PLAIN_SPEC.replace("ubuntu22.04", ", "),
    "a list in a list": PLAIN_SPEC.replace('"versions": [', '"versions": [['),
    "a text for a list": PLAIN_SPEC.replace('"versions": [', '"versions": "'),
    "an open text": PLAIN_SPEC.replace('"ubuntu22.04"', '"ubuntu22.04'),
    "a second text": PLAIN_SPEC.replace('"ubuntu22.04"', '"ubuntu22.04" "x"'),
    "keys in another order": json.dumps(dict(reversed(json.loads(PLAIN_SPEC).items()))),
    "no white space": json.dumps(json.loads(PLAIN_SPEC), separators=(",", ":")),
    "more white space": PLAIN_SPEC.replace(", ", " ,  "),
    "a hash one too long": PLAIN_SPEC.replace(hash_of(9), hash_of(9) + "a"),
    "a key behind the last": PLAIN_SPEC[:-1] + ', "signed": true}',
    "a list behind the last": PLAIN_SPEC[:-1] + ', "oss": []}',
    "the compiler twice": '{"compiler": "gcc@=1", ' + PLAIN_SPEC[1:],
    "the stacks twice": PLAIN_SPEC.replace('"stacks": [', '"stacks": [], "stacks": ['),
    "a key twice, once with a space": PLAIN_SPEC.replace('"os": ', '"os" : "rhel8", "os": '),
    "a key twice, both with a space": PLAIN_SPEC.replace('"os": ', '"os" : "rhel8", "os" : '),
    "a key twice, once with a tab": PLAIN_SPEC.replace(
        '"target": ', '"target"\t: "zen4", "target": '
    ),
    "a key twice, once of nothing": PLAIN_SPEC.replace('"size": ', '"size" : null, "size": '),
    "a list twice with no space": PLAIN_SPEC.replace('"stacks": [', '"stacks":[], "stacks": ['),
    "an empty spec": "{}",
}


@pytest.mark.parametrize("spec", LOOK_ALIKES.values(), ids=LOOK_ALIKES.keys())
@pytest.mark.parametrize("number", [1, 2])
def test_what_only_looks_like_a_cut(spec: str, number: int) -> None:
    others = ["", PLAIN_SPEC.replace(hash_of(9), hash_of(8))]
    text = made("odd", [Spec(hash=hash_of(9))]).decode()
    odd = text.replace(f"[{PLAIN_SPEC}]", f"[{', '.join([*others[1:number], spec])}]").encode()
    assert odd != text.encode() or spec == PLAIN_SPEC
    files = [*GOOD, ("odd.md", odd), ("last.md", made("last", [Spec(hash=hash_of(7))]))]
    assert together(files) == alone(files)
    assert num_together(files) >= 4
