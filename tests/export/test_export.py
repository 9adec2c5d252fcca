"""The dataset as plain files: what is in it is in them, and tools of others read and trust them."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import jsonschema
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spack_census import cli
from spack_census.ask.database import connect
from spack_census.ask.queries import load, run
from spack_census.dataset import schema
from spack_census.disk import locking
from spack_census.errors import BusyError, ParameterError
from spack_census.export.publish import publish
from support.formats_made import FORMATS
from support.query_cases import write_dataset
from support.shells import httpfs, shell
from support.web import serve

Rows = list[dict[str, Any]]
KINDS = ("shipped", "format-1", "format-2", "empty")


@pytest.fixture(scope="module")
def datasets(shipped: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("datasets")
    found = {"shipped": shipped, "empty": write_dataset(folder / "empty", {})}
    for number in ("1", "2"):
        shutil.copytree(FORMATS / number, folder / number, symlinks=True)
        found[f"format-{number}"] = folder / number
    return found


@pytest.fixture(scope="module")
def exports(datasets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("exports")
    for kind, dataset in datasets.items():
        publish(dataset, folder / kind)
    return {kind: folder / kind for kind in datasets}


def counted(rows: Rows) -> Counter[str]:
    """Return how often each row is there, whatever the order of rows and columns."""
    return Counter(json.dumps(row, sort_keys=True, default=str) for row in rows)


def meanings(arrow: pa.Schema) -> list[bytes]:
    return [each.metadata[b"description"] for each in arrow]


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_of_the_dataset_is_there_once(
    datasets: dict[str, Path], exports: dict[str, Path], kind: str
) -> None:
    with connect(datasets[kind]) as con:
        for table in schema.TABLES:
            written = pq.ParquetFile(exports[kind] / f"{table.name}.parquet")
            assert written.schema_arrow.equals(table.arrow, check_metadata=False)
            assert meanings(written.schema_arrow) == meanings(table.arrow)
            expected = con.table(table.name).to_arrow_table().to_pylist()
            assert counted(written.read().to_pylist()) == counted(expected)


@pytest.mark.parametrize("kind", ["shipped", "format-2"])
def test_a_reader_of_files_that_knows_no_census_finds_the_same_rows(
    datasets: dict[str, Path],
    exports: dict[str, Path],
    read_rows: Callable[[Path, str], Rows],
    kind: str,
) -> None:
    for table in schema.TABLES:
        found = pq.read_table(exports[kind] / f"{table.name}.parquet").to_pylist()
        assert counted(found) == counted(read_rows(datasets[kind], table.name))


def test_a_snapshot_has_row_groups_of_its_own(exports: dict[str, Path]) -> None:
    file = pq.ParquetFile(exports["shipped"] / "specs.parquet")
    place = file.schema_arrow.names.index("snapshot")
    bounds = [
        (each.min, each.max)
        for number in range(file.num_row_groups)
        for each in [file.metadata.row_group(number).column(place).statistics]
    ]
    assert [first for first, last in bounds if first == last] == sorted(
        pq.read_table(exports["shipped"] / "snapshots.parquet")["snapshot"].to_pylist()
    )


def test_what_differs_is_written_anew_to_the_same_bytes_and_nothing_else(
    datasets: dict[str, Path], exports: dict[str, Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(exports["format-2"], tmp_path / "data")
    (folder / "targets.parquet").unlink()
    (folder / "specs.parquet").chmod(0o644)
    (folder / "specs.parquet").write_bytes(b"cut short")
    done = publish(datasets["format-2"], folder)
    assert sorted(done.written) == ["specs.parquet", "targets.parquet"]
    assert {each.name for each in folder.iterdir()} == {*done.names, "LOCK"}
    for name in done.names:
        assert (folder / name).read_bytes() == (exports["format-2"] / name).read_bytes()


def test_sums_vouch_for_each_file(exports: dict[str, Path]) -> None:
    folder = exports["shipped"]
    listed = dict(
        reversed(line.split("  ")) for line in (folder / "SHA256SUMS").read_text().splitlines()
    )
    there = {path.name for path in folder.iterdir()} - {"SHA256SUMS", "LOCK"}
    assert set(listed) == there
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


# The rules of Data Package 2.0 and Table Schema 2.0 that an export has to do with.
TYPES = ["string", "integer", "boolean", "date", "array"]
NAME = {"type": "string", "pattern": r"^[a-z0-9._-]+$"}
DATA_PACKAGE = {
    "type": "object",
    "required": ["$schema", "name", "resources"],
    "properties": {
        "$schema": {"const": "https://datapackage.org/profiles/2.0/datapackage.json"},
        "name": NAME,
        "keywords": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "resources": {
            "type": "array",
            "minItems": 1,
            "items": {
                "required": ["name", "path", "schema"],
                "properties": {
                    "name": NAME,
                    "type": {"const": "table"},
                    "path": {"type": "string", "pattern": r"^(?=^[^./~])(^((?!\.{2}).)*$).*$"},
                    "bytes": {"type": "integer", "minimum": 1},
                    "hash": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"},
                    "schema": {
                        "required": ["fields"],
                        "properties": {
                            "$schema": {
                                "const": "https://datapackage.org/profiles/2.0/tableschema.json"
                            },
                            "missingValues": {"type": "array", "items": {"type": "string"}},
                            "fields": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "required": ["name", "type", "description"],
                                    "properties": {
                                        "name": {"type": "string", "minLength": 1},
                                        "type": {"enum": TYPES},
                                        "description": {"type": "string", "minLength": 1},
                                        "constraints": {
                                            "properties": {"required": {"type": "boolean"}},
                                            "additionalProperties": False,
                                        },
                                    },
                                },
                            },
                        },
                    },
                },
            },
        },
    },
}


@pytest.mark.parametrize("kind", KINDS)
def test_datapackage_json_keeps_the_rules_of_version_2_and_tells_the_truth(
    exports: dict[str, Path], kind: str
) -> None:
    described = json.loads((exports[kind] / "datapackage.json").read_text())
    jsonschema.validate(described, DATA_PACKAGE)
    for resource, table in zip(described["resources"], schema.TABLES, strict=True):
        path = exports[kind] / resource["path"]
        assert resource["hash"] == f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
        assert resource["bytes"] == path.stat().st_size
        assert resource["rows"] == pq.ParquetFile(path).metadata.num_rows
        assert [(each["name"], each["description"]) for each in resource["schema"]["fields"]] == [
            (column.name, column.description) for column in table.columns
        ]


@pytest.mark.filterwarnings("ignore")  # what rdflib warns its users of is not ours
@pytest.mark.parametrize("kind", ["shipped", "empty"])
def test_croissant_json_is_read_by_its_own_library(exports: dict[str, Path], kind: str) -> None:
    mlcroissant = pytest.importorskip("mlcroissant")
    read = mlcroissant.Dataset(jsonld=str(exports[kind] / "croissant.json"))
    assert not read.metadata.ctx.issues.errors
    assert [each.id for each in read.metadata.record_sets] == [each.name for each in schema.TABLES]
    told = [field.description for each in read.metadata.record_sets for field in each.fields]
    assert told == [column.description for each in schema.TABLES for column in each.columns]
    found = [row["snapshots/snapshot"].decode() for row in read.records("snapshots")]
    assert found == pq.read_table(exports[kind] / "snapshots.parquet")["snapshot"].to_pylist()


def test_polars_scans_a_published_table(exports: dict[str, Path]) -> None:
    with serve(exports["shipped"]) as site:
        specs = pl.scan_parquet(f"{site.url}/specs.parquet")
        found = specs.filter(pl.col("snapshot") == "develop-2024-06-09").select(pl.len()).collect()
    assert found.item() == 1673


def test_census_sql_makes_views_on_which_shipped_queries_run(
    exports: dict[str, Path], datasets: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(exports["shipped"])
    con = duckdb.connect()
    con.execute((exports["shipped"] / "census.sql").read_text())
    for name in ("diff.packages", "coverage.by_target"):
        asked = load(name)
        with connect(datasets["shipped"]) as own:
            assert run(con, asked, {}).fetchall() == run(own, asked, {}).fetchall()


def test_census_sql_names_the_address(datasets: dict[str, Path], tmp_path: Path) -> None:
    publish(datasets["format-2"], tmp_path / "data", "https://example.org/it's/data/")
    script = (tmp_path / "data" / "census.sql").read_text()
    assert "from read_parquet('https://example.org/it''s/data/specs.parquet');" in script
    described = json.loads((tmp_path / "data" / "croissant.json").read_text())
    assert described["url"] == "https://example.org/it's/data/"


def test_duckdb_asks_over_http(datasets: dict[str, Path], tmp_path: Path) -> None:
    with serve(tmp_path / "data") as site:
        publish(datasets["shipped"], tmp_path / "data", site.url)
        done = subprocess.run(
            [shell(), "-csv", "-noheader", "-cmd", f"load '{httpfs()}'"],
            input=f".read {tmp_path}/data/census.sql\nselect count(*) from latest_specs;\n",
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.stdout, done.stderr) == ("1673\n", "")


def test_sha256sum_itself_is_content(exports: dict[str, Path]) -> None:
    if shutil.which("sha256sum") is None:
        pytest.skip("no sha256sum here")
    command = ["sha256sum", "--check", "--quiet", "SHA256SUMS"]
    assert subprocess.run(command, cwd=exports["shipped"], check=False).returncode == 0


def test_folders_are_apart_and_one_run_at_a_time(
    datasets: dict[str, Path], exports: dict[str, Path]
) -> None:
    with pytest.raises(ParameterError, match="lies in that of the dataset"):
        publish(datasets["shipped"], datasets["shipped"] / "data")
    with (
        locking.hold(exports["empty"]),
        pytest.raises(BusyError, match="is being written"),
    ):
        publish(datasets["empty"], exports["empty"])


def test_the_command_prints_what_is_new(
    datasets: dict[str, Path],
    exports: dict[str, Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = shutil.copytree(exports["format-2"], tmp_path / "data")
    (folder / "targets.parquet").unlink()
    command = ["export", "-o", str(folder), "--dataset", str(datasets["format-2"])]
    for expected, said in ((f"{folder / 'targets.parquet'}\n", "1 file written"), ("", "nothing")):
        assert cli.main(command) == 0
        told = capsys.readouterr()
        assert told.out == expected
        assert said in told.err
