"""Formats live on: what each version wrote is read, checked, extended and carried over."""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import polars as pl
import pyarrow.parquet as pq
import pytest

import spack_census as sc
from spack_census.ask import diff
from spack_census.ask.queries import catalogue, run
from spack_census.building import migrate
from spack_census.dataset import formats, schema
from spack_census.dataset.layout import Manifest, encode_manifest, pin, read_manifest, seal
from spack_census.dataset.verify import verify
from spack_census.disk import failpoints
from spack_census.errors import DatasetError
from spack_census.spack.compilers import canonical
from spack_census.spack.versions import version_key
from support.command_line import Census
from support.documents_made import Spec, hash_of, write_document
from support.formats_made import FORMATS, SOURCES
from support.query_cases import OF_RECIPES
from torture.decay import flip

KEPT = sorted(int(path.name) for path in FORMATS.iterdir() if path.name.isdigit())
OLDER = [number for number in KEPT if number < schema.FORMAT]
CHECKSUMS = {1: 3558269827, 2: 1846268658}
"""Of the tables of each format, by the recipe that format 1 used in place of a number."""
OPTIONAL = {"recipes": 2044022232}
"""Of each optional table, which raises no format: a dataset without it is as before."""
REFERENCE = {"snapshots", "targets", "target_compat"}
"""Tables that are made of the others, and of what archspec knows by now."""
QUERY = {"reference": "x86_64_v3", "target": "zen4", "host": "zen4", "os": "any"}


@pytest.fixture(params=OLDER)
def number(request: pytest.FixtureRequest) -> int:
    found = request.param
    assert isinstance(found, int)
    return found


@pytest.fixture
def old(number: int, tmp_path: Path) -> Path:
    """Return a copy of a dataset of an older format that may be changed."""
    return copy(FORMATS / str(number), tmp_path / "old")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the dataset that this version builds of the same sources."""
    dataset = tmp_path_factory.mktemp("fresh") / "dataset"
    for source in ("documents", "indexes"):
        sc.build(SOURCES / source, dataset)
    return dataset


@pytest.fixture
def census(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(tmp_path / "old", capsys)


def copy(dataset: Path, to: Path) -> Path:
    return Path(shutil.copytree(dataset, to, symlinks=True))


def rows(dataset: Path, table: str) -> pl.DataFrame:
    """Return a table through DuckDB, in an order of its own."""
    with sc.connect(dataset) as con:
        found = con.sql(f"select * from {table} order by all").pl()  # noqa: S608 - our own tables
    assert isinstance(found, pl.DataFrame)
    return found


# --- the schema and its history ------------------------------------------------------------------


def checksum(tables: Sequence[schema.Table]) -> int:
    layout = [(table.name, table.partitions, table.sort) for table in tables]
    columns = [(c.name, str(c.type), c.nullable) for table in tables for c in table.columns]
    return zlib.crc32(repr((layout, columns)).encode())


@pytest.mark.parametrize("of_format", range(1, schema.FORMAT + 1))
def test_no_schema_changes_without_its_format(of_format: int) -> None:
    """Should this fail, read `docs/format.md`, When you change the schema."""
    required = [table for table in formats.tables(of_format) if not table.optional]
    assert checksum(required) == CHECKSUMS.get(of_format)


def test_no_optional_table_changes_unnoticed() -> None:
    found = {table.name: checksum([table]) for table in schema.TABLES if table.optional}
    assert found == OPTIONAL


def test_every_format_is_told_and_kept() -> None:
    told = (FORMATS.parents[2] / "docs" / "format.md").read_text()
    known = list(range(1, schema.FORMAT + 1))
    assert [each for each in known if f"## Format {each}\n" in told] == known
    assert known == KEPT
    brought = {c.since for t in schema.TABLES for c in t.columns} | {t.since for t in schema.TABLES}
    assert max(brought) <= schema.FORMAT
    assert all(rule.since <= schema.FORMAT for rule in formats.RULES)


def test_what_is_kept_is_of_its_format() -> None:
    for each in KEPT:
        version = pin(FORMATS / str(each))
        manifest = read_manifest(version)
        assert formats.number(manifest.format) == each
        for file in manifest.files:
            if file.table is not None:
                (table,) = (t for t in formats.tables(each) if t.name == file.table)
                assert pq.read_schema(version / file.path).names == table.file_arrow.names


# --- reading -------------------------------------------------------------------------------------


def test_each_table_is_the_same_to_duckdb_and_polars(old: Path) -> None:
    for table in schema.TABLES:
        by_duckdb = rows(old, table.name)
        by_polars = sc.scan(old, table.name).collect()
        assert by_duckdb.columns == [column.name for column in table.columns]
        assert by_polars.schema == by_duckdb.schema
        assert canonical_rows(by_polars) == canonical_rows(by_duckdb)


def canonical_rows(frame: pl.DataFrame) -> list[str]:
    return sorted(json.dumps(row, default=str) for row in frame.to_dicts())


def test_rows_are_what_this_version_reads_of_the_same_sources(old: Path, fresh: Path) -> None:
    """But for what the older format could not hold."""
    before, now = formats.tables(1), {table.name for table in schema.TABLES}
    for table in before:
        assert table.name in now
        if table.name in REFERENCE | {"rejects"}:
            continue
        names = [column.name for column in table.columns]
        expected = rows(fresh, table.name).select(names)
        if table.name == "dependencies":
            # Externals have some of their own since.
            specs = rows(fresh, "specs").select("snapshot", "hash")
            expected = expected.join(specs, on=["snapshot", "hash"], how="semi")
        assert canonical_rows(rows(old, table.name).select(names)) == canonical_rows(expected)


def test_what_an_older_format_did_not_know_is_null_or_empty() -> None:
    specs = rows(FORMATS / "1", "specs")
    assert specs["flags"].to_list() == [[]] * len(specs)
    assert specs["build_spec"].null_count() == len(specs)
    assert rows(FORMATS / "1", "externals").height == 0
    assert rows(FORMATS / "1", "snapshots")["rules"].null_count() == 8


def test_what_was_known_by_another_rule_is_made_anew(number: int) -> None:
    specs = rows(FORMATS / str(number), "specs")
    assert {"oneapi", "clang"} <= set(specs["compiler_written"].drop_nulls())
    for row in specs.to_dicts():
        assert row["version_key"] == version_key(row["version"])
        written = row["compiler_written"]
        assert row["compiler_name"] == (None if written is None else canonical(written))
    order = specs.filter(package="versions", snapshot="develop").sort("version_key")["version"]
    assert order.to_list()[-5:] == ["stable", "nightly", "trunk", "main", "develop"]


def test_every_query_diff_and_check_answers(old: Path) -> None:
    with sc.connect(old) as con:
        for name, query in catalogue().items():
            given = {key: QUERY[key] for key in query.params if key in QUERY}
            if name not in OF_RECIPES:
                run(con, query, given).fetchall()
        found = diff.diff(con)
    assert (found.before.snapshot, found.after.snapshot) == (
        "develop-2025-07-13",
        "develop-2026-01-11",
    )
    assert verify(old).findings == ()


def test_sql_for_other_shells_reads_it_too(old: Path, census: Census) -> None:
    ran = census("sql", dataset=old)
    with duckdb.connect(":memory:") as con:
        con.execute(ran.out)
        found = con.sql("select * from specs order by all").pl()
    assert canonical_rows(found) == canonical_rows(rows(old, "specs"))


def test_a_flipped_bit_is_found_in_an_older_format_too(old: Path) -> None:
    for path in sorted(pin(old).rglob("*.parquet"))[::5]:
        flip(path, path.stat().st_size * 4)
        assert [finding.kind for finding in verify(old).findings] == ["file"]
        flip(path, path.stat().st_size * 4)
    assert verify(old).findings == ()


# --- carrying over -------------------------------------------------------------------------------


def made_of(dataset: Path, snapshot: str, table: str) -> dict[str, str]:
    """Return path → SHA-256 of a snapshot's files of a table."""
    return {
        file.path: file.sha256
        for file in read_manifest(pin(dataset)).files
        if file.snapshot == snapshot and file.table == table
    }


def test_migrate_gives_the_very_bytes_of_a_build(old: Path, fresh: Path) -> None:
    before = {table.name: canonical_rows(rows(old, table.name)) for table in schema.TABLES}
    manifest, warnings = migrate.migrate(old)
    assert warnings == []
    assert manifest.format == schema.FORMAT
    assert verify(old).findings == ()
    after = {table.name: canonical_rows(rows(old, table.name)) for table in schema.TABLES}
    assert after == before
    # A document knows nothing of what formats added: what is carried over is what is built.
    for snapshot in manifest.snapshots:
        for table in ("specs", "documents"):
            if snapshot != "develop-2026-01-11" and table == "specs":
                assert made_of(old, snapshot, table) == made_of(fresh, snapshot, table)


def test_migrate_twice_does_nothing_the_second_time(old: Path) -> None:
    manifest, _ = migrate.migrate(old)
    assert migrate.migrate(old) == (manifest, [])
    assert not migrate.plan(old).needed


def test_a_build_carries_over_what_has_no_source(old: Path, tmp_path: Path) -> None:
    before = rows(old, "specs")
    write_document(tmp_path / "source", "zlib", "v9.9", [Spec(hash=hash_of("new"))])
    result = sc.build(tmp_path / "source", old)
    assert result.manifest.format == schema.FORMAT
    after = rows(old, "specs")
    assert canonical_rows(after.filter(pl.col("snapshot") != "v9.9")) == canonical_rows(before)
    assert after.height == before.height + 1
    assert verify(old).findings == ()
    states = result.manifest.snapshots
    assert [name for name in states if states[name].rules is not None] == ["v9.9"]


def test_a_build_makes_anew_what_has_its_source(old: Path, fresh: Path) -> None:
    result = sc.build(SOURCES / "indexes", old)
    found = {each.snapshot: each.status for each in result.outcomes}
    assert found == {"develop-2026-01-11": "remade"}
    assert result.notes == ["1 remade, for documents are read by other rules than before"]
    sc.build(SOURCES / "documents", old)
    for table in schema.TABLES:
        if table.name != "rejects":  # those of no snapshot are of the last source
            assert canonical_rows(rows(old, table.name)) == canonical_rows(rows(fresh, table.name))
    assert verify(old).findings == ()


def test_what_has_decayed_is_not_given_a_hash_that_vouches_for_it(old: Path) -> None:
    path = next(pin(old).glob("specs/*/*/*/*.parquet"))
    flip(path, 4000)
    with pytest.raises(DatasetError, match="not as it was written"):
        migrate.migrate(old)
    with pytest.raises(DatasetError, match="not as it was written"):
        sc.build(SOURCES / "indexes", old)
    assert [finding.kind for finding in verify(old).findings] == ["file"]


class Cut(BaseException):
    """Ends a build where it stands."""


def test_migrate_that_is_cut_short_leaves_the_old_or_the_new(
    old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = canonical_rows(rows(old, "specs"))
    steps: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(failpoints, "reached", steps.append)
        migrate.migrate(copy(old, tmp_path / "whole"))
    seen = set()
    for number in {*range(0, len(steps), 80), *range(len(steps) - 9, len(steps), 3)}:
        dataset = copy(old, tmp_path / f"cut-{number}")

        def cut(_step: str, left: list[int] = [number]) -> None:  # noqa: B006 - counts down
            left[0] -= 1
            if left[0] < 0:
                raise Cut

        with monkeypatch.context() as patched, suppress(Cut):
            patched.setattr(failpoints, "reached", cut)
            migrate.migrate(dataset)
        seen.add(formats.number(read_manifest(pin(dataset)).format))
        assert [each.kind for each in verify(dataset).findings if each.kind != "leftover"] == []
        assert canonical_rows(rows(dataset, "specs")) == before
        migrate.migrate(dataset)
        assert read_manifest(pin(dataset)).format == schema.FORMAT
    assert len(seen) == 2


# --- what is newer -------------------------------------------------------------------------------


@pytest.mark.parametrize("newer", [schema.FORMAT + 1, 4_000_000_000, 0, -1])
def test_a_format_that_is_not_known_is_refused_by_its_number(
    newer: int, tmp_path: Path, census: Census
) -> None:
    dataset = copy(FORMATS / str(KEPT[-1]), tmp_path / "newer")
    path = pin(dataset) / "manifest.json"
    path.chmod(0o644)
    # Nothing else need be as this version knows it.
    path.write_text(json.dumps({"format": newer, "shards": [1]}))
    lines = ["snapshots", "coverage", "diff", "check", "verify", "migrate", "sql", "report"]
    for line in [*lines, f"build {SOURCES / 'documents'}", "query coverage.by_target"]:
        ran = census(line, dataset=dataset)
        assert ran.code == 2
        assert f"is of format {newer}; this census knows 1 to {schema.FORMAT}" in ran.err
    with pytest.raises(DatasetError, match=f"format {newer};"):
        sc.scan(dataset)


def test_a_manifest_of_an_older_format_is_spelled_as_it_was(number: int) -> None:
    version = pin(FORMATS / str(number))
    manifest = read_manifest(version)
    assert encode_manifest(manifest) == (version / "manifest.json").read_bytes()
    assert manifest.id[9:] == seal(manifest)
    assert msgspec.json.decode(encode_manifest(manifest), type=Manifest) == manifest


# --- what people see -----------------------------------------------------------------------------


def test_migrate_says_what_it_does(old: Path, census: Census) -> None:
    before = pin(old)
    ran = census("migrate --check", dataset=old)
    assert ran.code == 1
    for line in (
        "is of format 1, today's is 2",
        "written anew  25 files of 8 snapshots, 0.2 MB",
        "made anew     specs.version_key: 5 values by today's rule",
        "made anew     specs.compiler_name: 2 values by today's rule",
        "new table     externals: empty",
        "new column    specs.flags: not known",
    ):
        assert line in ran.out
    assert "compiler_written" not in ran.out
    assert pin(old) == before
    ran = census("migrate", dataset=old)
    assert (ran.code, ran.out.splitlines()[-1]) == (0, "published as version 3")
    ran = census("migrate --check", dataset=old)
    assert (ran.code, ran.out) == (0, f"{old} is of format 2, today's: nothing to do\n")


def test_check_and_diff_say_where_rules_differ(old: Path, census: Census) -> None:
    quiet = census("check", dataset=old)
    assert "different rules" not in quiet.err
    sc.build(SOURCES / "indexes", old)
    told: list[dict[str, Any]] = [{"line": "check"}, {"line": "diff"}, {"line": "diff --only gone"}]
    for each in told:
        ran = census(each["line"], dataset=old)
        assert ran.code == 0
        assert "note: made by different rules: " in ran.err
        assert "develop-2026-01-11 (rules " in ran.err
        assert "(rules not noted)" in ran.err
    # Between two of the same rules nothing is to be said.
    ran = census("diff develop-2025-03-23 develop-2025-03-30", dataset=old)
    assert "rules" not in ran.err
    sc.build(SOURCES / "documents", old)
    assert "rules" not in census("check", dataset=old).err
