"""Which packages provide which virtual ones, at which versions: what an index does not tell.

`providers.json` has it as the recipes of spack-packages declare it (1e8cf059, 2026-07-01): virtual
package → provider → [version provided, constraint under which], where no version is any.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files

from spack_census.spack.ranges import Versions, overlap, parse_versions

_FILE = "providers.json"


def virtuals() -> frozenset[str]:
    """Return the names of all virtual packages that recipes provide."""
    return frozenset(_declared())


def is_virtual(name: str) -> bool:
    """Tell whether a name is that of a virtual package that some recipe provides."""
    return name in _declared()


def providers(virtual: str, versions: Versions = ()) -> dict[str, tuple[str, ...]]:
    """Return provider → constraints, one of which it must satisfy to provide such a version.

    The constraints are text without a package, "" for any. A provider that never provides such a
    version is there as well, with none.
    """
    return {
        package: tuple(
            condition
            for version, condition in entries
            if overlap(parse_versions(version) if version else (), versions) is not None
        )
        for package, entries in _declared().get(virtual, {}).items()
    }


@functools.cache
def _declared() -> dict[str, dict[str, list[list[str]]]]:
    text = files("spack_census.spack").joinpath(_FILE).read_text(encoding="utf-8")
    found: dict[str, dict[str, list[list[str]]]] = json.loads(text)
    return found
