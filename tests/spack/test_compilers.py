"""One name for each compiler, whichever of its two names a document or a user writes."""

from __future__ import annotations

import pytest

from spack_census.documents.nodes import decode, record
from spack_census.spack import compilers
from spack_census.spack.containment import implies
from spack_census.spack.grammar import parse


@pytest.mark.parametrize(
    ("legacy", "package"),
    [
        ("clang", "llvm"),
        ("oneapi", "intel-oneapi-compilers"),
        ("intel", "intel-oneapi-compilers-classic"),
        ("rocmcc", "llvm-amdgpu"),
        ("arm", "acfl"),
        ("gcc", "gcc"),
        ("aocc", "aocc"),
        ("apple-clang", "apple-clang"),
    ],
)
def test_each_name_means_the_package(legacy: str, package: str) -> None:
    assert compilers.canonical(legacy) == compilers.canonical(package) == package
    assert (
        compilers.written(legacy) == compilers.written(package) == tuple(sorted({legacy, package}))
    )
    for one, other in ((legacy, package), (package, legacy)):
        assert implies(parse(f"zlib %{one}@15.0.1"), parse(f"%{other}@15:"))
        assert not implies(parse(f"zlib %{one}@15.0.1"), parse(f"%{other}@16:"))


@pytest.mark.parametrize(
    ("annotation", "compiler"),
    [('"None"', "none"), ("null", "none"), ('""', "none"), ('"gcc@=11.4.0"', "gcc@=11.4.0")],
)
def test_a_compiler_noted_on_an_older_spec(annotation: str, compiler: str) -> None:
    node = decode(
        b'{"name": "zlib", "version": "1.3", "parameters": {}, "hash": "' + b"a" * 32 + b'",'
        b'"arch": {"platform": "linux", "platform_os": "centos7", "target": "x86_64"},'
        b'"annotations": {"compiler": ' + annotation.encode() + b"}}"
    )
    found = record(node, (), lambda _: None, {})
    written = "@=".join(filter(None, (found.compiler_name, found.compiler_version)))
    assert (written or "none") == compiler
