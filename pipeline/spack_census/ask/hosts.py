"""A machine that binaries shall run on: its CPU, and its operating system."""

from __future__ import annotations

import re
from dataclasses import dataclass

import duckdb

from spack_census.ask import systems
from spack_census.ask.predicates import Condition
from spack_census.errors import ParameterError, UnknownNameError

ANY_OS = "any"
_NATIVE = "native"

_SYSTEMS = """
select unnest(map_keys(os_glibc())) as os
union
select unnest(os_macos()) as os
union
select distinct os from specs
"""
_GLIBC = "select os_glibc()[$os]"
_VENDOR = "select vendor from targets where target = ?"
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)+")
# Where an index tells the libc of a spec, its version decides; else the name of the system does.
_RUNS_ON = """
case
    when hash in (select hash from glibc_needs where snapshot = ?)
        then hash in (
            select hash from glibc_needs where snapshot = ? and glibc <= glibc_numbers(?)
        )
    else {by_name}
end
"""


@dataclass(frozen=True, slots=True)
class Host:
    """A CPU as archspec names it, or any (None); an operating system, or "any"; its glibc."""

    cpu: str | None = None
    os: str = ANY_OS
    glibc: str | None = None
    """The host's version of glibc, None where neither the user nor the system's name tells it."""
    platform: str | None = None
    """The platform of its binaries, None where neither CPU nor system is given."""

    @property
    def known(self) -> dict[str, str]:
        """What is known of the machine under Spack's names: `target`, `os`, `platform`."""
        named = None if self.os == ANY_OS else self.os
        pairs = (("target", self.cpu), ("os", named), ("platform", self.platform))
        return {name: value for name, value in pairs if value is not None}

    @property
    def system(self) -> str:
        """The system as a person would name it; empty for any."""
        named = "" if self.os == ANY_OS else self.os
        if self.glibc is None:
            return named
        return f"{named} (glibc {self.glibc})" if named else f"glibc {self.glibc}"

    def __str__(self) -> str:
        return ", ".join(part for part in (self.cpu, self.system) if part)


def resolve(
    con: duckdb.DuckDBPyConnection,
    cpu: str | None,
    os: str = ANY_OS,
    version: str | None = None,
) -> Host:
    """Return the host of a CPU, a system and a version of glibc.

    The CPU `native` is that of this machine, and its system too unless another is named; so is the
    system `native`. What people call a system is understood: `RHEL 9.4` is rhel9. A version of
    glibc that is given counts, whatever the system came with. Raises UnknownNameError for a CPU
    that neither archspec nor the dataset knows, and for a system that stands neither in the tables
    nor in the dataset, ParameterError for what is no version.
    """
    if version is not None and not _VERSION.fullmatch(version):
        raise ParameterError(f"{version!r} is no version of glibc", "such as 2.34: ldd --version")
    if cpu == _NATIVE and os == ANY_OS and version is None:
        os = _NATIVE
    if cpu == _NATIVE:
        import archspec.cpu

        cpu = str(archspec.cpu.host().name)
    if cpu is not None:
        cpus = {name for (name,) in con.sql("select target from targets").fetchall()}
        if cpu not in cpus:
            listing = "spack arch --known-targets"
            raise UnknownNameError("CPU", cpu, cpus, "archspec or the dataset", listing)
    if os == _NATIVE:
        machine = systems.native()
        os, version = machine.os, version or machine.glibc
    elif os != ANY_OS:
        os = _named(con, os, anyhow=version is not None)
    return Host(cpu, os, version or glibc(con, os), _platform(con, cpu, os, version))


def _named(con: duckdb.DuckDBPyConnection, os: str, *, anyhow: bool) -> str:
    known = {name for (name,) in con.sql(_SYSTEMS).fetchall()}
    found = systems.canonical(os, known)
    if found is not None:
        return found
    if anyhow:
        return os
    listing = f"{', '.join(sorted(known))}; or {ANY_OS}; or give --glibc VERSION"
    raise UnknownNameError("operating system", os, known, "the dataset", listing)


def _platform(
    con: duckdb.DuckDBPyConnection, cpu: str | None, os: str, version: str | None
) -> str | None:
    """Return the platform that a machine takes binaries of, as far as what is given tells it."""
    if os != ANY_OS:
        sql = "select platform from specs where os = ? group by platform order by count(*) desc"
        rows = con.execute(f"{sql}, platform limit 1", [os]).fetchall()
        macos = con.execute("select list_contains(os_macos(), ?)", [os]).fetchall()[0][0]
        return "darwin" if macos else str(rows[0][0]) if rows else "linux"
    if version is not None:
        return "linux"
    if cpu is None:
        return None
    return "darwin" if ("Apple",) in con.execute(_VENDOR, [cpu]).fetchall() else "linux"


def glibc(con: duckdb.DuckDBPyConnection, os: str) -> str | None:
    """Return the version of glibc that a system has, None where the table does not tell."""
    found = con.execute(_GLIBC, {"os": os}).fetchall()[0][0]
    return None if found is None else str(found)


def host_conditions(
    host: Host | None, snapshot: str, *, with_platform: bool = True
) -> list[Condition]:
    """Return the conditions that a spec meets if its binary runs on the host; none for no host.

    `with_platform` is false where the user names a platform.
    """
    found: list[Condition] = []
    if host is None:
        return found
    if host.platform is not None and with_platform:
        text = f"platform={host.platform}"
        found.append(Condition("platform", text, "platform = ?", (host.platform,)))
    if host.cpu is not None:
        sql = "target in (select target from target_compat where host = ?)"
        found.append(Condition("target", f"runs on {host.cpu}", sql, (host.cpu,)))
    if host.system:
        found.append(_system(host, snapshot))
    return found


def _system(host: Host, snapshot: str) -> Condition:
    by_name, values = "runs_on(os, ?)", [host.os]
    if host.os == ANY_OS or host.glibc is not None:
        by_name = "(os = ? or runs_on_glibc(os, ?))"
        values.append(str(host.glibc))
    sql = by_name
    if host.glibc is not None:
        sql = _RUNS_ON.format(by_name=by_name)
        values = [snapshot, snapshot, host.glibc, *values]
    return Condition("os", f"runs on {host.system}", sql, tuple(values))
