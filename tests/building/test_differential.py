"""The pipeline against a plain second reader, and each Parquet reader against both."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from spack_census import build
from spack_census.dataset import schema
from spack_census.documents import parsing
from spack_census.documents.records import Document
from support import naive
from support.documents_made import Spec, document
from support.readers import alone, together

Row = dict[str, Any]
Reader = Callable[[Path, str], list[Row]]

PARTITIONS = ("snapshot", "platform", "target")
COLUMNS = [column.name for column in schema.SPECS.columns if column.name != "version_key"]


def in_order(rows: list[Row]) -> list[Row]:
    """Return rows with the compared columns alone, in one order for all readers."""
    compared = [{name: row[name] for name in COLUMNS} for row in rows]
    return sorted(compared, key=lambda row: (row["snapshot"], row["package"], row["hash"]))


def naive_rows(folder: Path) -> list[Row]:
    return in_order([row for path in naive.document_paths(folder) for row in naive.rows(path)])


def differing(left: list[Row], right: list[Row]) -> list[tuple[Row, Row]]:
    """Return the first few pairs that differ; pytest's own diff of 5,000 rows takes minutes."""
    assert len(left) == len(right)
    return [pair for pair in zip(left, right, strict=True) if pair[0] != pair[1]][:3]


@pytest.fixture(scope="module")
def shipped_rows(documents_folder: Path) -> list[Row]:
    return naive_rows(documents_folder)


def test_shipped_documents_give_the_rows_of_the_naive_reader(
    shipped: Path, shipped_rows: list[Row], read_rows: Reader
) -> None:
    found = in_order(read_rows(shipped, "specs"))
    assert len(found) == 4987
    assert differing(found, shipped_rows) == []
    assert read_rows(shipped, "rejects") == []


def test_good_documents_of_the_corpus_give_the_rows_of_the_naive_reader(
    corpus: Path, tmp_path: Path, read_rows: Reader
) -> None:
    result = build(corpus / "good", tmp_path / "dataset")
    assert [(path, problem.message) for path, problem in result.problems] == []
    found = in_order(read_rows(tmp_path / "dataset", "specs"))
    assert differing(found, naive_rows(corpus / "good")) == []
    good = corpus / "good"
    paths = [str(path.relative_to(good)) for path in naive.document_paths(good)]
    assert sorted(row["path"] for row in read_rows(tmp_path / "dataset", "documents")) == paths
    assert result.num_skipped == 1  # notes.json


def by_duckdb(dataset: Path) -> list[Row]:
    types = ", ".join(f"{name}: varchar" for name in PARTITIONS)
    query = f"""
        select * from read_parquet(
            '{dataset}/current/specs/**/*.parquet',
            hive_partitioning = true, hive_types = {{{types}}}
        )"""  # noqa: S608 - the path is this test's own
    with duckdb.connect() as connection:
        return connection.sql(query).to_arrow_table().to_pylist()


def by_polars(dataset: Path) -> list[Row]:
    types = dict.fromkeys(PARTITIONS, pl.String)
    return (
        pl.scan_parquet(f"{dataset}/current/specs/**/*.parquet", hive_schema=types)
        .collect()
        .to_dicts()
    )


def by_pyarrow(dataset: Path) -> list[Row]:
    text = ds.partitioning(
        schema.SPECS.arrow.empty_table().select(PARTITIONS).schema, flavor="hive"
    )
    return ds.dataset(dataset / "current" / "specs", partitioning=text).to_table().to_pylist()


@pytest.mark.parametrize("read", [by_duckdb, by_polars, by_pyarrow])
def test_each_reader_gives_the_rows_without_our_code(
    read: Callable[[Path], list[Row]], shipped: Path, shipped_rows: list[Row]
) -> None:
    assert differing(in_order(read(shipped)), shipped_rows) == []


def test_files_hold_the_columns_of_the_schema_and_their_descriptions(shipped: Path) -> None:
    for table in schema.TABLES:
        for path in (shipped / "current" / table.name).rglob("*.parquet"):
            inside = pq.read_schema(path)
            assert inside.names == table.file_arrow.names
            for name in inside.names:
                assert inside.field(name).type == table.arrow.field(name).type
                assert inside.field(name).metadata[b"description"]


def test_rows_are_sorted_within_each_file(shipped: Path) -> None:
    for path in (shipped / "current" / "specs").rglob("*.parquet"):
        keys = pq.read_table(path, columns=list(schema.SPECS.sort), partitioning=None).to_pylist()
        assert keys == sorted(keys, key=lambda row: [row[name] for name in schema.SPECS.sort])


def test_documents_that_differ_only_in_spelling_give_identical_rows(
    corpus: Path, tmp_path: Path, read_rows: Reader
) -> None:
    rows = {}
    for generation in (4, 5, 6):
        dataset = tmp_path / f"{generation}"
        build(corpus / "spelling" / f"generation-{generation}", dataset)
        rows[generation] = read_rows(dataset, "specs")
        written = {row["generation"] for row in read_rows(dataset, "documents")}
        # Nothing in a document without arrays and tarballs tells 6 from 7.
        assert written <= {generation, 7} if generation == 6 else written == {generation}
    assert rows[5] == rows[6]
    assert len(rows[5]) == 5
    without_url = [{**row, "tarball_url": None} for row in rows[4]]
    assert without_url == rows[5]
    assert all(row["tarball_url"] for row in rows[4])


@pytest.mark.parametrize(
    ("path", "warning"),
    [
        ("odd/byte-order-mark.md", "byte order mark"),
        ("odd/crlf.md", "CR LF"),
        ("odd/text-after.md", "text after"),
        ("odd/no-meta.md", "meta"),
        ("odd/unknown-keys.md", "permalink"),
        ("odd/unknown-keys.md", "generator"),
        ("odd/unknown-keys.md", "signed"),
        ("_cache/develop-1999-12-31/somewhere-else/specs.md", "develop-1999-12-31"),
        ("_cache/develop-1999-12-31/somewhere-else/specs.md", "somewhere-else"),
    ],
)
def test_what_is_odd_about_a_good_document_is_noted(corpus: Path, path: str, warning: str) -> None:
    found = parsing.parse((corpus / "good" / path).read_bytes(), path)
    assert isinstance(found, Document)
    assert any(warning in each for each in found.warnings), found.warnings


@pytest.mark.parametrize("path", ["odd/newline-at-end.md", "odd/a/b/c/d/e/f/deep.md"])
def test_what_is_not_odd_leaves_no_warning(corpus: Path, path: str) -> None:
    found = parsing.parse((corpus / "good" / path).read_bytes(), path)
    assert isinstance(found, Document)
    assert found.warnings == ()


def test_both_readers_agree_on_every_document(documents_folder: Path, corpus: Path) -> None:
    num_together = 0
    for folder in (documents_folder, corpus / "good", corpus / "spelling"):
        for path in naive.document_paths(folder):
            data = path.read_bytes()
            found = together(data)
            if found is not None:
                num_together += 1
                assert found == alone(data), path
    # Were the reader of many never asked, this test would hold and say nothing.
    assert num_together >= 1600


@pytest.mark.parametrize("place", ["title", "os"])
def test_both_readers_agree_on_each_character(place: str) -> None:
    # Line ends, controls and others that YAML folds or refuses and JSON does not.
    for code in (*range(1, 0x180), 0x2028, 0x2029, 0xFEFF, 0xFFFD, 0xFFFE, 0x1F4E6):
        name = f"a{chr(code)}b"
        text = document("zlib", "develop", [Spec()])
        text = text.replace(*{"title": ('"zlib"', f'"{name}"'), "os": ("ubuntu22.04", name)}[place])
        data = text.encode()
        assert together(data) in (None, alone(data)), hex(code)
