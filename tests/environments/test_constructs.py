"""Each construct of a spack.yaml on a dataset of documents and one of indexes: the right answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

import spack_census as sc
from spack_census.ask.hosts import Host
from spack_census.environments import fitting
from spack_census.environments.model import EnvironmentFit

HERE = Path(__file__).parent
CASES = sorted(path.parent for path in (HERE / "constructs").glob("*/expected.yaml"))


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(HERE.parent / "corpus" / "buildcache" / "v3", dataset)
    return dataset


@pytest.fixture(scope="module")
def asked(shipped: Path, indexed: Path) -> dict[str, duckdb.DuckDBPyConnection]:
    return {"documents": sc.connect(shipped), "indexes": sc.connect(indexed)}


def expected(case: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((case / "expected.yaml").read_text())
    return found


def fit(con: duckdb.DuckDBPyConnection, case: Path) -> EnvironmentFit:
    return fitting.fit(con, fitting.read(case / "spack.yaml"), "latest", Host())


@pytest.mark.parametrize("kind", ["documents", "indexes"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_construct(case: Path, kind: str, asked: dict[str, duckdb.DuckDBPyConnection]) -> None:
    wanted = expected(case)
    found = fit(asked[kind], case)
    answers = {each.needed_by[0]: each for each in found.specs}
    statuses = {text: each.status for text, each in answers.items()}
    assert statuses == wanted.get("both", {}) | wanted.get(kind, {})
    assert len(answers) == len(found.specs)
    for text, part in wanted.get("reasons", {}).items():
        if answers[text].status in {"miss", "cannot tell"}:
            assert part in str(answers[text].reason)
    for text, kinds in wanted.get("unmet", {}).items():
        unmet = {each.partition(" ")[0].rpartition(":")[2] for each in answers[text].unmet}
        assert unmet == set(kinds)
    assert not set(wanted.get("notes", ())) - set(found.notes)
    # A root that is not had says why, or is shown what is nearest.
    for each in found.specs:
        assert each.status != "cannot tell" or each.reason
        assert each.compiles == (each.status in {"miss", "hole"})
