"""A connection reads one version of a dataset and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest

from spack_census.ask.database import connect, connect_rows, script
from spack_census.dataset import schema
from spack_census.errors import DatasetError, QueryError
from support.query_cases import arrow, write_dataset

DATES = ["2024-01-01", "007", "1e3", "true", "develop+x@1"]
SPECS = [{"snapshot": name, "target": target} for name in DATES for target in ("x86_64_v3", "zen4")]
TABLES = {
    "specs": [*SPECS, {"snapshot": "007", "platform": "darwin", "target": "m1"}],
    "snapshots": [{"snapshot": name} for name in DATES],
    "documents": [{"stacks_declared": [{"stack": "e4s", "num_specs": 1}], "warnings": ["odd"]}],
    "dependencies": [{"virtuals": ["c"]}],
}
# Partitions that a reader would take for dates and numbers: here no other name stops it.
GUESSABLE = {
    "specs": [{"snapshot": "2024-01-01", "target": "007", "platform": "1e3"}],
    "documents": [{"snapshot": "007"}],
    "dependencies": [{"snapshot": "1.10"}],
}
FOLDERS = ["plain", "two words", 'it\'s "quoted"', "glob [x] * ? {a,b}", "$var; drop -- x", "a=b"]


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return write_dataset(tmp_path / "it's a [data] set", TABLES)


@pytest.mark.parametrize("folder", FOLDERS)
def test_views_hold_the_rows_whatever_the_path(tmp_path: Path, folder: str) -> None:
    dataset = write_dataset(tmp_path / folder, TABLES)
    # A folder that a glob would take for the other one, were its characters not escaped.
    write_dataset(tmp_path / "glob x", {"specs": SPECS * 2})
    with connect(dataset) as con:
        for table in schema.TABLES:
            found = con.table(table.name).to_arrow_table()
            expected = arrow(table, TABLES.get(table.name, []))
            assert found.column_names == expected.column_names
            text = sorted(map(str, expected.to_pylist()))
            assert sorted(map(str, found.to_pylist())) == text


@pytest.mark.parametrize("tables", [TABLES, {}, GUESSABLE], ids=["full", "empty", "guessable"])
def test_types_are_those_of_the_schema_with_and_without_rows(tmp_path: Path, tables: dict) -> None:
    with connect(write_dataset(tmp_path, tables)) as con:
        for table in schema.TABLES:
            types = [str(type_) for type_ in con.sql(f"from {table.name}").types]
            reference = duckdb.from_arrow(arrow(table, []))
            assert types == [str(type_) for type_ in reference.types], table.name


@pytest.mark.parametrize(
    "statement",
    [
        "from read_text('/etc/passwd')",
        "from read_csv('/etc/passwd')",
        "from glob('/etc/*')",
        "from '/etc/passwd'",
        "copy (select 1) to '{outside}/new.csv'",
        "copy (select 1) to '{version}/new.csv'",
        "copy (select 1) to '{version}/specs/new.parquet'",
        "copy (select 1) to '{file}'",
        "export database '{outside}/all'",
        "attach '{outside}/new.db'",
        "attach '{version}/new.db'",
        "install httpfs",
        "load httpfs",
        "set threads = 1",
        "reset threads",
        "set enable_external_access = true",
        "set allowed_directories = ['/']",
        "set lock_configuration = false",
        "from read_text('{version}/../../current/manifest.json')",
        "from read_text('{version}/manifest.json')",
    ],
)
def test_connection_is_locked_and_goes_on_working(
    dataset: Path, tmp_path: Path, statement: str
) -> None:
    version = (dataset / "current").resolve()
    file = next(version.rglob("specs/**/*.parquet"))
    places = {"outside": tmp_path, "version": version, "file": file}
    texts = {key: str(value).replace("'", "''") for key, value in places.items()}
    before = sorted(tmp_path.rglob("*")), file.read_bytes()
    with connect(dataset) as con:
        with pytest.raises(duckdb.Error, match=r"Permission|configuration|does not exist"):
            con.execute(statement.format(**texts)).fetchall()
        assert con.sql("select count(*) from specs").fetchall() == [(len(TABLES["specs"]),)]
    assert (sorted(tmp_path.rglob("*")), file.read_bytes()) == before


@pytest.mark.parametrize(
    "sql",
    [
        "select count(*) from specs where snapshot = '007'",
        "select count(*) from specs where snapshot = $before",
        "select count(*) from specs_at($before)",
    ],
)
def test_only_files_of_the_snapshot_are_opened(dataset: Path, sql: str) -> None:
    params = {"before": "007"} if "$" in sql else None
    with connect(dataset) as con:
        assert con.execute(sql, params).fetchall() == [(3,)]
        plan = con.execute(f"explain analyze {sql}", params).fetchall()[0][1]
    # `specs_at` also looks at the table of snapshots, which is one file.
    assert re.findall(r"Scanning Files: (\d+/\d+)", plan) == ["3/11"]
    assert max(map(int, re.findall(r"Total Files Read: (\d+)", plan))) == 3


def test_no_progress_is_drawn_into_what_is_printed(dataset: Path) -> None:
    with connect(dataset) as con, connect_rows({}) as other:
        for each in (con, other):
            set_to = each.sql("select current_setting('enable_progress_bar')").fetchall()
            assert set_to == [(False,)]


def test_connection_keeps_its_version_when_another_is_published(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path, {"specs": [{}]})
    with connect(dataset) as con:
        write_dataset(tmp_path, {"specs": [{}, {"package": "cmake"}]}, number=2)
        assert con.sql("select count(*) from specs").fetchall() == [(1,)]
    with connect(str(dataset)) as con:
        assert con.sql("select count(*) from specs").fetchall() == [(2,)]


def test_missing_file_is_an_error_and_not_fewer_rows(dataset: Path) -> None:
    next((dataset / "current" / "specs").rglob("*.parquet")).unlink()
    for use in (connect, script):
        with pytest.raises(DatasetError, match=r"part-0\.parquet is missing"):
            use(dataset)


def test_file_that_no_manifest_names_is_an_error_and_not_more_rows(dataset: Path) -> None:
    known = next((dataset / "current" / "specs").rglob("*.parquet"))
    (known.parent / "stray.parquet").write_bytes(known.read_bytes())
    with connect(dataset) as con, pytest.raises(duckdb.PermissionException, match=r"stray"):
        con.sql("select count(package) from specs").fetchall()


def test_no_dataset_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="census build SOURCE"):
        connect(tmp_path)


def test_folder_above_that_reads_as_a_column_is_refused(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path / "snapshot=evil", TABLES)
    for use in (connect, script):
        with pytest.raises(DatasetError, match="'snapshot=evil', which reads as a column"):
            use(dataset)


def test_script_makes_the_same_views_in_any_shell(dataset: Path) -> None:
    with duckdb.connect() as shell, connect(dataset) as con:
        shell.execute(script(dataset))
        # Twice: a session may load a newer version over an older one.
        shell.execute(script(dataset))
        for sql in (*(f"from {table.name}" for table in schema.TABLES), "from specs_at('007')"):
            rows = [sorted(map(str, each.sql(sql).fetchall())) for each in (shell, con)]
            assert rows[0] == rows[1]
    assert str((dataset / "current").resolve().name) in script(dataset)


def test_specs_at_has_all_columns_of_specs(dataset: Path) -> None:
    with connect(dataset) as con:
        assert con.sql("from specs_at('007')").columns == [c.name for c in schema.SPECS.columns]


def test_own_views_come_on_top_of_ours(dataset: Path, tmp_path: Path) -> None:
    (tmp_path / "mine" / "views").mkdir(parents=True)
    view = tmp_path / "mine" / "views" / "small.sql"
    view.write_text("create view small as select hash from specs_at('007');")
    with connect(dataset, tmp_path / "mine") as con:
        assert con.sql("select count(*) from small").fetchall() == [(3,)]
    assert "create view small" in script(dataset, tmp_path / "mine")
    view.write_text("create view small as select nothing from specs;")
    with pytest.raises(QueryError, match=r"small\.sql: .*nothing"):
        connect(dataset, tmp_path / "mine")
