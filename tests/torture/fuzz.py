"""Mutated input: rejected, or the rows of the naive reader; quickly, in little memory, always.

A format is what one kind of input needs to be fuzzed: texts to start from, and a check of one
mutated text. Another kind of input is another entry of `FORMATS`.
"""

from __future__ import annotations

import faulthandler
import functools
import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from spack_census.documents import parsing
from spack_census.documents.records import Document, Reject
from support import naive
from torture import answers, cost, indexes, lockfiles, together, written
from torture.mutations import mutated

_CORPUS = Path(__file__).parents[1] / "corpus"
_PASSED_OVER = ("version_key", "dependencies", "is_external")
"""A document of the site tells of no dependency, and so of no external."""
_BESIDE = (1, 2, 3)
_HANGS_SECONDS = 600
"""For a thousand mutations: what takes that long has no end."""
_LARGEST_BYTES = 8000


class Format(NamedTuple):
    """One kind of input."""

    seeds: Callable[[], Sequence[bytes]]
    check: Callable[[bytes], str]
    """Return a word for what became of a text; raises AssertionError where that is wrong."""
    share: float = 1
    """Of the mutations that are asked for: those through a socket take a hundred times as long."""


@dataclass
class Tally:
    """What came of many mutations; `wrong` must be 0."""

    mutations: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    wrong: int = 0
    samples: list[tuple[str, bytes]] = field(default_factory=list)
    most_work: float = 0
    """Of one mutation, as so many times the yardstick of `cost`."""
    grown_mb: float = 0


def fuzz(form: Format, mutations: int, seed: int) -> Tally:
    """Check that many mutations; the same seed gives the same ones."""
    dice = random.Random(seed)  # noqa: S311 - dice, no secret
    seeds = form.seeds()
    tally = Tally()
    yardstick = cost.yardstick()
    before = peak_mb(forget=True)
    for number in range(mutations):
        if number % 1000 == 0:
            # What hangs inside a library cannot be interrupted, only ended.
            faulthandler.dump_traceback_later(_HANGS_SECONDS, exit=True)
        text = mutated(dice.choice(seeds), seeds, dice)
        seconds = cost.cpu_seconds(functools.partial(_judge, tally, form, text))
        tally.most_work = max(tally.most_work, seconds / yardstick)
        tally.mutations += 1
    faulthandler.cancel_dump_traceback_later()
    tally.grown_mb = peak_mb() - before
    return tally


def _judge(tally: Tally, form: Format, text: bytes) -> None:
    try:
        verdict = form.check(text)
    except Exception as error:
        tally.wrong += 1
        tally.samples.append((f"{type(error).__name__}: {error}"[:600], text))
        verdict = "wrong"
    tally.verdicts[verdict] += 1


def peak_mb(*, forget: bool = False) -> float:
    """Return the most memory that this process ever had, or since its peak was forgotten."""
    # What getrusage tells is inherited from the process that started this one.
    if forget:
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def document_seeds() -> list[bytes]:
    """Return our own documents, good and bad, and small real ones."""
    shipped = sorted((_CORPUS.parents[1] / "documents" / "_cache").glob("*/*/specs.md"))[::20]
    own = [path for path in sorted(_CORPUS.rglob("*")) if path.suffix in (".md", ".txt", "")]
    texts = [path.read_bytes() for path in (*own, *shipped) if path.is_file()]
    return [text for text in texts if len(text) <= _LARGEST_BYTES]


def faultless_seeds() -> list[bytes]:
    """Return those of them that are decoded together with others."""
    return [text for text in document_seeds() if together.is_faultless(text)]


def check_document(data: bytes) -> str:
    """Parse a document; demand the naive reader's rows of what was accepted."""
    found = parsing.parse(data, "mutated.md")
    if isinstance(found, Reject):
        assert found.problem.message
        assert found.problem.remedy
        return "rejected"
    assert found.num_specs_seen == len(found.records) + len(found.problems)
    if found.generation in _BESIDE:
        # Its specs stand in files beside it, and here are none.
        assert not found.records
        return "accepted in part"
    rejected = {_index(problem.place) for problem in found.problems}
    package, snapshot, specs = naive.content(data)
    assert len(specs) == found.num_specs_seen
    left = [spec for index, spec in enumerate(specs) if index not in rejected]
    expected = [naive.row(package, snapshot, spec) for spec in left]
    for ours, theirs in zip(_rows(found), expected, strict=True):
        assert ours.keys() == theirs.keys()
        wrong = {name: (ours[name], theirs[name]) for name in ours if ours[name] != theirs[name]}
        assert not wrong, f"ours, then the naive reader's: {wrong}"
    return "accepted" if not rejected else "accepted in part"


def _index(place: str) -> int:
    found = re.match(r"spec_details\[(\d+)\]", place)
    assert found is not None, place
    return int(found[1])


def _rows(document: Document) -> list[dict[str, Any]]:
    rows = []
    for record in document.records:
        row = {"snapshot": document.snapshot, **msgspec.structs.asdict(record)}
        row |= {name: list(row[name]) for name in ("variants", "flags", "stacks")}
        rows.append({name: value for name, value in row.items() if name not in _PASSED_OVER})
    return rows


FORMATS: dict[str, Format] = {
    "documents": Format(document_seeds, check_document),
    "documents together": Format(faultless_seeds, together.check),
    "indexes": Format(indexes.seeds, indexes.check),
    "lockfiles": Format(lockfiles.seeds, lockfiles.check),
    "configurations": Format(written.configurations, written.check_configuration, share=0.1),
    "spack.yaml": Format(written.manifests, written.check_manifest, share=0.1),
    "answers": Format(answers.seeds, answers.check, share=0.1),
}
