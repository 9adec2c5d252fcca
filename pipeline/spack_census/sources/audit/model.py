"""What an audit finds."""

from __future__ import annotations

from typing import NamedTuple

UPDATE = "make the index again: spack buildcache update-index MIRROR"
PUSH = "push the spec again: spack buildcache push"
PRUNE = "remove it: spack buildcache prune MIRROR"


class Finding(NamedTuple):
    """One thing that does not fit."""

    problem: str
    """Its kind; stable, so that people can count by it."""
    package: str | None
    hash: str | None
    path: str
    """The file it is about, below the mirror."""
    size_bytes: int | None
    """Of the file, where it is there."""
    message: str
    remedy: str


class Audit(NamedTuple):
    """What was looked at, and what does not fit."""

    findings: list[Finding]
    """By problem, package, hash and path."""
    num_specs: int
    """Specs that an index lists."""
    num_manifests: int
    """Manifests of specs, or what an older layout has in their place."""
    num_blobs: int
    num_bytes: int
    """Of all blobs."""
    num_bytes_unnamed: int | None
    """Of the blobs that nothing names; None where no server tells of them."""
    spec_bytes: dict[str, int]
    """Bytes of the blobs that belong to each spec, by hash."""


class Spec(NamedTuple):
    """Where a spec's manifest lies, or what stands for it."""

    path: str
    package: str | None


class Named(NamedTuple):
    """A blob that something names."""

    path: str
    """What names it."""
    package: str | None
    hash: str | None
    """The spec that names it, None for an index or a key."""
    place: str
    """Where the blob lies."""
    size: int | None
    """As it is named; None where only the blob itself tells."""
    sha256: str | None


def ordered(findings: list[Finding]) -> list[Finding]:
    """Return findings by problem, package, hash and path."""
    return sorted(findings, key=lambda each: tuple(str(part or "") for part in each))
