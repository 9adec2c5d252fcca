"""What travels from a document to the tables: frozen, typed; rejects are data too."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from spack_census.documents.limits import LIMITS


class Reason(StrEnum):
    """Why a document or a spec could not be used; stable, so that people can count by it."""

    EMPTY_DOCUMENT = "empty-document"
    TOO_LARGE = "too-large"
    NOT_REGULAR_FILE = "not-regular-file"
    NOT_UTF8 = "not-utf8"
    NUL_BYTE = "nul-byte"
    NO_FRONT_MATTER = "no-front-matter"
    UNTERMINATED_FRONT_MATTER = "unterminated-front-matter"
    TWO_DOCUMENTS = "two-documents"
    BAD_YAML = "bad-yaml"
    YAML_ALIAS = "yaml-alias"
    YAML_TAG = "yaml-tag"
    TOO_DEEP = "too-deep"
    BAD_JSON = "bad-json"
    DUPLICATE_KEY = "duplicate-key"
    MISSING_KEY = "missing-key"
    WRONG_TYPE = "wrong-type"
    EMPTY_TITLE = "empty-title"
    UNSAFE_NAME = "unsafe-name"
    UNSUPPORTED_GENERATION = "unsupported-generation"
    DUPLICATE_DOCUMENT = "duplicate-document"
    BAD_HASH = "bad-hash"
    DUPLICATE_HASH = "duplicate-hash"
    BAD_VERSION = "bad-version"
    BAD_COMPILER = "bad-compiler"
    BAD_SIZE = "bad-size"
    EMPTY_NAME = "empty-name"
    NO_HASH = "no-hash"
    MISSING_INDEX = "missing-index"
    BAD_CHECKSUM = "bad-checksum"


class Problem(msgspec.Struct, frozen=True, gc=False):
    """Why something was rejected: the reason, the place inside the document, the next step."""

    reason: Reason
    place: str
    message: str
    remedy: str
    hash: str | None = None
    """The spec's hash, where the problem is one spec's and the hash could be read."""


class Rejected(Exception):  # noqa: N818 - a verdict on the input, not an error of the program
    """Carries a Problem from where it is seen to where it is recorded."""

    def __init__(self, reason: Reason, place: str, message: str, remedy: str) -> None:
        super().__init__(message)
        capped = message[: LIMITS.message_characters]
        self.problem = Problem(reason, place[: LIMITS.message_characters], capped, remedy)


class Dependency(msgspec.Struct, frozen=True, gc=False):
    """A direct dependency of a spec, as an index names it."""

    name: str
    hash: str
    deptypes: tuple[str, ...]
    virtuals: tuple[str, ...]


class Record(msgspec.Struct, frozen=True, gc=False):
    """One spec as the dataset keeps it: spelling normalised, lists sorted, unknown = None."""

    package: str
    version: str
    compiler_name: str | None
    compiler_version: str | None
    os: str
    platform: str
    target: str
    variants: tuple[str, ...]
    stacks: tuple[str, ...]
    hash: str
    size_bytes: int | None = None
    tarball_url: str | None = None
    package_hash: str | None = None
    namespace: str | None = None
    dependencies: tuple[Dependency, ...] = ()
    compiler_written: str | None = None
    flags: tuple[str, ...] = ()
    build_spec: str | None = None
    is_external: bool = False
    """Whether it was found on a system and not built, as far as a source tells."""


class Document(msgspec.Struct, frozen=True, gc=False):
    """One accepted document: its records, and the specs in it that were rejected."""

    snapshot: str
    package: str | None
    """None where one file describes many packages, as an index does."""
    path: str
    sha256: str
    size_bytes: int
    generation: int | None
    """None for what is no document of the site, such as an index."""
    num_specs_seen: int
    """Specs that the document lists, whatever became of them."""
    num_specs_declared: int | None
    stacks_declared: tuple[tuple[str, int], ...]
    """(stack, number of specs) as the document's `meta` claims, sorted by stack."""
    warnings: tuple[str, ...]
    records: Sequence[Record]
    problems: tuple[Problem, ...]
    hash_epoch: int | None
    """Spack database version since which hashes are made this way, where the document shows it."""
    externals: tuple[Record, ...] = ()
    """What the records depend on, however far down, and the build cache does not hold."""


class Reject(msgspec.Struct, frozen=True, gc=False):
    """One document that could not be used at all."""

    path: str
    sha256: str | None
    size_bytes: int | None
    problem: Problem
    snapshot: str | None = None
    package: str | None = None
    num_specs: int | None = None
    """How many specs went with it, where they could be counted."""
