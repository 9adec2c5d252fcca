"""Texts that would act, were they believed, from documents, parameters, file names: all inert."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

import spack_census as sc
from spack_census.ask.database import script
from spack_census.ask.queries import catalogue, load, run
from spack_census.cli.options import Format
from spack_census.cli.printing import write_rows
from spack_census.dataset.layout import pin
from spack_census.dataset.verify import verify
from support.command_line import Census, rows
from support.documents_made import Spec, document, hash_of, write_document
from support.query_cases import OF_RECIPES

# No comma or quote ends a spec's list here: what those do to variants has tests of its own.
HOSTILE = [
    "Robert'); drop table specs;--",
    "x' union all select * from read_text('/etc/passwd') --",
    "$before",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;b&gt; & &#x3c;",
    "a|b | c",
    "`touch pwned`",
    "$(touch pwned)",
    "[link](javascript:alert(1))",
    "![image](https://example.invalid/x.png)",
    "# heading",
    "**bold** _em_ ~~gone~~",
    "[red]rich[/red] [link=https://example.invalid]",
    "two\nlines\n| a | row |",
    "carriage\rreturn\ttab",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "\x9b31m c1",
    "\u202egnp.exe \u2066isolate\u2069",
    "zero\u200bwidth \ufeffmark",
    "\u2028line separator\u2029",
    "../../../tmp/pwned",
    "/etc/passwd",
    "C:\\windows\\..",
    "%2e%2e%2f %s %n {0} {{7*7}}",
    "=cmd|' /C calc'!A0",
    "@sum(1+1)*cmd|' /C calc'!A0",
    "--help",
    "\U0001f600 \u00e9 e\u0301",
    "__HIVE_DEFAULT_PARTITION__",
    "a=b",
]
FEW = [text for text in HOSTILE if text[0] in "Rx$<`-\x1b\u202et[=" or "&" in text]
ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")
SNAPSHOTS = ("develop-2025-01-05", "develop-2025-01-12")


def specs_of(text: str, snapshot: str) -> list[Spec]:
    """Return specs that bear a text wherever a document may choose one freely."""
    return [
        Spec(
            hash=hash_of((text, snapshot, number)),
            os=text,
            stacks=("root", text),
            variants={"build_system": "cmake", "comment": text.replace(",", " "), "cuda": True},
            target=("x86_64_v3", "zen4")[number],
            tarball_url=text,
        )
        for number in range(2)
    ]


def title(text: str) -> str:
    """Return a text in the quotes of YAML, which joins no surrogates and takes no raw control."""
    return json.dumps(text, ensure_ascii=max(text) < "\U00010000")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / "source; rm -rf '$HOME' `x` <b>\x1b[31m"
    for number, text in enumerate(HOSTILE):
        for place, snapshot in enumerate(SNAPSHOTS):
            # Every other package comes and goes, so that diffs have names to print.
            if place == 0 or number % 2:
                path = write_document(folder, f"n{number}", snapshot, [])
                specs = specs_of(text, snapshot)
                content = document("NAME", snapshot, specs, generation=4)
                path.write_bytes(content.replace('"NAME"', title(text)).encode())
    return folder


@pytest.fixture(scope="module")
def built(source: Path) -> Path:
    dataset = source.parent / "data\"set; it's <b>"
    result = sc.build(source, dataset)
    assert result.totals.documents_rejected == result.totals.specs_rejected == 0
    return dataset


@pytest.fixture(scope="module")
def connection(built: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with sc.connect(built) as connection:
        yield connection


@pytest.fixture
def census(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Census]:
    """Run commands in an empty folder, and demand that nothing but stdout came of them."""
    monkeypatch.chdir(tmp_path)
    before = pin(built)
    yield Census(built, capsys)
    assert list(tmp_path.iterdir()) == []
    assert pin(built) == before


def test_what_a_document_says_is_data_and_nothing_else(built: Path, read_rows: Any) -> None:
    found = read_rows(built, "specs")
    assert {row["package"] for row in found} == set(HOSTILE)
    for row in found:
        assert row["os"] == row["tarball_url"] == row["package"]
        assert row["stacks"] == sorted(["root", row["package"]])
        assert any(variant.startswith("comment=") for variant in row["variants"])
    assert verify(built).findings == ()


def test_no_file_is_named_by_a_document(built: Path) -> None:
    assert len(list(built.parent.iterdir())) == 2, "the source and the dataset"
    plain = re.compile(r"[A-Za-z0-9._@+=-]+")
    for path in pin(built).rglob("*"):
        assert plain.fullmatch(path.name), path


PARAMETERS = {
    "host": "zen4",
    "target": "zen4",
    "reference": "x86_64_v3",
    "platform": "linux",
    "package": HOSTILE[0],
}


def demand_inert(written: dict[str, str]) -> None:
    """Demand that rows written as table, json, csv and markdown are the same, and do nothing."""
    assert not ACTING.search(written["table"])
    assert written["json"].isascii()
    found = rows(written["json"])
    parsed = list(csv.DictReader(io.StringIO(written["csv"], newline="")))
    assert len(parsed) == len(found)
    for row, text in zip(found, parsed, strict=True):
        for name, value in row.items():
            if isinstance(value, str):
                assert text[name] == value
    lines = written["markdown"].removesuffix("\n").split("\n")
    assert len(lines) == len(found) + 2
    for line in lines:
        assert not ACTING.search(line)
        assert not re.search(r"(?<!\\)[<`\[*]", line.replace("\\\\", "").replace("<!-- -->", ""))
        assert len(re.findall(r"(?<!\\)\|", line.replace("\\\\", ""))) == lines[0].count("|")


@pytest.mark.parametrize(
    "line", ["snapshots", "rejects", "coverage", "coverage --host zen4", "diff", "check", "verify"]
)
def test_no_command_lets_a_text_act(census: Census, line: str) -> None:
    ran = census(line)
    assert ran.code == 0, ran.err
    assert not ACTING.search(ran.out + ran.err)
    if line != "check":
        forms = ("json", "csv", "markdown")
        written = {form: census(f"{line} --format {form}").out for form in forms}
        demand_inert({"table": ran.out, **written})


# Documents hold no dependencies and no recipes, and the queries that need them say so.
@pytest.mark.parametrize(
    "name", sorted(catalogue().keys() - {"coverage.frontier", "coverage.dependents"} - OF_RECIPES)
)
def test_no_query_lets_a_text_act(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    query = load(name)
    params = {each: PARAMETERS[each] for each in query.params if each in PARAMETERS}
    written = {}
    for form in (Format.TABLE, Format.JSON, Format.CSV, Format.MARKDOWN):
        stream = io.StringIO()
        write_rows(run(connection, query, params), form, stream)
        written[form.value] = stream.getvalue()
    demand_inert(written)


@pytest.mark.parametrize("text", [*dict.fromkeys([*FEW[::3], "--help", "/etc/passwd"])])
def test_a_hostile_parameter_is_a_name_like_any_other(census: Census, text: str) -> None:
    option = [f"--dataset={census.dataset}"]
    for words in (
        ["coverage", f"--host={text}"],
        ["coverage", f"--target={text}"],
        ["coverage", f"--platform={text}"],
        ["coverage", f"--snapshot={text}"],
        ["coverage", f"--packages={text}"],
        ["diff", f"--only={text}"],
        ["diff", "--", text],
        ["rejects", f"--snapshot={text}"],
        ["query", f"--param=snapshot={text}", "coverage.by_target"],
        ["query", f"--param={text}=x", "coverage.by_target"],
        ["query", "--", text],
        ["build", f"--as={text}", "--", text],
        ["verify", f"--repair={text}"],
        ["snapshots", f"--format={text}"],
        [text],
    ):
        at = words.index("--") if "--" in words else len(words)
        known = words[0] in {"coverage", "diff", "rejects", "query", "build", "verify", "snapshots"}
        ran = census.bare("", *words[:at], *(option if known else []), *words[at:])
        # To name a file that is there is no trick.
        fine = words in (["--help"], ["coverage", "--packages=/etc/passwd"]) or words[0] == "verify"
        assert ran.code == (0 if fine else 2), words
        assert not ACTING.search(ran.out + ran.err), words
        assert "fault of census" not in ran.err, (words, ran.err)
        assert "Traceback" not in ran.err


@pytest.mark.parametrize("text", FEW)
def test_a_hostile_package_is_found_by_its_name(census: Census, text: str) -> None:
    option = [f"--dataset={census.dataset}"]
    ran = census.bare("package", *option, "--", text)
    assert ran.code == 0, ran.err
    assert not ACTING.search(ran.out + ran.err)
    found = rows(census.bare("package", *option, "--format=json", "--", text).out)
    assert {row["package"] for row in found} == {text}


def test_hostile_packages_are_covered_by_their_names(census: Census) -> None:
    names = [f"--package={text}" for text in HOSTILE]
    listed = census.bare("coverage", f"--dataset={census.dataset}", "--format=json", *names)
    assert {row["package"] for row in rows(listed.out)} == {*HOSTILE}


@pytest.mark.parametrize("text", [text for text in FEW if not re.search(r"[/=]", text)][::2])
def test_a_hostile_folder_is_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    source = write_document(tmp_path / text / "source", "zlib", "develop", [Spec()]).parents[2]
    (source / f"{text}.md").write_text("no document")
    census = Census(tmp_path / text / "dataset", capsys)
    ran = census.bare("build", f"--dataset={census.dataset}", "--", str(source))
    assert ran.code == 0, ran.err
    assert not ACTING.search(ran.out + ran.err)
    (row,) = rows(census.bare("rejects", f"--dataset={census.dataset}", "--format=json").out)
    assert row["path"] == f"{text}.md"
    for command in ("rejects", "verify", "coverage"):
        ran = census.bare(command, f"--dataset={census.dataset}")
        assert ran.code == 0, ran.err
        assert not ACTING.search(ran.out + ran.err), command
    with duckdb.connect() as shell:
        shell.execute(script(census.dataset))
        assert shell.sql("select package from specs").fetchall() == [("zlib",)]


@pytest.mark.parametrize("folder", ["a\\b", "snapshot=x"])
def test_a_folder_that_no_query_could_name_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], folder: str
) -> None:
    source = write_document(tmp_path / folder, "zlib", "develop", [Spec()])
    ran = Census(tmp_path / folder / "dataset", capsys)("build", str(source))
    assert (ran.code, ran.out) == (2, "")
    assert "census build SOURCE --dataset DIR" in ran.err
    assert not (tmp_path / folder / "dataset").exists()


def test_a_hostile_variable_of_the_environment_is_a_path(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for text in HOSTILE:
        monkeypatch.setenv("CENSUS_DATASET", str(tmp_path / "none" / text.replace("/", "-")))
        ran = Census(tmp_path, capsys).bare("snapshots")
        assert ran.code == 2
        assert not ACTING.search(ran.err)
        assert "fault of census" not in ran.err


def test_a_nul_in_a_parameter_is_trouble(census: Census) -> None:
    for words in (["package", "a\0b"], ["coverage", "--packages=a\0b"], ["diff", "a\0b"]):
        ran = census.bare("", *words, f"--dataset={census.dataset}")
        assert ran.code == 2
        assert "\0" not in ran.err
        assert "fault of census" not in ran.err, ran.err
    ran = census.bare("snapshots", "--dataset=a\0b")
    assert ran.code == 2
    assert "fault of census" not in ran.err, ran.err


def test_documents_that_name_partitions_with_hostile_texts_are_rejected(
    tmp_path: Path, read_rows: Any
) -> None:
    unsafe = [text for text in HOSTILE if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._@+-]*", text)]
    assert len(unsafe) == len(HOSTILE)
    source = tmp_path / "source"
    for number, text in enumerate(unsafe):
        specs = [
            Spec(platform=text, hash=hash_of((number, 1))),
            Spec(target=text, hash=hash_of((number, 2))),
            Spec(hash=hash_of((number, 3))),
        ]
        write_document(source, f"p{number}", "develop", specs)
        named = document(f"q{number}", "SNAPSHOT", [Spec()])
        (source / f"q{number}.md").write_text(named.replace("SNAPSHOT", json.dumps(text)))
    result = sc.build(source, tmp_path / "dataset")
    assert result.totals.specs_written == len(unsafe)
    assert result.totals.specs_rejected == 2 * len(unsafe)
    assert result.totals.documents_rejected == len(unsafe)
    places = {path.name for path in (pin(tmp_path / "dataset") / "specs").glob("*/*")}
    assert places == {"target=x86_64_v3"}
    assert len(read_rows(tmp_path / "dataset", "rejects")) == 3 * len(unsafe)
