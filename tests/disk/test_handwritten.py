"""YAML that people write: whatever stands there is data, or an error with its file and line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from spack_census.cli import main
from spack_census.disk.handwritten import UnusableError, load
from torture import fuzz

Make = Callable[[Path], object]
HOSTILE: dict[str, tuple[Make, str]] = {
    "a day that is none": (lambda p: p.write_text("a: 1\nb: 2025-02-30\n"), "line 2: '2025-02-30'"),
    "a time that is none": (lambda p: p.write_text("b: 2025-01-01 25:61:61\n"), "line 1: '2025"),
    "5,000 digits": (lambda p: p.write_text(f"a: 1\nb: {'9' * 5000}\n"), "line 2: '9999"),
    "depth": (lambda p: p.write_text("a: " + "[" * 100_000), "nested more than 64"),
    "depth in blocks": (
        lambda p: p.write_text("".join(f"{' ' * n}a:\n" for n in range(900))),
        "line 65: it is nested",
    ),
    "aliases in aliases": (
        lambda p: p.write_text("a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
        "line 2: the alias",
    ),
    "an alias of itself": (lambda p: p.write_text("a: &a [*a]\n"), "line 1: the alias"),
    "aliases without end": (
        lambda p: p.write_text(f"a: &a [{'x, ' * 1000}]\nb: [{'*a, ' * 1000}]\n"),
        "line 2: it holds more than",
    ),
    "an unhashable key": (lambda p: p.write_text("? [a, b]\n: 1\n"), "unhashable key"),
    "a mapping as key": (lambda p: p.write_text("? {a: b}\n: 1\n"), "unhashable key"),
    "a key twice": (lambda p: p.write_text("a: 1\nb: 1\na: 2\n"), "line 3: the key 'a' stands"),
    "NUL": (lambda p: p.write_bytes(b"a: 1\nb: \0\n"), "line 2: it holds a character"),
    "not UTF-8": (lambda p: p.write_bytes(b"a: 1\nb: \xff\n"), "line 2: it is no UTF-8"),
    "UTF-16": (lambda p: p.write_text("a: 1\n", encoding="utf-16"), "no UTF-8"),
    "a tag": (lambda p: p.write_text("a: !!python/name:os.system x"), "could not determine"),
    "an undefined alias": (lambda p: p.write_text("a: *b\n"), "line 1: "),
    "two documents": (lambda p: p.write_text("a: 1\n---\nb: 1\n"), "another document"),
    "100 MB": (lambda p: p.touch() or os.truncate(p, 100 * 1024 * 1024), "more than 4,194,304"),
    "a pipe": (os.mkfifo, "no regular file"),
    "a folder": (Path.mkdir, "directory|no regular file"),
    "a device": (lambda p: p.symlink_to("/dev/zero"), "no regular file"),
    "a link to itself": (lambda p: p.symlink_to(p), "symbolic links"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_data_is_an_error_with_its_line(tmp_path: Path, case: str) -> None:
    make, told = HOSTILE[case]
    make(tmp_path / "file.yaml")
    with pytest.raises((UnusableError, OSError), match=told):
        load(tmp_path / "file.yaml")


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("command", ["run", "env"])
def test_a_command_names_the_file_and_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], shipped: Path, command: str, case: str
) -> None:
    make, _ = HOSTILE[case]
    path = tmp_path / "file.yaml"
    make(path)
    options = ["--dataset", str(shipped)] if command == "env" else []
    assert main([command, str(path), *options]) == 2
    err = capsys.readouterr().err
    assert str(path) in err
    assert "fault of census" not in err
    assert len(err.splitlines()) > 1, "no next step"


def test_data_are_data(tmp_path: Path) -> None:
    path = tmp_path / "file.yaml"
    path.write_bytes(
        b"\xef\xbb\xbfa: &a {x: 1, y: 2}\nb: {<<: *a, x: 3}\nc: [*a, *a]\nd: 2025-01-02\ne:\n"
    )
    found = load(path)
    assert found["b"] == {"x": 3, "y": 2}
    assert found["c"] == [{"x": 1, "y": 2}] * 2
    assert found["d"].isoformat() == "2025-01-02"
    assert found["e"] is None
    path.write_text("")
    assert load(path) is None


@pytest.mark.parametrize(
    "text",
    [
        "sources: [a]\nwait_seconds: .inf",
        "sources: [a]\nrun_seconds: .nan",
        "sources: [a]\nrun_seconds: 0",
        f"sources: [a]\nkeep_reports: {'9' * 4000}",
        'sources: ["a\\0b"]',
        'sources: [a]\ndataset: "\\0"',
        "sources: [a]\n1: 2",
        "sources: [a]\nnull: 2",
        "sources: [a]\n2025-01-01: 2",
        "sources: {a: b}",
        "sources: [[a]]",
        "sources: [{1: 2}]",
        "sources: [a]\nseries: 2025-01-01",
        "sources: [a]\nsince: [2025-01-01]",
        "sources: [a]\nurl: 7",
    ],
)
def test_a_configuration_of_wrong_values_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
) -> None:
    path = tmp_path / "census.yaml"
    path.write_text(text)
    assert main(["run", str(path)]) == 2
    err = capsys.readouterr().err
    assert str(path) in err
    assert "fault of census" not in err


@pytest.mark.parametrize("name", ["configurations", "spack.yaml"])
def test_mutated_files_are_read_or_refused(name: str) -> None:
    tally = fuzz.fuzz(fuzz.FORMATS[name], 500, seed=5)
    assert tally.wrong == 0, tally.samples[:3]
    assert tally.verdicts.keys() == {"read", "refused"}
