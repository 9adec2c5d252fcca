"""Names of operating systems: Spack's own, what people call them, and that of this machine."""

from __future__ import annotations

import platform
import re
from collections.abc import Collection
from dataclasses import dataclass

ALIASES = {
    "alma": "almalinux",
    "amazon": "amzn",
    "amazonlinux": "amzn",
    "leap": "opensuse-leap",
    "opensuseleap": "opensuse-leap",
    "oracle": "ol",
    "oraclelinux": "ol",
    "redhat": "rhel",
    "redhatenterpriselinux": "rhel",
    "rockylinux": "rocky",
    "scientificlinux": "scientific",
    "sle": "sles",
    "suse": "sles",
    "suselinuxenterpriseserver": "sles",
}
"""What people call a distribution → the ID that it gives itself and Spack its systems."""

_MACOS = {
    "10.13": "highsierra",
    "10.14": "mojave",
    "10.15": "catalina",
    "11": "bigsur",
    "12": "monterey",
    "13": "ventura",
    "14": "sonoma",
    "15": "sequoia",
    "26": "tahoe",
}
_APPLE = frozenset(("macos", "osx", "macosx", "darwin"))
_NAME = re.compile(r"([a-z]+?)([0-9][0-9.]*)?(?:sp([0-9]+))?")


@dataclass(frozen=True, slots=True)
class Machine:
    """The system of this machine, as Spack names it, and its version of glibc, if it has one."""

    os: str
    glibc: str | None


def canonical(written: str, known: Collection[str]) -> str | None:
    """Return the name among those known that somebody means; None where there is none.

    `RHEL 9.4` is rhel9, `Rocky Linux 9` rocky9, `SLES 15 SP4` sles15.4, `macOS 14` sonoma.
    """
    if written in known:
        return written
    plain = re.sub(r"[\s_-]+", "", written.lower())
    # A name of the dataset that is spelled otherwise only in its case or its hyphens.
    for name in sorted(known):
        if re.sub(r"[\s_-]+", "", name.lower()) == plain:
            return name
    match = _NAME.fullmatch(plain)
    if match is None:
        return None
    distribution, version, pack = match.groups()
    version = version or ""
    major, _, minor = version.partition(".")
    if distribution in _APPLE:
        return _MACOS.get(f"{major}.{minor.partition('.')[0]}", _MACOS.get(major))
    base = ALIASES.get(distribution, distribution)
    exact = f"{base}{major}.{pack}" if pack else f"{base}{version}"
    shorter = f"{base}{major}.{minor.partition('.')[0]}"
    return next((name for name in (exact, shorter, f"{base}{major}") if name in known), None)


def native() -> Machine:
    """Return the system of this machine."""
    if platform.system() == "Darwin":
        version = platform.mac_ver()[0]
        return Machine(canonical(f"macos{version}", ()) or f"macos{version}", None)
    library, glibc = platform.libc_ver()
    return Machine(_distribution(), glibc if library == "glibc" and glibc else None)


def _distribution() -> str:
    try:
        release = platform.freedesktop_os_release()
    except OSError:
        return f"{platform.system().lower()}{platform.release().partition('.')[0]}"
    version = release.get("VERSION_ID", "")
    if release["ID"] != "ubuntu":
        version = version.partition(".")[0]
    return f"{release['ID']}{version}"
