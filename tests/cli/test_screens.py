"""What each command shows on terminals of four widths, as files that a reader can look at.

A change that is meant is written anew:
CENSUS_SCREENS=write python -m pytest tests/cli/test_screens.py
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pexpect
import pyte
import pytest
from rich.cells import cell_len

from spack_census.cli import main

ROOT = Path(__file__).parents[2]
SCREENS = Path(__file__).parent / "screens"
WIDTHS = (60, 80, 120, 200)
COMMANDS = {
    "check": "check",
    "coverage": "coverage",
    "coverage_host": "coverage --host neoverse_v2",
    "coverage_list": "coverage --package cmake --package py-torhc --package py-pytest-runner",
    "diff": "diff",
    "diff_locks": "diff tests/environments/workbench tests/environments/solvers-april",
    "diff_specs": "diff /ppmklima4j5yhjtvrpbuddhqvx3n4pj5 /oiqck2i5jkpkexieiv2ivkthq5wisw6k",
    "diff_months": "diff develop-2024-04-28",
    "diff_only": "diff --only gone,reconfigured,upgraded",
    "env": "env tests/environments/e4s-small-2026-01-11",
    "env_all": "env tests/environments/e4s-small-2026-01-11 --all-snapshots",
    "find": "find hdf5",
    "package": "package hdf5",
    "queries": "queries",
    "query_duplicates": "query coverage.duplicates",
    "query_gaps": "query coverage.gaps -p reference=x86_64_v3 -p target=neoverse_v2",
    "query_stacks": "query diff.stacks",
    "snapshots": "snapshots",
    "why": "why hdf5 --host zen4 --os rhel9",
}
LINES = 40
"""How much of a long answer a file keeps: its first and its last lines."""
MARK = "=== {} ==="
SCRIPT = f"""
import shlex, sys
from spack_census.cli import main
for name, line in {COMMANDS!r}.items():
    sys.stdout.flush()
    print("{MARK}".format(name), flush=True)
    main(shlex.split(line))
"""


@cache
def shown(dataset: Path, width: int) -> dict[str, list[str]]:
    """Run all commands in one terminal of this width; return the lines of each, as written."""
    environment = {**os.environ, "CENSUS_DATASET": str(dataset), "TERM": "xterm-256color"}
    environment = {name: each for name, each in environment.items() if name != "COLUMNS"}
    path = str(ROOT / "pipeline")
    child = pexpect.spawn(
        sys.executable,
        ["-c", SCRIPT],
        cwd=str(ROOT),
        env={**environment, "PYTHONPATH": path},
        dimensions=(50, width),
        encoding="utf-8",
        timeout=None,
    )
    child.expect(pexpect.EOF)
    assert child.before is not None
    parts = re.split(r"=== (\w+) ===\r\n", child.before)
    found = dict(zip(parts[1::2], parts[2::2], strict=True))
    return {name: _lines(text) for name, text in found.items()}


def _lines(text: str) -> list[str]:
    """Return what a terminal that breaks no line shows: the text without colours."""
    screen = pyte.Screen(1000, text.count("\n") + 1)
    pyte.Stream(screen).feed(text)
    lines = [line.rstrip() for line in screen.display]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _kept(lines: list[str]) -> str:
    if len(lines) > 2 * LINES:
        lines = [*lines[:LINES], f"[{len(lines) - 2 * LINES} lines]", *lines[-LINES:]]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("width", WIDTHS)
def test_each_command_shows_what_its_file_has(shipped: Path, width: int) -> None:
    found = {name: _kept(lines) for name, lines in shown(shipped, width).items()}
    paths = {name: SCREENS / f"{name}-{width}.txt" for name in COMMANDS}
    if os.environ.get("CENSUS_SCREENS") == "write":
        for name, path in paths.items():
            path.write_text(found[name], encoding="utf-8")
    for name, path in paths.items():
        assert found[name] == path.read_text(encoding="utf-8"), f"{path.name}: is it better now?"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_line_is_wider_than_the_terminal_but_commands_to_copy(
    shipped: Path, name: str, width: int
) -> None:
    first, *lines = shown(shipped, width)[name]
    # The sides of a diff, as they were named, are to be copied too.
    lines += [] if " → " in first else [first]
    wide = [line for line in lines if cell_len(line) > width]
    copied = re.compile(r" *(…[\d,]+ more: )?(census|spack) ")
    assert [line for line in wide if not copied.match(line)] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_wider_terminal_leaves_out_no_more(shipped: Path, name: str) -> None:
    def missing(width: int) -> int:
        # What is said of it may be broken into lines.
        return " ".join(map(str.strip, shown(shipped, width)[name])).count("no room for")

    counts = [missing(width) for width in WIDTHS]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize("name", COMMANDS)
def test_no_name_of_a_snapshot_is_broken(shipped: Path, name: str) -> None:
    for width in WIDTHS:
        for line in shown(shipped, width)[name]:
            assert not re.search(r"develop-(2024-?)?(\d\d-?)?(\s|$)(?<!\d\d-\d\d\s)", line) or (
                re.search(r"develop-2024-\d\d-\d\d", line)
            ), line


class Cut(NamedTuple):
    """A table that leaves out rows: the words of its head, the names shown, how to see more."""

    title: str
    head: list[str]
    names: list[str]
    num_more: int
    command: str


def cuts(lines: list[str]) -> Iterator[Cut]:
    """Yield each cut table of an answer in a pipe, where a row is a line."""
    for at, line in enumerate(lines):
        more = re.match(r" *…([\d,]+) more: census (.*)", line)
        if more:
            start = max(n for n in range(at) if not lines[n])
            title, head, *rows = lines[start + 1 : at]
            names = [row.split()[0] for row in rows]
            yield Cut(title, head.split(), names, int(more[1].replace(",", "")), more[2])


@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_for_more_shows_each_row_that_is_left_out(
    shipped: Path, name: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("CENSUS_DATASET", str(shipped))

    def run(line: str) -> str:
        assert main(shlex.split(line)) in {0, 1, 3}
        return capsys.readouterr().out

    lines = run(f"{COMMANDS[name]} --wide").splitlines()
    assert not list(cuts(lines))
    for cut in cuts(run(COMMANDS[name]).splitlines()):
        start = lines.index(cut.title)
        assert lines[start + 1].split() == cut.head
        rows = lines[start + 2 : start + 2 + len(cut.names) + cut.num_more]
        names = [row.split()[0] for row in rows]
        assert names[: len(cut.names)] == cut.names
        end = start + 2 + len(rows)
        assert lines[end : end + 1] in ([], [""])
        there = run(cut.command)
        packages = [each.partition("@")[0] for each in names]
        assert [each for each in packages if not re.search(rf"\b{re.escape(each)}\b", there)] == []
