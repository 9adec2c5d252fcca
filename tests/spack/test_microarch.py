"""The tables of CPUs: what runs what, nearest first."""

from __future__ import annotations

import subprocess
import sys
from itertools import groupby

import archspec.cpu
import pytest

from spack_census.building import tables
from spack_census.dataset import schema
from spack_census.spack import microarch

STRANGE = "quantum_v9"


@pytest.fixture(scope="module")
def runs() -> dict[str, dict[str, int]]:
    """Return host → target → distance, in the order of the rows."""
    rows = microarch.compat_rows([STRANGE, "zen4"])
    return {
        host: {row["target"]: row["distance"] for row in group}
        for host, group in groupby(rows, key=lambda row: str(row["host"]))
    }


def test_rows_conform_to_the_schema_in_its_order() -> None:
    for table, rows in (
        (schema.TARGETS, microarch.targets_rows([STRANGE])),
        (schema.TARGET_COMPAT, microarch.compat_rows([STRANGE])),
    ):
        assert {tuple(row) for row in rows} == {tuple(column.name for column in table.columns)}
        assert rows == sorted(rows, key=lambda row: [row[name] for name in table.sort])
        assert tables.rows(table, rows).num_rows == len(rows)


def test_all_of_archspec_and_what_was_seen_is_there_once() -> None:
    names = [row["target"] for row in microarch.targets_rows([STRANGE, STRANGE, "zen4"])]
    assert names == sorted({STRANGE, *(str(name) for name in archspec.cpu.TARGETS)})
    assert microarch.known_targets() == set(names) - {STRANGE}
    assert {"x86_64_v3", "zen4", "neoverse_v1", "aarch64", "m1"} <= microarch.known_targets()


def test_a_known_target_is_described() -> None:
    rows = {row["target"]: row for row in microarch.targets_rows([])}
    assert rows["power9le"] == {
        "target": "power9le",
        "family": "ppc64le",
        "vendor": "IBM",
        "generation": 9,
        "ancestors": ("power8le", "ppc64le"),
        "known": True,
    }
    assert rows["zen4"]["generation"] is None
    assert rows["x86_64_v3"]["ancestors"] == ("x86_64_v2", "x86_64")
    assert rows["x86_64"] == {
        "target": "x86_64",
        "family": "x86_64",
        "vendor": "generic",
        "generation": None,
        "ancestors": (),
        "known": True,
    }


def test_an_unknown_target_is_there_and_runs_only_itself(runs: dict[str, dict[str, int]]) -> None:
    (row,) = [row for row in microarch.targets_rows([STRANGE]) if row["target"] == STRANGE]
    assert row == {
        "target": STRANGE,
        "family": None,
        "vendor": None,
        "generation": None,
        "ancestors": (),
        "known": False,
    }
    assert runs[STRANGE] == {STRANGE: 0}
    assert [host for host, targets in runs.items() if STRANGE in targets] == [STRANGE]


def test_zen4_prefers_what_is_nearer_to_it(runs: dict[str, dict[str, int]]) -> None:
    assert runs["zen4"] == {
        "zen4": 0,
        "x86_64_v4": 1,
        "zen3": 1,
        "zen2": 2,
        "zen": 3,
        "x86_64_v3": 4,
        "x86_64_v2": 5,
        "x86_64": 6,
    }


def test_a_host_runs_itself_and_all_that_archspec_says(runs: dict[str, dict[str, int]]) -> None:
    for name, target in archspec.cpu.TARGETS.items():
        assert set(runs[name]) == {name, *(ancestor.name for ancestor in target.ancestors)}
        assert [at for at, distance in runs[name].items() if distance == 0] == [name]


def test_what_runs_another_is_nearer_than_that_other(runs: dict[str, dict[str, int]]) -> None:
    for host, targets in runs.items():
        for target, distance in targets.items():
            general = runs[target].keys() - {target}
            assert all(targets[other] > distance for other in general), (host, target)


def test_archspec_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, spack_census.spack.microarch; sys.exit('archspec' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
