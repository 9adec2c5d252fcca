"""Run the tests several times beside busy processes and name what failed: `make stress`.

A test that fails in some passes only is flaky: it counts on a speed that no machine promises.
What stands behind `--` goes to pytest: `python tests/stress.py --passes 1 -- tests/spack`.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

_BUSY = """
import hashlib, os, tempfile
data = os.urandom(1 << 20)
with tempfile.TemporaryFile() as file:
    while True:
        for _ in range(50):
            data = hashlib.sha512(data).digest() * (1 << 14)
        file.seek(0)
        file.write(data)
        file.flush()
"""
"""Works without an end, and writes in between."""


class Pass(NamedTuple):
    """One run of the tests: test → passed, failed or skipped."""

    seconds: float
    outcomes: dict[str, str]


@contextlib.contextmanager
def busy(number: int) -> Iterator[None]:
    """Let that many processes work beside what is done meanwhile."""
    processes = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(number)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def run(arguments: Sequence[str]) -> Pass:
    """Run the tests once."""
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        told = Path(folder) / "told.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "auto",
            "--dist",
            "worksteal",
            "-q",
            f"--junitxml={told}",
        ]
        started = time.monotonic()
        ran = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        seconds = time.monotonic() - started
        if not told.exists():
            raise SystemExit(ran.stdout + ran.stderr)
        return Pass(seconds, _outcomes(told))


def _outcomes(told: Path) -> dict[str, str]:
    found = {}
    for case in ET.parse(told).iter("testcase"):
        kinds = {child.tag for child in case}
        failed = bool(kinds & {"failure", "error"})
        outcome = "failed" if failed else "skipped" if "skipped" in kinds else "passed"
        found[f"{case.get('classname')}::{case.get('name')}"] = outcome
    return found


def table(passes: Sequence[Pass]) -> str:
    """Return a table of the passes, then what failed and how often, in Markdown."""
    lines = ["| pass | seconds | passed | failed | skipped |", "|---:|---:|---:|---:|---:|"]
    failures: defaultdict[str, int] = defaultdict(int)
    for number, each in enumerate(passes, start=1):
        counts = Counter(each.outcomes.values())
        cells = (counts[outcome] for outcome in ("passed", "failed", "skipped"))
        lines.append(f"| {number} | {each.seconds:.0f} | {' | '.join(map(str, cells))} |")
        for test, outcome in each.outcomes.items():
            failures[test] += outcome == "failed"
    failed = {test: times for test, times in sorted(failures.items()) if times}
    lines += [""] if failed else ["", "Nothing failed in any pass."]
    for test, times in failed.items():
        kind = "broken: failed" if times == len(passes) else "flaky: failed"
        lines.append(f"- {test} ({kind} in {times} of {len(passes)})")
    return "\n".join(lines)


def main() -> int:
    """Run the passes and print the table; return 1 where anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--busy", type=int, default=8, help="processes beside the tests")
    parser.add_argument("pytest", nargs="*", help="arguments for pytest, after --")
    chosen = parser.parse_args()
    passes = []
    with busy(chosen.busy):
        for _ in range(chosen.passes):
            passes.append(run(chosen.pytest))
            print(f"pass {len(passes)} took {passes[-1].seconds:.0f} s", file=sys.stderr)
    print(table(passes))
    return any("failed" in each.outcomes.values() for each in passes)


if __name__ == "__main__":
    sys.exit(main())
