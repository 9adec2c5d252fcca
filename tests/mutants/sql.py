"""Mutants of a view: one operator, join, number or line is changed, and its tests run on that."""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from mutants.python import ROOT, Chosen, Tally
from spack_census.ask import queries

_SWAPS: tuple[tuple[str, str], ...] = (
    (r"<>", "="),
    (r"(?<= )=(?= )", "<>"),
    (r"(?<= )>(?= )", ">="),
    (r"(?<= )<(?= )", "<="),
    (r"(?<= )\+(?= )", "-"),
    (r"(?<= )-(?= )", "+"),
    (r"\band\b", "or"),
    (r"\bis not distinct from\b", "is distinct from"),
    (r"\bis distinct from\b", "is not distinct from"),
    (r"\bis null\b", "is not null"),
    (r"\bnot (?=is_after|list_contains|starts_with)", ""),
    (r" nulls last\b", ""),
    (r"\bunion all\b", "union"),
    (r"\banti join\b", "semi join"),
    (r"\bsemi join\b", "anti join"),
    (r"\binner join\b", "left join"),
    (r"\bleft join\b", "inner join"),
    (r"\bfull join\b", "left join"),
    (r"\bmin(?=\()", "max"),
    (r"\bmax(?=\()", "min"),
    (r"\bleast(?=\()", "greatest"),
    (r"\brow_number(?=\()", "rank"),
    (r"\bdense_rank(?=\()", "rank"),
    (r"\b(?:abs|list_sort|list_distinct)(?=\()", ""),
    (r"\bdistinct (?=setting)", ""),
    (r"\bbefore\.", "after."),
    (r"\bafter\.", "before."),
    (r"(?<=')(?=[a-z]+')", "other "),
)
_NUMBER = re.compile(r"(?<![\w'])\d+(?![\w'])")
_DROPPED = re.compile(r"^ +[a-z_.]+(?: nulls last)?,\n", re.MULTILINE)
_ENDLESS = 20
"""So many times the CPU time of the tests on the view as it is: what takes more has no end."""
_DEAD_AT_BIRTH = 9


class Mutant(NamedTuple):
    """A text, and the line that is another one in it."""

    text: str
    line: int
    was: str
    now: str


def mutants(sql: str) -> Iterator[Mutant]:
    """Return each text with one change; comments and the first line stay as they are."""
    start = sql.index("create or replace macro")
    start = sql.index("\n", start)
    for pattern, new in _SWAPS:
        for match in re.finditer(pattern, sql):
            yield from _mutant(sql, start, match, new)
    for match in _NUMBER.finditer(sql):
        yield from _mutant(sql, start, match, str(int(match[0]) + 1))
    for match in _DROPPED.finditer(sql):
        yield from _mutant(sql, start, match, "")


def _mutant(sql: str, start: int, match: re.Match[str], new: str) -> Iterator[Mutant]:
    line = sql.count("\n", 0, match.start()) + 1
    was = sql.splitlines()[line - 1]
    if match.start() < start or "--" in was:
        return
    text = sql[: match.start()] + new + sql[match.end() :]
    now = text.splitlines()[line - 1] if new or not _DROPPED.fullmatch(match[0]) else "(dropped)"
    yield Mutant(text, line, was.strip(), now.strip())


def run(view: str, tests: list[str], chosen: Chosen) -> Tally:
    """Mutate a view and run these tests on each mutant that is chosen."""
    sql = (ROOT / "queries" / view).read_text(encoding="utf-8")
    seconds = _cpu_seconds(_started(view, sql, tests, limit=None))
    limit = round(_ENDLESS * seconds) + 1
    left, born = [], 0
    made = list(mutants(sql))
    found = chosen.of(made)
    beside = os.cpu_count() or 1
    for at in range(0, len(found), beside):
        batch = found[at : at + beside]
        children = [(each, _started(view, each.text, tests, limit)) for each in batch]
        for mutant, process in children:
            _, status = os.waitpid(process, 0)
            code = os.waitstatus_to_exitcode(status)
            born += code != _DEAD_AT_BIRTH
            if code == 0:
                left.append(f"line {mutant.line}:\n-{mutant.was}\n+{mutant.now}")
    return Tally(len(made), born, born - len(left), tuple(left))


def _cpu_seconds(process: int) -> float:
    _, status, used = os.wait4(process, 0)
    if status:
        raise SystemExit("the tests fail on the view as it is")
    return used.ru_utime + used.ru_stime


def _started(view: str, sql: str, tests: list[str], limit: int | None) -> int:
    """Start a child that runs the tests on this text of the view; its exit code is pytest's."""
    process = os.fork()
    if process:
        return process
    try:
        os._exit(_tried(view, sql, tests, limit))
    finally:
        os._exit(_DEAD_AT_BIRTH)


def _tried(view: str, sql: str, tests: list[str], limit: int | None) -> int:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    if limit is not None:
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))
    with tempfile.TemporaryDirectory(prefix="mutants-") as name:
        root = Path(shutil.copytree(ROOT / "queries", Path(name) / "queries"))
        (root / view).write_text(sql, encoding="utf-8")
        queries.find_root = lambda _folder=None: root
        from support.query_cases import in_memory

        try:
            with in_memory({}) as con:
                con.sql("from changes('a', 'b')")
        except duckdb.Error:
            return _DEAD_AT_BIRTH
        profile = ["-p", "no:cacheprovider", "--hypothesis-profile=mutants", "-q", "-x"]
        return int(pytest.main([*profile, *(str(ROOT / "tests" / test) for test in tests)]))
