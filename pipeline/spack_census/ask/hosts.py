"""A machine that binaries shall run on: its CPU, and its operating system."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from spack_census.ask.predicates import Condition
from spack_census.errors import UnknownNameError

ANY_OS = "any"
_NATIVE = "native"

_SYSTEMS = """
select unnest(map_keys(os_glibc())) as os
union
select distinct os from specs
"""
_GLIBC = "select os_glibc()[$os]"


@dataclass(frozen=True, slots=True)
class Host:
    """A CPU as archspec names it, or any (None); an operating system, or "any"."""

    cpu: str | None = None
    os: str = ANY_OS

    @property
    def known(self) -> dict[str, str]:
        """What is known of the machine under Spack's names: `target`, `os`."""
        pairs = (("target", self.cpu), ("os", None if self.os == ANY_OS else self.os))
        return {name: value for name, value in pairs if value is not None}

    def __str__(self) -> str:
        parts = [part for part in (self.cpu, None if self.os == ANY_OS else self.os) if part]
        return ", ".join(parts)


def resolve(con: duckdb.DuckDBPyConnection, cpu: str | None, os: str = ANY_OS) -> Host:
    """Return the host of a CPU and a system; the CPU `native` is that of this machine.

    Raises UnknownNameError for a CPU that neither archspec nor the dataset knows, and for a system
    that stands neither in the table of glibc versions nor in the dataset.
    """
    if cpu == _NATIVE:
        import archspec.cpu

        cpu = str(archspec.cpu.host().name)
    if cpu is not None:
        cpus = {name for (name,) in con.sql("select target from targets").fetchall()}
        if cpu not in cpus:
            listing = "spack arch --known-targets"
            raise UnknownNameError("CPU", cpu, cpus, "archspec or the dataset", listing)
    if os != ANY_OS:
        systems = {name for (name,) in con.sql(_SYSTEMS).fetchall()}
        if os not in systems:
            listing = f"{', '.join(sorted(systems))}; or {ANY_OS}"
            raise UnknownNameError("operating system", os, systems, "the dataset", listing)
    return Host(cpu, os)


def glibc(con: duckdb.DuckDBPyConnection, os: str) -> str | None:
    """Return the version of glibc that a system has, None where the table does not tell."""
    found = con.execute(_GLIBC, {"os": os}).fetchall()[0][0]
    return None if found is None else str(found)


def host_conditions(host: Host | None) -> list[Condition]:
    """Return the conditions that a spec meets if its binary runs on the host; none for no host."""
    found = []
    if host is not None and host.cpu is not None:
        sql = "target in (select target from target_compat where host = ?)"
        found.append(Condition("target", f"runs on {host.cpu}", sql, (host.cpu,)))
    if host is not None and host.os != ANY_OS:
        found.append(Condition("os", f"runs on {host.os}", "runs_on(os, ?)", (host.os,)))
    return found
