"""Who needs whom in a lockfile, and what an install has to build."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from spack_census.environments.model import Locked, Lockfile

_AT_RUN_TIME = frozenset(("link", "run"))
_TO_BUILD = _AT_RUN_TIME | {"build"}


def to_compile(lock: Lockfile, cached: Collection[str]) -> frozenset[str]:
    """Return the hashes of what an install of all roots has to build.

    What is cached brings in only what it links to and runs; to build the rest takes their build
    dependencies too. So what nothing but a cached spec was built with is not needed at all.
    """
    installed = _reached(lock.specs, (hash_ for hash_, _ in lock.roots), cached)
    return frozenset(
        hash_ for hash_ in installed if hash_ not in cached and not lock.specs[hash_].external
    )


def holes(lock: Lockfile, missing: Collection[str]) -> frozenset[str]:
    """Return the hashes of what links to or runs a missing spec, directly or not."""
    above: dict[str, list[str]] = {}
    for hash_, each in lock.specs.items():
        for edge in each.edges:
            if edge.deptypes & _AT_RUN_TIME:
                above.setdefault(edge.hash, []).append(hash_)
    found: set[str] = set()
    ahead = list(missing)
    while ahead:
        for hash_ in above.get(ahead.pop(), []):
            if hash_ not in found:
                found.add(hash_)
                ahead.append(hash_)
    return frozenset(found)


def lacking(lock: Lockfile, hash_: str, missing: Collection[str]) -> tuple[str, ...]:
    """Return what a locked spec links to or runs and is missing, as PACKAGE/HASH."""
    reached = _reached(lock.specs, (hash_,), lock.specs)
    gone = sorted((lock.specs[key].build.package, key) for key in reached if key in missing)
    return tuple(f"{package}/{key[:7]}" for package, key in gone)


def needed_by(lock: Lockfile) -> Mapping[str, tuple[str, ...]]:
    """Return, for each hash, the roots that depend on it in whatever way; a root on itself."""
    needing: dict[str, list[str]] = {hash_: [] for hash_ in lock.specs}
    for root, text in lock.roots:
        for hash_ in _reached(lock.specs, (root,), ()):
            needing[hash_].append(text)
    return {hash_: tuple(dict.fromkeys(texts)) for hash_, texts in needing.items()}


def _reached(
    specs: Mapping[str, Locked], starts: Iterable[str], cached: Collection[str]
) -> set[str]:
    """Return what is reached from the starts: of the cached ones, by link and run alone."""
    reached: set[str] = set()
    ahead = list(starts)
    while ahead:
        hash_ = ahead.pop()
        if hash_ in reached:
            continue
        reached.add(hash_)
        wanted = _AT_RUN_TIME if hash_ in cached else _TO_BUILD
        ahead += [edge.hash for edge in specs[hash_].edges if edge.deptypes & wanted]
    return reached
