"""Leases on versions: a reader that needs one for long says until when, and cleaning leaves it."""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

from spack_census.dataset.layout import pin
from spack_census.disk import durable
from spack_census.errors import DatasetError

HOLDS = "holds"
_LEASE = re.compile(r"(?P<version>\d{8}-[0-9a-f]{16})\.until-(?P<until>\d{1,12})\.[0-9a-f]{8}")
_HINT = "whoever may not write there can copy the version instead: census path"


def hold(dataset: Path, seconds: float) -> Path:
    """Return the folder of the current version, which stays as long as that whatever is built.

    Raises DatasetError where there is no dataset, or the lease cannot be written.
    """
    with durable.errors(dataset, _HINT, DatasetError):
        while True:
            version = pin(dataset)
            until = int(time.time() + seconds) + 1
            folder = dataset / HOLDS
            folder.mkdir(exist_ok=True)
            lease = folder / f"{version.name}.until-{until}.{secrets.token_hex(4)}"
            lease.touch(exist_ok=False)
            # It may have been cleaned away in between, if this process stood still for an hour.
            if version.is_dir():
                return version
            lease.unlink(missing_ok=True)


def held(dataset: Path) -> set[str]:
    """Return the ids of the versions that someone holds now; leases that are over are removed."""
    found = set()
    folder = dataset / HOLDS
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        lease = _LEASE.fullmatch(path.name)
        if lease is None:
            continue
        if int(lease["until"]) > time.time():
            found.add(lease["version"])
        else:
            path.unlink(missing_ok=True)
    return found
