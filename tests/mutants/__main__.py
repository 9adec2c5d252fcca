"""Run mutants and print one table: `python -m mutants --help`."""

from __future__ import annotations

import argparse
import sys

from mutants import python, sql

_PYTHON: dict[str, list[str]] = {
    "spack/versions.py": ["spack/test_versions.py"],
    "spack/spelling.py": ["spack/test_spelling.py"],
    "spack/ranges.py": ["spack/test_ranges.py"],
    "spack/grammar.py": ["spack/test_grammar.py", "spack/test_constraints.py"],
    "spack/constraints.py": ["spack/test_grammar.py", "spack/test_constraints.py"],
    "spack/containment.py": ["spack/test_containment.py", "spack/test_grammar.py"],
    "dataset/publication.py": ["dataset/test_publication.py"],
    "dataset/turns.py": ["dataset/test_turns.py", "dataset/test_rivals.py"],
    "building/losses.py": ["building/test_refusals.py"],
    "building/doubts.py": ["building/test_refusals.py"],
    "building/owners.py": ["building/test_refusals.py"],
}
_SQL: dict[str, list[str]] = {"views/changes.sql": ["ask/test_changes.py"]}
_ENOUGH = 95
"""Percent of a file's mutants that its tests have to find."""


def main() -> int:
    """Run the mutants of the files named, by default of all; return 1 where too many live."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help=", ".join((*_PYTHON, *_SQL)))
    parser.add_argument("--sample", type=int, metavar="N", help="of each file so many mutants only")
    parser.add_argument("--seed", type=int, default=1, help="by which they are drawn")
    chosen = parser.parse_args()
    unknown = {*chosen.files} - {*_PYTHON, *_SQL}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: one of {', '.join((*_PYTHON, *_SQL))}")
    few = False
    print(f"{'':<28}{'mutants':>8}{'tried':>7}{'killed':>8}{'left':>6}")
    for name in chosen.files or (*_PYTHON, *_SQL):
        run, tests = (sql.run, _SQL[name]) if name in _SQL else (python.run, _PYTHON[name])
        found = run(name, tests, python.Chosen(chosen.sample, chosen.seed))
        share = 100 * found.killed / found.tried
        few |= share < _ENOUGH
        tried = f"{found.mutants:>8,}{found.tried:>7,}"
        print(f"{name:<28}{tried}{share:>7.1f}%{len(found.left):>6}", flush=True)
        print(*found.left, sep="\n", file=sys.stderr, flush=True)
    return few


if __name__ == "__main__":
    sys.exit(main())
