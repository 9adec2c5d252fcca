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
    "spack/containment.py": ["spack/test_containment.py"],
    "dataset/publication.py": ["dataset/test_publication.py"],
    "dataset/turns.py": ["dataset/test_turns.py", "dataset/test_rivals.py"],
    "building/losses.py": ["building/test_losses.py"],
    "building/doubts.py": ["building/test_losses.py"],
    "building/owners.py": ["building/test_losses.py"],
}
_SQL: dict[str, list[str]] = {"views/changes.sql": ["ask/test_changes.py"]}
_ENOUGH = 95
"""Percent of a file's mutants that its tests have to find."""


def main() -> int:
    """Run the mutants of the files named, by default of all; return 1 where too many live."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help=", ".join((*_PYTHON, *_SQL)))
    parser.add_argument("--every", type=int, default=1, help="of SQL, each so many-th mutant only")
    chosen = parser.parse_args()
    unknown = {*chosen.files} - {*_PYTHON, *_SQL}
    if unknown:
        parser.error(f"{', '.join(sorted(unknown))}: one of {', '.join((*_PYTHON, *_SQL))}")
    few = False
    print(f"{'':<28}{'mutants':>8}{'killed':>8}{'left':>6}")
    for name in chosen.files or (*_PYTHON, *_SQL):
        if name in _SQL:
            found = sql.run(name, _SQL[name], chosen.every)
        else:
            found = python.run(name, _PYTHON[name])
        share = 100 * found.killed / found.mutants
        few |= share < _ENOUGH
        print(f"{name:<28}{found.mutants:>8,}{share:>7.1f}%{len(found.left):>6}", flush=True)
        print(*found.left, sep="\n", file=sys.stderr, flush=True)
    return few


if __name__ == "__main__":
    sys.exit(main())
