"""Whether one constraint says all that another asks for."""

from __future__ import annotations

import pytest

from spack_census.errors import ConstraintError
from spack_census.spack.containment import implies
from spack_census.spack.grammar import parse

IMPLIED = (
    ("hdf5", ""),
    ("hdf5", "hdf5"),
    ("builtin.hdf5", "hdf5"),
    ("hdf5 os=centos7", "os=centos7"),
    ("os=centos7", "os=*"),
    ("platform=linux", "platform=*"),
    ("/abcd", "/ab"),
    ("target=zen4", "target=zen4"),
    ("target=zen4", "target=zen3,zen4"),
    ("target=zen3,zen4", "target=zen4,zen3"),
    ("target=zen3:", "target=zen3:"),
    ("target=zen4", ""),
    ("@=1.2", "@1.2"),
    ("@=1.2", "@=1.2"),
    ("@1.2", "@1.2"),
    ("@1.2.1", "@1.2"),
    ("@1.2:1.4", "@1.1:1.5"),
    ("@1.2:1.4", "@1.2:1.4"),
    ("@1.2:1.4", "@1:"),
    ("@1.2:", "@1.2:"),
    ("@1.2,1.4", "@1.1:1.5"),
    ("@1.2,3", "@1:2,3:4"),
    ("@git.main", "@git.main"),
    ("@git.main=1.2", "@1.2"),
    ("@git.main=1.2", "@git.main=1.2"),
    ("+mpi", "+mpi"),
    ("~mpi", "mpi=*"),
    ("+mpi +shared", "+shared"),
    ("++mpi", "+mpi"),
    ("++mpi", "++mpi"),
    ("libs=a,b", "libs=a"),
    ("libs=a,b", "libs=b,a"),
    ("libs=a", "libs=*"),
    ("libs:=a,b", "libs:=a,b"),
    ("libs:=a,b", "libs=a"),
    ("cflags='-O3 -g'", "cflags=-g"),
    ("cflags=-O3 cxxflags=-g", "cxxflags=-g"),
    ("%gcc", "%gcc"),
    ("%gcc", "^gcc"),
    ("%gcc@12.3", "%gcc@12"),
    ("%[virtuals=c,cxx] gcc", "%[virtuals=c] gcc"),
    ("%[virtuals=c] gcc", "%c"),
    ("%[virtuals=c] gcc@12", "%gcc"),
    ("^[deptypes=build,link] zlib", "^[deptypes=link] zlib"),
    ("^zlib@1.3 ^mpich", "^mpich"),
    ("^zlib@1.3+pic", "^zlib+pic"),
    ("%[when=+mpi] mpich", "%[when=+mpi] mpich"),
)
NOT_IMPLIED = (
    ("", "hdf5"),
    ("hdf5", "zlib"),
    ("hdf5", "builtin.hdf5"),
    ("other.hdf5", "builtin.hdf5"),
    ("", "os=centos7"),
    ("", "os=*"),
    ("os=*", "os=centos7"),
    ("os=rhel8", "os=centos7"),
    ("platform=darwin", "platform=linux"),
    ("", "/ab"),
    ("/ab", "/abcd"),
    ("/x", "/ab"),
    ("", "/xx"),
    ("", "target=zen4"),
    ("target=zen3,zen4", "target=zen4"),
    ("target=zen3", "target=zen4"),
    ("", "@1.2"),
    ("@1.2", "@=1.2"),
    ("@=1.3", "@1.2"),
    ("@=1.3", "@=1.2"),
    ("@1.1:1.4", "@1.2:1.4"),
    ("@1.2:1.4", "@1.2:1.3"),
    ("@1.2:", "@1.2:1.4"),
    ("@1.2,2", "@1.1:1.5"),
    ("@git.main", "@1.2"),
    ("@git.main", "@:9"),
    ("@git.main", "@git.other"),
    ("@1.2", "@git.main"),
    ("", "+mpi"),
    ("~mpi", "+mpi"),
    ("+shared", "+mpi"),
    ("+mpi", "++mpi"),
    ("libs=a", "mpi=*"),
    ("libs=a", "libs=a,b"),
    ("libs=a", "libs:=a"),
    ("libs:=a,b", "libs:=a"),
    ("+libs", "libs=a"),
    ("cflags=-O3", "cflags=-g"),
    ("cxxflags=-g", "cflags=-g"),
    ("", "cflags=-g"),
    ("", "%gcc"),
    ("^gcc", "%gcc"),
    ("%llvm", "%gcc"),
    ("%gcc@12", "%gcc@12.3"),
    ("%[virtuals=c] gcc", "%[virtuals=c,cxx] gcc"),
    ("%[virtuals=c] gcc", "%cxx"),
    ("%[virtuals=c] gcc", "%c@11"),
    ("%[virtuals=c] gcc", "%c+x"),
    ("^[deptypes=build] zlib", "^[deptypes=link] zlib"),
    ("%[virtuals=c,cxx deptypes=build] gcc", "%[virtuals=c deptypes=link] gcc"),
    ("%[when=+mpi] mpich", "%mpich"),
    ("%[when=+mpi] mpich", "%[when=+x] mpich"),
    ("^zlib", "^zlib+pic"),
)


@pytest.mark.parametrize(("one", "other"), IMPLIED)
def test_all_that_is_as_one_says_is_as_the_other_says(one: str, other: str) -> None:
    assert implies(parse(one), parse(other))


@pytest.mark.parametrize(("one", "other"), NOT_IMPLIED)
def test_what_one_leaves_open_is_not_implied(one: str, other: str) -> None:
    assert not implies(parse(one), parse(other))


def test_ranges_of_targets_take_a_dataset_to_compare() -> None:
    with pytest.raises(ConstraintError) as caught:
        implies(parse("target=zen3:"), parse("target=zen:"))
    assert str(caught.value) == (
        "cannot tell whether target=zen3: lies in target=zen:\n  write both ranges alike"
    )
    with pytest.raises(ConstraintError):
        implies(parse("target=zen3"), parse("target=zen:"))
