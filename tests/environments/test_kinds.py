"""Each kind of constraint × each option × each kind of dataset: an answer, never a crash."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
import yaml

import spack_census as sc
from spack_census.ask import finding, hosts
from spack_census.ask.hosts import Host
from spack_census.environments import fitting
from spack_census.environments.ladder import ladder
from spack_census.environments.model import SpecFit
from spack_census.errors import ConstraintError
from spack_census.spack.grammar import parse

HERE = Path(__file__).parents[1]

KINDS = {
    "name": "{package}",
    "version": "{package}@1:",
    "exact version": "{package}@=1.2.3",
    "compiler": "{package} %gcc",
    "compiler version": "{package} %gcc@11:",
    "variant": "{package} +shared",
    "value": "{package} build_system=autotools",
    "place": "{package} platform=linux os=ubuntu22.04",
    "target": "{package} target=x86_64_v3",
    "target range": "{package} target=x86_64:",
    "closed range": "{package} target=x86_64:zen4,:neoverse_v1",
    "namespace": "builtin.{package}",
    "hash": "{package}/abc",
    "dependency": "{package} ^zlib-ng",
    "dependency's version": "{package} ^zlib-ng@2:",
    "virtual": "{package} ^zlib-api",
    "languages": "{package} %c,cxx=gcc",
    "edge": "{package} ^[virtuals=zlib-api deptypes=link] zlib-ng",
    "direct dependency": "{package} %zlib-ng",
    "handed on": "{package} ++shared",
    "flags": '{package} cflags="-O2"',
    "any": "{package} os=* target=* platform=*",
    "patches": "{package} patches=abc",
    "git": "{package}@git.main=1.2",
    "virtual root": "mpi",
    "virtual root's version": "mpi@3:",
    "no package": "+shared",
    "all at once": "{package}@1: %gcc +shared target=x86_64: ^zlib-ng@2: +compat",
}
HOSTS: dict[str, dict[str, str | None]] = {
    "no host": {"cpu": None},
    "both": {"cpu": "neoverse_v2", "os": "ubuntu24.04"},
    "glibc": {"cpu": None, "version": "2.34"},
    "this machine": {"cpu": "native"},
}


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(HERE / "corpus" / "buildcache" / "v3", dataset)
    return dataset


@pytest.fixture(scope="module", params=["shipped", "indexed"])
def con(request: pytest.FixtureRequest) -> duckdb.DuckDBPyConnection:
    return sc.connect(request.getfixturevalue(request.param))


@pytest.mark.parametrize("host", HOSTS.values(), ids=HOSTS)
def test_each_kind_of_root_gets_an_answer(
    con: duckdb.DuckDBPyConnection, host: dict[str, str | None], tmp_path: Path
) -> None:
    """`env`, `find` and `why` agree, or all say that the dataset cannot answer."""
    texts = [kind.format(package="sqlite") for kind in KINDS.values()]
    on = hosts.resolve(con, **host)
    (tmp_path / "spack.yaml").write_text(yaml.safe_dump({"spack": {"specs": texts}}))
    fits = fitting.fit(con, fitting.read(tmp_path), "latest", on).specs
    for text, fit in zip(texts, fits, strict=True):
        _agree(con, text, fit, on)


def _agree(con: duckdb.DuckDBPyConnection, text: str, fit: SpecFit, on: Host | None) -> None:
    try:
        found = finding.find(con, parse(text), host=on).fetchall()
    except ConstraintError:
        assert (fit.status, fit.reason is None) == ("cannot tell", False)
        with pytest.raises(ConstraintError):
            ladder(con, parse(text), "latest", on)
        return
    if parse(text).package is None:
        assert fit.status == "cannot tell"
        return
    assert fit.status == ("hit" if found else "miss")
    assert (ladder(con, parse(text), "latest", on).broken is None) == bool(found)
