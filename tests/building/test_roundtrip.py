"""Any valid spec → document text in any generation's spelling → build → the same spec."""

from __future__ import annotations

import string
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from spack_census import build
from spack_census.documents.records import Document, Reject
from support.documents_made import Spec, document, hash_of
from support.examples import share
from support.readers import alone, together

Reader = Callable[[Path, str], list[dict[str, Any]]]

# Characters that some layer between a document and a row could take for its own: quotes, markup,
# list and path separators, YAML's indicators, a letter beyond ASCII and one beyond U+FFFF.
SPECIAL = "'\"\\|<>;:#&*!%@`{}[],/$=\u00e9\U0001f4e6"
LETTERS = string.ascii_letters + string.digits
ANY_TEXT = st.text(LETTERS + SPECIAL, min_size=1, max_size=8)
WORD = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=4).map("w-{}_x".format)
VALUE = st.text(LETTERS + "._/ -", min_size=1, max_size=6)
VERSION = st.lists(st.text("0123456789abc", min_size=1, max_size=3), min_size=1, max_size=4).map(
    ".".join
)
FOLDER_NAME = st.text(LETTERS + "._@+-", max_size=12).map("x{}".format)
ARRAY = st.lists(VALUE, min_size=1, max_size=4, unique=True).map(lambda each: tuple(sorted(each)))


class Made(NamedTuple):
    """One document to build, and how it is spelled."""

    package: str
    snapshot: str
    generation: int
    ensure_ascii: bool
    specs: list[Spec]

    @property
    def data(self) -> bytes:
        return document(
            self.package,
            self.snapshot,
            self.specs,
            generation=self.generation,
            ensure_ascii=self.ensure_ascii,
        ).encode()


@st.composite
def one_document(draw: st.DrawFn) -> Made:
    """Draw a document in the spelling of a generation, its specs all of different hashes."""
    generation = draw(st.integers(4, 7))
    compiler = st.tuples(WORD, VERSION)
    spec = st.builds(
        Spec,
        version=VERSION,
        # Documents of the generations 4 and 5 always name a compiler.
        compiler=compiler if generation < 6 else st.none() | compiler,
        os=ANY_TEXT,
        platform=FOLDER_NAME,
        target=FOLDER_NAME,
        variants=st.dictionaries(WORD, st.booleans() | VALUE | ARRAY, max_size=4),
        stacks=st.lists(ANY_TEXT, max_size=3, unique=True).map(tuple),
        hash=st.integers(0, 2**64).map(hash_of),
        size_bytes=st.none() | st.integers(0, 2**63 - 1),
        tarball_url=st.none() | ANY_TEXT if generation == 4 else st.none(),
    )
    return Made(
        draw(ANY_TEXT),
        # Unquoted, as the site writes it, a name such as 1.10 would be a number to YAML.
        draw(FOLDER_NAME),
        generation,
        draw(st.booleans()),
        draw(st.lists(spec, max_size=4, unique_by=lambda each: each.hash)),
    )


ONE_SOURCE = st.lists(
    one_document(), min_size=1, max_size=8, unique_by=lambda made: (made.package, made.snapshot)
)


def in_order(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["snapshot"], row["package"], row["hash"]))


@share(0.12)
@given(source=ONE_SOURCE)
def test_any_spec_comes_back_as_it_was(source: list[Made], read_rows: Reader) -> None:
    with tempfile.TemporaryDirectory() as folder:
        documents_folder = Path(folder) / "documents"
        documents_folder.mkdir()
        for number, made in enumerate(source):
            (documents_folder / f"{number}.md").write_bytes(made.data)
        result = build(documents_folder, Path(folder) / "dataset", jobs=1, allow_partial=True)
        found = read_rows(Path(folder) / "dataset", "specs")
        accepted = read_rows(Path(folder) / "dataset", "documents")
    assert result.problems == ()
    for row in found:
        del row["version_key"]
    expected = [spec.row(made.package, made.snapshot) for made in source for spec in made.specs]
    assert in_order(found) == in_order(expected)
    assert len(accepted) == len(source)


@given(made=one_document())
def test_both_readers_agree_on_any_document(made: Made) -> None:
    careful = alone(made.data)
    assert isinstance(careful, Document)
    assert together(made.data) in (None, careful)
    assert careful.package == made.package
    assert careful.num_specs_declared == len(made.specs)


@given(
    made=one_document(),
    edits=st.lists(
        st.tuples(
            st.integers(0, 4000),
            st.integers(0, 12),
            st.binary(max_size=2) | st.sampled_from([b'"', b",", b"]", b"}", b"\\", b'":', b" :"]),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_what_the_reader_of_many_takes_of_a_damaged_document_the_careful_one_takes_too(
    made: Made, edits: list[tuple[int, int, bytes]]
) -> None:
    data = made.data
    for position, length, replacement in edits:
        start = position % len(data)
        data = data[:start] + replacement + data[start + length :]
    # Whatever it says of it, it says it without an exception and in bounds.
    found = alone(data)
    assert isinstance(found, Document | Reject)
    assert together(data) in (None, found)
