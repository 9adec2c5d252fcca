"""Whatever a spack.yaml holds: an answer for each root, or one error that names the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import spack_census as sc
from spack_census.ask import hosts
from spack_census.environments import fitting
from spack_census.errors import EnvironmentFileError

HERE = Path(__file__).parents[1]
NAMES = ["hdf5", "zlib-ng", "sqlite", "mpi", "all", "no-such", "gcc", "openmpi"]
CONSTRAINTS = st.sampled_from(
    [
        *("hdf5", "zlib-ng@2:", "sqlite +rtree", "mpi", "hdf5 ^mpi", "hdf5 %gcc", "+shared", "@1:"),
        *("%gcc@11", "%c,cxx=gcc", "^[virtuals=mpi] openmpi", "target=x86_64:", "~mpi", "os=*"),
        *("zlib-ng cflags=-O2", "/abc", "builtin.hdf5", "$list", "$^list", "$%list", "$nothing"),
        *("", " ", "what [", "a b", "%", "^", "hdf5@2:1", "arch=linux-None-None", "hdf5==x"),
        *("hdf5 ++mpi", "patches=abc", "dev_path=/x", "${list}", "zlib-ng@git.main=2"),
    ]
)
ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text())
ITEMS = st.recursive(
    CONSTRAINTS | ODD,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"matrix": st.lists(st.lists(inner, max_size=3), max_size=3)}),
        st.fixed_dictionaries(
            {"matrix": st.lists(st.lists(inner, max_size=2), max_size=2), "exclude": inner}
        ),
        st.fixed_dictionaries(
            {"group": st.sampled_from(["a", "b"]), "specs": st.lists(inner, max_size=3)},
            optional={"needs": st.lists(st.sampled_from(["a", "c"])), "override": inner},
        ),
        st.dictionaries(st.sampled_from(["specs", "group", "x"]), inner, max_size=2),
    ),
    max_leaves=6,
)
RULE = st.one_of(
    CONSTRAINTS,
    ODD,
    st.lists(CONSTRAINTS, max_size=2),
    st.lists(
        st.dictionaries(
            st.sampled_from(["spec", "any_of", "one_of", "when", "message"]),
            CONSTRAINTS | st.lists(CONSTRAINTS | ODD, max_size=2) | ODD,
            max_size=3,
        ),
        max_size=2,
    ),
)
KINDS = ["require", "prefer", "conflict", "version", "variants", "target", "compiler", "buildable"]
PACKAGE = st.dictionaries(
    st.sampled_from([*KINDS, "externals", "require:"]),
    RULE | st.lists(st.fixed_dictionaries({"spec": CONSTRAINTS}), max_size=2) | st.booleans(),
    max_size=3,
)
WHEN = st.sampled_from(
    ["os == 'rhel9'", "target in 'zen4 zen3'", "env['X']", "not (platform == 'linux')", "1 +", ""]
)
ENVIRONMENT = st.fixed_dictionaries(
    {"specs": st.lists(ITEMS, max_size=4)},
    optional={
        "definitions": st.lists(
            st.dictionaries(
                st.sampled_from(["list", "other"]), st.lists(ITEMS, max_size=3) | ODD, max_size=1
            )
            | st.fixed_dictionaries({"list": st.lists(ITEMS, max_size=2), "when": WHEN}),
            max_size=3,
        ),
        "packages": st.dictionaries(st.sampled_from(NAMES), PACKAGE | ODD, max_size=3) | ODD,
        "include": st.lists(st.sampled_from(["x.yaml", "$spack/y", "https://a/b"]) | ODD) | ODD,
        "include_concrete": st.lists(st.just("nowhere") | ODD, max_size=2) | ODD,
        "concretizer": st.fixed_dictionaries({"reuse": st.booleans()}) | ODD,
        "develop": st.dictionaries(st.sampled_from(NAMES), PACKAGE | ODD, max_size=2) | ODD,
        "toolchains": st.dictionaries(st.sampled_from(["gcc", "t"]), RULE, max_size=2) | ODD,
    },
)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(HERE / "corpus" / "buildcache" / "v3", dataset)
    return sc.connect(dataset)


@pytest.fixture(scope="module")
def documents(shipped: Path) -> duckdb.DuckDBPyConnection:
    return sc.connect(shipped)


def check(con: duckdb.DuckDBPyConnection, path: Path, host: dict[str, Any]) -> None:
    on = hosts.resolve(con, **host)
    try:
        manifest = fitting.read(path, on.known)
    except EnvironmentFileError as error:
        said = str(error)
    else:
        answered(con, manifest, on)
        return
    assert str(path) in said


def answered(con: duckdb.DuckDBPyConnection, manifest: Any, on: hosts.Host) -> None:
    found = fitting.fit(con, manifest, "latest", on)
    # One answer a root, in order; what cannot be told says why.
    assert [each.needed_by[0] for each in found.specs] == [root.text for root in manifest.roots]
    for each in found.specs:
        assert each.status in {"hit", "hole", "miss", "external", "cannot tell"}
        assert each.status != "cannot tell" or each.reason
        assert (each.hash is not None) == (each.status in {"hit", "hole"}) or each.reason
    assert fitting.fit_rows(con, found).fetchall()[: len(found.specs)] or not found.specs


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(environment=ENVIRONMENT, host=st.sampled_from([{}, {"cpu": "zen4", "os": "rhel9"}]))
@pytest.mark.parametrize("kind", ["documents", "indexed"])
def test_any_environment_gets_an_answer_for_each_root(
    kind: str,
    environment: dict[str, Any],
    host: dict[str, Any],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    path = tmp_path / "spack.yaml"
    path.write_text(yaml.safe_dump({"spack": environment}))
    check(request.getfixturevalue(kind), path, {"cpu": None, **host})
