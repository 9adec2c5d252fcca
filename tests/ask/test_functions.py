"""The catalogue as functions, and the macros for SQL of one's own."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

import spack_census as sc
from spack_census.ask.queries import catalogue
from support.query_cases import in_memory


def test_every_query_is_a_function_with_its_parameters() -> None:
    for name, query in catalogue().items():
        group, _, last = name.partition(".")
        assert last in dir(getattr(sc, group))
        function = getattr(getattr(sc, group), last)
        assert tuple(inspect.signature(function).parameters) == ("dataset", *query.params)
        assert query.title in inspect.getdoc(function)
    assert {name.partition(".")[0] for name in catalogue()} <= set(dir(sc))


def test_a_function_gives_the_rows_of_its_query(shipped: Path) -> None:
    named = sc.coverage.by_target(shipped, snapshot="previous").fetchall()
    assert named == sc.query(shipped, "coverage.by_target", snapshot="previous").fetchall() != []
    with pytest.raises(AttributeError, match=r"no query 'by_targets' here; there are: by_compiler"):
        sc.coverage.by_targets(shipped)


@pytest.mark.parametrize(
    ("variants", "name", "value", "has"),
    [
        (["+mpi", "~mpi4py"], "mpi", "true", True),
        (["+mpi", "~mpi4py"], "mpi4py", "false", False),
        (["cuda_arch=70,80"], "cuda_arch", "70,80", True),
        (["cuda_arch=none"], "cuda_arch", "none", False),
        (["cuda_arch=70"], "cuda", None, False),
        (["a_b=x=y"], "a_b", "x=y", True),
        (["axb=1"], "a_b", None, False),
        ([], "mpi", None, False),
    ],
)
def test_macros_tell_variants(variants: list[str], name: str, value: str | None, has: bool) -> None:  # noqa: FBT001 - a case
    with in_memory({"specs": [{"variants": variants}]}) as con:
        sql = "select variant_value(variants, $name), has_variant(variants, $name) from specs"
        assert con.sql(sql, params={"name": name}).fetchall() == [(value, has)]


def test_newest_goes_by_the_key_and_spec_string_is_what_find_takes(shipped: Path) -> None:
    rows = [
        {"version": "1.10", "version_key": "b", "variants": ["+shared"], "flags": ["cflags=-O2"]},
        {"version": "1.9", "version_key": "a", "compiler_name": None, "compiler_version": None},
    ]
    with in_memory({"specs": rows}) as con:
        assert con.sql("select newest(version, version_key) from specs").fetchall() == [("1.10",)]
        spelled = con.sql("select spec_string(specs) from specs order by version").fetchall()
    where = "platform=linux os=ubuntu22.04 target=x86_64_v3"
    assert spelled == [
        (f"zlib@1.10 +shared cflags=-O2 {where} %gcc@11.4.0",),
        (f"zlib@1.9 {where}",),
    ]
    with sc.connect(shipped) as con:
        sql = "select hash, spec_string(s) from specs_at('latest') as s order by hash limit 3"
        for hash_, spec in con.sql(sql).fetchall():
            assert hash_ in sc.find(shipped, spec).pl()["hash"].to_list(), spec


def test_a_result_is_a_table_in_a_notebook_and_a_frame_for_whoever_asks(shipped: Path) -> None:
    found = sc.coverage.by_target(shipped)
    shown = found._repr_mimebundle_(None, None)["text/html"]
    assert shown.startswith("<table")
    assert "neoverse_v2" in shown
    pandas = pytest.importorskip("pandas")
    frame = found.df()
    assert isinstance(frame, pandas.DataFrame)
    assert frame["num_specs"].tolist() == found.pl()["num_specs"].to_list()
