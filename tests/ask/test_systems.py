"""Systems by name, by glibc, by the libc that an index tells; macOS's own rule; this machine."""

from __future__ import annotations

import platform
from pathlib import Path

import duckdb
import pytest

import spack_census as sc
from spack_census.ask import finding, hosts, systems
from spack_census.ask.coverage import Question, coverage
from spack_census.errors import ParameterError, UnknownNameError
from spack_census.spack.grammar import parse

HERE = Path(__file__).parents[1]
INDEX = HERE / "corpus" / "buildcache" / "v3"


@pytest.fixture(scope="module")
def con(shipped: Path) -> duckdb.DuckDBPyConnection:
    return sc.connect(shipped)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    dataset = tmp_path_factory.mktemp("indexed") / "dataset"
    sc.build(INDEX, dataset)
    return sc.connect(dataset)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("rhel9", "rhel9"),
        ("RHEL 9.4", "rhel9"),
        ("redhat9", "rhel9"),
        ("Rocky Linux 9", "rocky9"),
        ("alma8.10", "almalinux8"),
        ("oracle8", "ol8"),
        ("CentOS 7", "centos7"),
        ("SLES 15 SP4", "sles15.4"),
        ("sles15.6", "sles15.6"),
        ("suse15", "sles15"),
        ("opensuse-leap15.5", "opensuse-leap15.5"),
        ("openSUSE Leap 15.5", "opensuse-leap15.5"),
        ("Debian 12.5", "debian12"),
        ("Ubuntu 22.04", "ubuntu22.04"),
        ("ubuntu22.04.4", "ubuntu22.04"),
        ("Amazon Linux 2023", "amzn2023"),
        ("amazon2", "amzn2"),
        ("macOS 14.5", "sonoma"),
        ("macos10.15.7", "catalina"),
        ("Ventura", "ventura"),
        ("plan9", None),
        ("", None),
        ("22.04", None),
    ],
)
def test_what_people_call_a_system(
    con: duckdb.DuckDBPyConnection, written: str, name: str | None
) -> None:
    if name is None:
        with pytest.raises(UnknownNameError, match="operating system"):
            hosts.resolve(con, None, written)
    else:
        assert hosts.resolve(con, None, written).os == name


def runs(con: duckdb.DuckDBPyConnection, built_on: str, host: str) -> bool:
    ((found,),) = con.execute("select runs_on(?, ?)", [built_on, host]).fetchall()
    return bool(found)


@pytest.mark.parametrize(
    ("built_on", "host", "expected"),
    [
        ("centos7", "rhel9", True),
        ("ubuntu22.04", "rhel9", False),
        ("ubuntu22.04", "debian12", True),
        ("sles15", "sles15", True),
        ("sles15", "rhel9", False),  # it may be of service pack 6, which has glibc 2.38
        ("rhel8", "sles15", False),  # it may be the first SLES 15, which has glibc 2.26
        ("rhel8", "sles15.3", True),
        ("catalina", "ventura", True),
        ("ventura", "catalina", False),
        ("ventura", "ventura", True),
        ("ventura", "rhel9", False),
        ("centos7", "tahoe", False),
        ("alpine3", "alpine3", True),
        ("alpine3", "rhel9", False),
        ("anything", "any", True),
    ],
)
def test_what_runs_where_by_the_name_of_the_system(
    con: duckdb.DuckDBPyConnection, built_on: str, host: str, *, expected: bool
) -> None:
    assert runs(con, built_on, host) is expected


@pytest.mark.parametrize("glibc", ["2.17", "2.34", "2.35", "2.9"])
def test_the_libc_decides_where_the_index_tells_it(
    indexed: duckdb.DuckDBPyConnection, glibc: str
) -> None:
    """By hand: a spec with a libc node runs if that is not newer, others as their system says."""
    host = hosts.resolve(indexed, None, version=glibc)
    found = {row[-2] for row in finding.find(indexed, parse(""), host=host).fetchall()}

    def numbers(version: str) -> tuple[int, ...]:
        return tuple(map(int, version.split(".")))

    libc = dict(
        indexed.sql(
            "select d.hash, e.version from dependencies as d"
            " join externals as e on e.hash = d.dependency_hash where e.package = 'glibc'"
        ).fetchall()
    )
    systems_have = {"centos7": "2.17", "ubuntu22.04": "2.35"}
    rows = indexed.sql("select hash, os from specs where platform = 'linux'").fetchall()
    expected = {
        hash_ for hash_, os in rows if numbers(libc.get(hash_, systems_have[os])) <= numbers(glibc)
    }
    assert found == expected
    assert bool(found) == (glibc != "2.9")


def test_a_glibc_that_is_given_counts_whatever_the_system_came_with(
    con: duckdb.DuckDBPyConnection,
) -> None:
    host = hosts.resolve(con, None, "centos7", "2.35")
    assert (host.os, host.glibc, host.platform) == ("centos7", "2.35", "linux")
    assert str(host) == "centos7 (glibc 2.35)"
    assert hosts.resolve(con, None, "homemade1", "2.35").os == "homemade1"
    with pytest.raises(ParameterError, match="no version of glibc"):
        hosts.resolve(con, None, version="new")


def test_native_takes_the_system_too(
    con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.31"))
    release = {"ID": "debian", "VERSION_ID": "11.3"}
    monkeypatch.setattr(platform, "freedesktop_os_release", lambda: release)
    found = hosts.resolve(con, "native")
    assert (found.os, found.glibc, found.platform) == ("debian11", "2.31", "linux")
    assert hosts.resolve(con, "native", "rhel9").os == "rhel9"
    assert hosts.resolve(con, None, "native").cpu is None
    release["ID"], release["VERSION_ID"] = "ubuntu", "22.04"
    assert systems.native().os == "ubuntu22.04"
    monkeypatch.setattr(platform, "system", lambda: "Darwin")
    monkeypatch.setattr(platform, "mac_ver", lambda: ("14.5", ("", "", ""), "arm64"))
    found = hosts.resolve(con, "m1", "native")
    assert (found.os, found.glibc, found.platform) == ("sonoma", None, "darwin")


def test_a_machine_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> dict[str, str]:
        raise OSError

    monkeypatch.setattr(platform, "system", lambda: "FreeBSD")
    monkeypatch.setattr(platform, "release", lambda: "14.1-RELEASE")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(platform, "freedesktop_os_release", nothing)
    assert systems.native() == systems.Machine("freebsd14", None)


@pytest.mark.parametrize(("os", "glibc"), [("any", None), ("rhel7", None), ("any", "2.17")])
def test_coverage_counts_what_the_libc_lets_run(
    indexed: duckdb.DuckDBPyConnection, os: str, glibc: str | None
) -> None:
    """As many packages as `find` has on the same host; the libc of the index decides in both."""
    question = Question(host="zen4", os=os, glibc=glibc)
    covered = {each.package for each in coverage(indexed, question).covered}
    host = hosts.resolve(indexed, "zen4", os, glibc)
    found = {row[0] for row in finding.find(indexed, parse(""), host=host).fetchall()}
    assert covered == found
    assert covered
