"""The bytes of a recipe → what it declares, or the reason why not."""

from __future__ import annotations

import hashlib

from spack_census.recipes import modules
from spack_census.recipes.lineage import Lineage
from spack_census.recipes.names import class_of
from spack_census.recipes.records import Conditional, Reason, Recipe, Refused, Reject


def read(data: bytes, package: str, path: str, inside: str, lineage: Lineage) -> Recipe | Reject:
    """Return what the recipe of a package declares, or why it cannot be read.

    `path` is the one to tell, `inside` counts from the folder of the package repository.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    try:
        try:
            return _read(data, package, path, inside, lineage, sha256)
        except RecursionError:
            message = "its classes are nested too deep"
            raise Refused(Reason.TOO_DEEP, "file", message) from None
    except Refused as error:
        return Reject(package, path, sha256, error.reason, error.place, error.message)


def _read(
    data: bytes, package: str, path: str, inside: str, lineage: Lineage, sha256: str
) -> Recipe:
    module = modules.parse(data, inside)
    name = class_of(package)
    if name not in module.classes:
        message = f"it has no class {name}, as the package's would be"
        raise Refused(Reason.NO_CLASS, "file", message)
    found = lineage.read(module, module.classes[name])
    # A look at every node takes longer than all else, and few recipes name their versions.
    for line in module.removals() if b".versions[" in data else ():
        found.miss(f"line {line}: versions: a method changes them")
    versions = sorted(
        found.versions.values(), key=lambda each: (each.version_key, each.version), reverse=True
    )
    return Recipe(
        package=package,
        path=path,
        sha256=sha256,
        versions=tuple(versions),
        maintainers=tuple(sorted(found.maintainers)),
        licenses=_sorted(found.licenses),
        build_systems=tuple(sorted(found.build_systems)),
        provides=_sorted(found.provides),
        unread=tuple(found.unread),
        num_unread=found.num_unread,
    )


def _sorted(found: dict[Conditional, None]) -> tuple[Conditional, ...]:
    return tuple(sorted(found, key=lambda each: (each.name, each.conditions)))
