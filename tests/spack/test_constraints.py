"""Constraints: Spack's own answers, a property against plain Python, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spack_census as sc
from spack_census.ask.finding import conjunction, find, values
from spack_census.ask.hosts import Host, resolve
from spack_census.ask.predicates import conditions
from spack_census.dataset import schema
from spack_census.errors import ConstraintError, UnknownNameError
from spack_census.spack import microarch, spelling
from spack_census.spack.constraints import Constraint
from spack_census.spack.grammar import parse
from spack_census.spack.versions import version_key
from support import spack_rule
from support.examples import share
from support.query_cases import SNAPSHOT, arrow, in_memory

HERE = Path(__file__).parents[1]
CONFORMANCE = json.loads((HERE / "conformance" / "satisfies.json").read_text(encoding="utf-8"))
SPACK_1_3 = json.loads((HERE / "conformance" / "satisfies_2026.json").read_text(encoding="utf-8"))
Row = dict[str, Any]

VERSIONS = ("1.2", "1.2.9", "1.10", "2.0-rc1", "2", "develop", "2023-05-30")
TARGETS = ("x86_64", "x86_64_v3", "zen3", "neoverse_v1", "newcpu")
MINIMUM = {"x86_64": 1, "x86_64_v3": 3, "zen3": 4}  # a chain: each runs those below it
SPECS = st.fixed_dictionaries(
    {
        "package": st.sampled_from(["hdf5", "zlib"]),
        "version": st.sampled_from(VERSIONS),
        "compiler": st.sampled_from([None, ("gcc", "11.4.0"), ("gcc", "9.2"), ("clang", "14")]),
        "os": st.sampled_from(["ubuntu22.04", "centos7"]),
        "target": st.sampled_from(TARGETS),
        "variants": st.lists(
            st.sampled_from(["+mpi", "~mpi", "api=v110", "libs=shared", "libs=shared,static"]),
            unique_by=lambda text: text.strip("+~").partition("=")[0],
        ),
    }
)
Part = tuple[str, Callable[[Row], bool]]


def full(row: Row, number: int = 0) -> Row:
    name, version = row["compiler"] or (None, None)
    rest = {key: value for key, value in row.items() if key != "compiler"}
    return {
        **rest,
        "version_key": version_key(row["version"]),
        "compiler_name": name,
        "compiler_version": version,
        "variants": sorted(row["variants"]),
        "hash": f"{chr(ord('a') + number)}" * 32,
    }


def memory(
    rows: list[Row], dependencies: Sequence[Row] = (), documents: Sequence[Row] = ()
) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
    return in_memory(
        {
            "snapshots": [{"snapshot": SNAPSHOT}],
            "documents": documents,
            "specs": rows,
            "dependencies": dependencies,
            "targets": [
                row | {"ancestors": list(row["ancestors"])}
                for row in microarch.targets_rows(["newcpu"])
            ],
            "target_compat": microarch.compat_rows(["newcpu"]),
        }
    )


@pytest.fixture(scope="module")
def spack_1_3(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    dataset = tmp_path_factory.mktemp("spack_1_3") / "dataset"
    sc.build(HERE / "corpus" / "buildcache" / "v3-2026", dataset)
    return sc.connect(dataset)


@pytest.fixture(scope="module")
def hdf5() -> Iterator[duckdb.DuckDBPyConnection]:
    plain = {"package": "hdf5", "version": "1.14.3", "compiler": ("gcc", "11.4.0")}
    place = {"os": "ubuntu22.04", "target": "x86_64_v3", "variants": ["+mpi"]}
    other = {"package": "mpich", "version": "4.2.1", "variants": []}
    rows = [plain | place, plain | place | {"variants": ["~mpi"]}, plain | place | other]
    dependencies = [
        {"hash": "a" * 32, "dependency": "mpich", "dependency_hash": "c" * 32, "virtuals": ["mpi"]}
        | {"deptypes": ["build", "link"]},
        {"hash": "c" * 32, "dependency": "glibc", "dependency_hash": "z" * 32}
        | {"deptypes": ["link"]},
    ]
    # As an index of which a dataset of format 1 keeps no externals.
    index = [{"snapshot": SNAPSHOT, "package": None, "generation": None}]
    full_rows = [full(row, number) for number, row in enumerate(rows)]
    with memory(full_rows, dependencies, index) as con:
        yield con


def hashes(con: duckdb.DuckDBPyConnection, text: str, host: Host | None = None) -> str:
    """Return the first letters of the hashes that `find` gives, sorted."""
    return "".join(
        sorted(row[0][0] for row in find(con, parse(text), host=host).select("hash").fetchall())
    )


def as_row(spec: Row, hash_: str) -> Row:
    name, version = spelling.compiler(spec["compiler"])
    place = {key: spec[key] for key in ("package", "version", "platform", "os", "target")}
    return place | {
        "version_key": version_key(spec["version"]),
        "compiler_name": name,
        "compiler_version": version,
        "variants": list(spelling.variants(spec["variants"])),
        "hash": hash_,
    }


def satisfying(con: duckdb.DuckDBPyConnection, constraint: Constraint, snapshot: str) -> set[str]:
    """Return the hashes of what satisfies a constraint."""
    asked = conditions(con, constraint, snapshot)
    sql = f"select hash from specs where snapshot = ? and {conjunction(asked)}"  # noqa: S608 - our own conditions
    return {hash_ for (hash_,) in con.execute(sql, [snapshot, *values(asked)]).fetchall()}


def test_spacks_own_answers_hold() -> None:
    rows = [as_row(spec, hash_) for hash_, spec in CONFORMANCE["specs"].items()]
    number = 0
    with memory(rows) as con:
        for text, hash_, satisfies in CONFORMANCE["vectors"]:
            constraint = parse(text)
            if any(not each.spec.is_plain for each in constraint.dependencies):
                continue  # since Spack 1.0 what follows a compiler describes it
            number += 1
            assert (hash_ in satisfying(con, constraint, SNAPSHOT)) == satisfies, text
    assert number > 100


@pytest.mark.parametrize("kind", sorted({kind for each in SPACK_1_3 for kind in each["kinds"]}))
def test_answers_of_spack_1_3_hold(spack_1_3: duckdb.DuckDBPyConnection, kind: str) -> None:
    wrong = []
    found: dict[str, set[str]] = {}
    for each in SPACK_1_3:
        text = each["constraint"]
        if each["kinds"][0] == kind:
            if text not in found:
                found[text] = satisfying(spack_1_3, parse(text), "develop-2026-06-28")
            wrong += [each] if (each["hash"] in found[text]) != each["satisfies"] else []
    assert wrong == []


def _versions(text: str) -> Part:
    return f"@{text}", lambda row: spack_rule.in_versions(row["version"], text)


def _compiler(name: str, versions: str) -> Part:
    def holds(row: Row) -> bool:
        has = row["compiler"]
        return has is not None and has[0] == name and spack_rule.in_versions(has[1], versions)

    return f" %{name}@{versions}", holds


def _variant(text: str) -> Part:
    return f" {text}", lambda row: spack_rule.has_variant(row["variants"], text)


def _target(lower: str, upper: str) -> Part:
    def holds(row: Row) -> bool:
        place = MINIMUM.get(row["target"], 0)
        return place > 0 and MINIMUM.get(lower, 0) <= place <= MINIMUM.get(upper, 9)

    return f" target={lower}:{upper}", holds


RANGES = [":", "1:", ":1", "1.2:1.9", "1.9:2", ":2.0-rc1", "2.0-rc1:main", "2:2023", "2023:", ":2"]
PARTS = st.tuples(
    st.sampled_from([("hdf5", lambda row: row["package"] == "hdf5"), ("", lambda _: True)]),
    st.sampled_from([*RANGES, "1.2", "=1.2", "1.2,2:", "=2,=1.10", "1.9:2,develop"]).map(_versions),
    st.builds(_compiler, st.sampled_from(["gcc", "clang"]), st.sampled_from(["11", "9:11", ":9"])),
    st.sampled_from(["+mpi", "~mpi", "mpi=*", "mpi=true", "mpi=False"]).map(_variant),
    st.sampled_from(["api=v110", "api=v11", "api=*"]).map(_variant),
    st.sampled_from(["libs=shared", "libs:=shared", "libs=static,shared", "libs=*"]).map(_variant),
    st.sampled_from(["ubuntu22.04", "centos7"]).map(
        lambda os: (f" os={os}", lambda row: row["os"] == os)
    ),
    st.builds(_target, st.sampled_from(["", *MINIMUM]), st.sampled_from([*MINIMUM])),
).flatmap(lambda parts: st.lists(st.sampled_from(parts), min_size=1, max_size=4, unique=True))


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    with memory([]) as con:
        yield con


@share(0.3)
@given(st.lists(SPECS, min_size=1, max_size=6), PARTS)
def test_sql_finds_what_plain_python_does(
    empty: duckdb.DuckDBPyConnection, specs: list[Row], parts: list[Part]
) -> None:
    # A package's name stands first, its compiler last: what follows that describes it.
    chosen = sorted(parts, key=lambda part: (part[0] != "hdf5", part[0].startswith(" %")))
    text = "".join(written for written, _ in chosen)
    # One is always there, so that the package is known.
    specs = [{**specs[0], "package": "hdf5"}, *specs]
    rows = [full(spec, number) for number, spec in enumerate(specs)]
    empty.execute("delete from specs")
    empty.from_arrow(arrow(schema.SPECS, rows)).insert_into("specs")
    found = hashes(empty, text)
    holding = [all(holds(spec) for _, holds in chosen) for spec in specs]
    assert found == "".join(row["hash"][0] for row, held in zip(rows, holding, strict=True) if held)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("zlib bzip2", "second spec"),
        ("zlib target==zen4", "target is not handed on"),
        ("hdf5 ^[color=red] openmpi", "'color'"),
        ("hdf5 ^[deptypes=all] openmpi", "'all'"),
        ("hdf5 ^[virtuals=mpi openmpi", "brackets"),
        ("hdf5 ]", "bracket closes"),
        ("zlib os=frontend", "machine"),
        ("zlib target=default_target", "machine"),
        ("./zlib.json", "files"),
        ("zlib@2:1.1", "backwards"),
        ("zlib/ABC", "/ABC"),
        ("zlib@1@2", "two versions"),
        ("zlib %gcc@12 %gcc@11", "%gcc is asked for twice"),
        ("zlib %gcc os=a %gcc os=b", "a and b exclude each other"),
        ("zlib /abc /abd", "two hashes"),
        ("zlib os=a arch=linux-b-x86_64", "two values for os"),
        ("zlib target=a target=b", "two targets"),
        ("zlib +shared~shared", "shared is asked for twice"),
        ("zlib ^", "name of a package"),
        ("zlib !", "'!'"),
    ],
)
def test_what_is_not_supported_is_named(text: str, names: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        parse(text)
    assert names in str(caught.value)
    assert caught.value.position is not None


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("hdf5", "ab"),
        ("+mpi", "a"),
        ("", "abc"),
        ("hdf5+mpi /aa", "a"),
        ("hdf5/b", "b"),
        ("hdf5@1.14:os=ubuntu22.04", "ab"),
        ("arch=linux-ubuntu22.04-x86_64_v3 hdf5_nothing=1", ""),
        ("architecture=linux-None-x86_64:", "abc"),
        ("mpich operating_system=centos7", ""),
        ("hdf5 target=zen3,x86_64_v3", "ab"),
        ("hdf5 ^mpich", "a"),
        ("hdf5 ^mpi", "a"),
        ("hdf5 ^mpich@4:", "a"),
        ("hdf5 ^mpich@3", ""),
        ("hdf5 ^glibc", "a"),
        ("mpich ^mpich", ""),
        ("^mpich ^glibc", "a"),
        ("hdf5 ^mpi@3:", "a"),
        ("hdf5 ^mpi@5:", ""),
        ("mpi", "c"),
        ("mpi@:4", "c"),
        ("mpi@5:", ""),
        ("hdf5 %mpich", "a"),
        ("hdf5 %mpich@5:", ""),
        ("hdf5 ^[virtuals=mpi] mpich", "a"),
        ("hdf5 ^mpi=mpich", "a"),
        ("hdf5 ^[virtuals=blas] mpich", ""),
        ("hdf5 ^[deptypes=build,link] mpich", "a"),
        ("hdf5 ^[deptypes=run] mpich", ""),
        ("hdf5 ^mpich %gcc@11", "a"),
        ("hdf5 ^mpich %gcc@12", ""),
        ("hdf5 %[when=+mpi] mpich", "ab"),
        ("hdf5 %[when='@1:'] mpich", "a"),
        ("hdf5 os=* platform=* target=*", "ab"),
        ("hdf5 target=zen99:", ""),
        ("hdf5@git.main", ""),
    ],
)
def test_find(hdf5: duckdb.DuckDBPyConnection, text: str, found: str) -> None:
    assert hashes(hdf5, text) == found


def test_compiler_has_one_meaning_under_both_of_its_names() -> None:
    row = {"package": "zlib", "version": "1.3", "compiler": ("intel-oneapi-compilers", "2025.1.0")}
    spec = full(row | {"os": "ubuntu22.04", "target": "x86_64_v3", "variants": []})
    with memory([spec]) as con:
        assert hashes(con, "zlib %oneapi@2025") == "a"
        assert hashes(con, "zlib %intel-oneapi-compilers@:2024") == ""


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("hdf5 ^glibc@2.35", "glibc that is not in"),
        ("hdf5 ^/c", "something that is not in"),
        ("hdf5 ^ @4:", "something that is not in"),
        ("hdf5 cflags=-O3", "compiler flags"),
        ("hdf5++mpi", "tells nothing of 1 specs"),
        ("hdf5 %gcc+docs", "since Spack 1.0 `.docs` after %gcc describes gcc"),
        ("hdf5 %c=gcc", "not for which language"),
        ("builtin.hdf5", "namespace"),
        ("hdf5 namespace=builtin", "namespace"),
    ],
)
def test_what_the_snapshot_does_not_tell_is_an_error(
    hdf5: duckdb.DuckDBPyConnection, text: str, names: str
) -> None:
    with pytest.raises(ConstraintError, match=names):
        hashes(hdf5, text)


def test_dependencies_where_none_are_known_are_an_error() -> None:
    row = {"package": "zlib", "version": "1.3", "compiler": None, "variants": []}
    spec = full(row | {"os": "ubuntu22.04", "target": "x86_64_v3"})
    with memory([spec]) as con, pytest.raises(ConstraintError, match="what depends on what"):
        hashes(con, "zlib ^gmake")


@pytest.mark.parametrize("text", ["hdf6", "HDF5 %gcc"])
def test_names_that_nothing_bears_are_errors(hdf5: duckdb.DuckDBPyConnection, text: str) -> None:
    with pytest.raises(UnknownNameError):
        hashes(hdf5, text)


@pytest.mark.parametrize(
    ("cpu", "os", "found"),
    [
        ("zen3", "any", "abc"),
        ("x86_64_v2", "any", ""),
        (None, "ubuntu24.04", "abc"),
        (None, "ubuntu20.04", ""),
        (None, "ubuntu22.04", "abc"),
        ("zen3", "rhel9", ""),
        (None, "debian12", "abc"),
    ],
)
def test_host_limits_what_is_found(
    hdf5: duckdb.DuckDBPyConnection, cpu: str | None, os: str, found: str
) -> None:
    assert hashes(hdf5, "", resolve(hdf5, cpu, os)) == found


@pytest.mark.parametrize(("cpu", "os"), [("zen44", "any"), (None, "ubuntu22"), (None, "windows11")])
def test_hosts_that_nobody_knows_are_errors(
    hdf5: duckdb.DuckDBPyConnection, cpu: str | None, os: str
) -> None:
    with pytest.raises(UnknownNameError):
        resolve(hdf5, cpu, os)


def test_native_host_is_this_machine(hdf5: duckdb.DuckDBPyConnection) -> None:
    import archspec.cpu

    assert resolve(hdf5, "native").cpu == archspec.cpu.host().name


@pytest.mark.parametrize("text", ['k="\' or 1=1 --"', "os=\"x' or 'a'='a\"", 'platform="\');--"'])
def test_text_of_a_constraint_never_becomes_sql(hdf5: duckdb.DuckDBPyConnection, text: str) -> None:
    assert hashes(hdf5, f"hdf5 {text}") == ""


def test_a_condition_on_a_variant_names_it() -> None:
    text = 'zlib+mpi ~ shared -debug libs:=a,b cuda_arch=* flags="x=y" api=true @1: os=centos7'
    with in_memory({"specs": [{"package": "zlib"}]}) as con:
        found = conditions(con, parse(text), SNAPSHOT)
    named = [each.variant for each in found if each.attribute == "variants"]
    assert named == ["mpi", "shared", "debug", "libs", "cuda_arch", "flags", "api"]
    assert {each.variant for each in found if each.attribute != "variants"} == {None}


def test_what_documents_leave_out_below_is_an_error_and_no_miss() -> None:
    row = {"package": "zlib", "version": "1.3", "compiler": None, "variants": []}
    spec = full(row | {"os": "u", "target": "x86_64"})
    edge = {"hash": "a" * 32, "dependency": "gmake", "dependency_hash": "z" * 32}
    with memory([spec], [edge | {"deptypes": ["link"]}]) as con:
        assert hashes(con, "zlib %gmake") == "a"
        with pytest.raises(ConstraintError, match="tells nothing of 1 specs"):
            hashes(con, "zlib ^glibc")
    with memory([spec], [edge | {"deptypes": ["build"]}]) as con:
        assert hashes(con, "zlib ^glibc") == ""
