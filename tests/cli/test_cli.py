"""What all commands keep to: help, errors with next steps, exit codes, formats."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from spack_census.ask.coverage import Package
from spack_census.cli import main
from spack_census.cli.app import app
from spack_census.cli.options import Format
from spack_census.errors import CensusError
from support.command_line import Census, rows
from support.report_cases import Terminal

COMMANDS = app.list_commands()
ON_A_DATASET = sorted({*COMMANDS} - {"build", "fetch", "init", "queries", "run"})
ARGUMENTS = {
    "audit": ["--keep-last", "3"],
    "env": ["spack.lock"],
    "find": ["hdf5"],
    "package": ["hdf5"],
    "query": ["coverage.by_target"],
    "recipes": [str(Path(__file__).parent)],
    "why": ["hdf5"],
}


@pytest.fixture
def census(shipped: Path, capsys: pytest.CaptureFixture[str]) -> Census:
    return Census(shipped, capsys)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(census: Census, command: str) -> None:
    for option in ("--help", "-h"):
        ran = census.bare(f"{command} {option}")
        assert (ran.code, ran.err) == (0, "")
        assert f"Usage: census {command}" in ran.out
        assert "Example: " in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_the_list_of_commands_says_how_the_docstring_of_each_begins(command: str) -> None:
    found = app.get_command(None, command)
    assert found is not None
    assert found.help is not None
    [told] = [group[command][1] for group in app.groups.values() if command in group]
    assert re.match(rf"{re.escape(told)}\b", found.help)


@pytest.mark.parametrize("line", ["", "--help"])
def test_help_lists_every_command_in_its_group(census: Census, line: str) -> None:
    ran = census.bare(line)
    assert ran.code == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in ran.out] == []
    groups = re.findall(r"^(Build|Ask|Publish|Inspect):$", ran.out, re.MULTILINE)
    assert groups == ["Build", "Ask", "Publish", "Inspect"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nosuch", "No such command 'nosuch'"),
        ("diff --nosuch", "No such option"),
        ("diff a b c", "unexpected extra argument"),
        ("coverage --format xml", "'xml' is not one of"),
        ("build", "Missing argument 'SOURCE'"),
    ],
)
def test_a_wrong_command_line_is_trouble_and_names_the_help(
    census: Census, line: str, told: str
) -> None:
    ran = census.bare(line)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert re.search(r"see: census .*--help", ran.err)


@pytest.mark.parametrize("command", ON_A_DATASET)
def test_without_a_dataset_every_command_says_how_to_build_one(
    census: Census, tmp_path: Path, command: str
) -> None:
    arguments = ARGUMENTS.get(command, [])
    ran = census(command, *arguments, dataset=tmp_path / "none")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"census: no dataset in {tmp_path / 'none'}\n")
    assert "build one: census build SOURCE" in ran.err
    assert "Traceback" not in ran.err


def test_debug_shows_where_an_error_arose(tmp_path: Path) -> None:
    with pytest.raises(CensusError):
        main(["snapshots", "--debug", "--dataset", str(tmp_path)])


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("coverage --host neoverse_v22", "nearest: neoverse_v2"),
        ("coverage --target x86_64_v33", "nearest: x86_64_v3"),
        ("coverage --target zen4", "census coverage --host zen4"),
        ("coverage --snapshot develop-2024-06-08", "nearest: develop-2024-06-09"),
        ("coverage --platform dawin", "nearest: darwin"),
        ("coverage --packages nosuchfile", "one package name a line"),
        ("coverage --host zen4 --target x86_64_v3", "ask for one"),
        ("diff develop-2024-06-08", "nearest: develop-2024-06-09"),
        ("diff --package cmkae", "nearest: cmake"),
        ("diff --target x86_64_v33", "nearest: x86_64_v3"),
        ("diff --stack e4s-oneap", "nearest: e4s-oneapi"),
        ("diff --only upgarded", "nearest: upgraded"),
        ("package hdf", "nearest: hdf5"),
        ("package hdf5 --snapshot develop-2024-06-08", "nearest: develop-2024-06-09"),
        ("query diff.pakages", "nearest: diff.packages"),
        ("query coverage.host", "needs host"),
        ("query coverage.by_target -p nosuch=1", "does not take nosuch"),
        ("query coverage.by_target -p snapshot", "KEY=VALUE belongs here"),
        ("query coverage.by_target -p snapshot=a -p snapshot=b", "given twice"),
        ("rejects --snapshot develop-2024-06-08", "nearest: develop-2024-06-09"),
        ("report -o unwritten develop-2024-06-02", "name both"),
        ("report -o unwritten develop-2024-06-02 latest --limit 1", "leave out the one"),
        ("report -o unwritten latest develop-2024-06-09", "cannot be compared with itself"),
        ("report -o unwritten previous develop-2024-06-08", "nearest: develop-2024-06-09"),
        ("report -o unwritten --series develop-date", "nearest: develop-dated"),
        ("report -o unwritten --since develop-2024-06-08", "nearest: develop-2024-06-09"),
    ],
)
def test_what_is_unknown_or_wrong_is_trouble_with_a_next_step(
    census: Census, line: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = census(line)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("census: ")
    assert told in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("line", "columns"),
    [
        ("coverage", "platform target os num_packages num_specs coverage_pct"),
        ("coverage --host zen4", " ".join(Package._fields)),
        ("coverage --package cmake --package nosuch", " ".join(Package._fields)),
        (
            "diff",
            "change package platform os target before_version after_version before_compiler "
            "after_compiler before_hash after_hash variants_added variants_removed stacks "
            "attributes causes",
        ),
        (
            "package hdf5",
            "snapshot package version platform target os compiler_name compiler_version "
            "variants stacks hash flags build_spec",
        ),
        ("query diff.packages", "change package platform num_targets num_specs"),
        (
            "snapshots",
            "snapshot series snapshot_date hash_epoch num_packages num_specs num_documents "
            "num_documents_rejected num_specs_rejected",
        ),
        ("rejects", "snapshot package path scope reason place message remedy"),
    ],
)
def test_rows_are_the_same_in_every_format(census: Census, line: str, columns: str) -> None:
    ran = census(f"{line} --format json")
    assert (ran.code, ran.err) == (0, "")
    found = rows(ran.out)
    assert all(list(row) == columns.split() for row in found)
    written = list(csv.DictReader(io.StringIO(census(f"{line} --format csv").out)))
    assert len(written) == len(found)
    tabbed = census(f"{line} --format tsv").out
    assert list(csv.DictReader(io.StringIO(tabbed), delimiter="\t")) == written
    lines = census(f"{line} --format jsonl").out.splitlines()
    assert [json.loads(each) for each in lines] == found
    markdown = census(f"{line} --format markdown").out.splitlines()
    assert len(markdown) == len(found) + 2
    assert markdown[0].count("|") == len(columns.split()) + 1
    for row, text in zip(found, written, strict=True):
        for name, value in row.items():
            if isinstance(value, str):
                assert text[name] == value


def test_parquet_goes_to_a_pipe_or_a_file_and_to_no_terminal(
    shipped: Path, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = ["snapshots", "--format", "parquet", "--dataset", str(shipped)]
    with open(1, "w", encoding="utf-8", closefd=False) as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert main(line) == 0
    written = capfdbinary.readouterr().out
    assert pq.read_table(io.BytesIO(written)).num_rows == 4
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert main(line) == 2
    assert b"--format parquet > FILE" in capfdbinary.readouterr().err


@pytest.mark.parametrize(
    "command",
    sorted(
        {*ON_A_DATASET} - {"check", "export", "migrate", "path", "recipes", "report", "site", "sql"}
    ),
)
def test_every_command_with_rows_takes_the_same_formats_and_shows_no_bool(
    census: Census, command: str
) -> None:
    out = " ".join(census.bare(f"{command} --help").out.split())
    assert "rows: table, markdown, csv, tsv, json, jsonl or parquet." in out
    assert [each.value for each in Format] == [
        "table",
        "markdown",
        "csv",
        "tsv",
        "json",
        "jsonl",
        "parquet",
    ]
    assert "--wide" in out
    assert "<bool>" not in out
