"""One document's bytes → a Document with its records, or a Reject with the reason.

Generations 4 to 7 of the site's format are read; README and `documents/README.md` tell them apart.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from spack_census import decoding, frontmatter
from spack_census.config import PARTITION_VALUE
from spack_census.decoding import Decoded
from spack_census.records import Document, Reason, Reject, Rejected

_KNOWN_KEYS = frozenset(("title", "layout", "categories", "meta", "spec_details"))
_OLD_KEYS = frozenset(("category", "spec_files", "spec_names"))
_REMEDY = "build the document again from the build cache"

StackCounts = tuple[tuple[str, int], ...]
"""(stack, number of specs), sorted by stack."""


class Meta(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """The `meta` of a document; only the declared counts are used."""

    compilers: list[str]
    num_specs: int
    num_specs_by_stack: dict[str, int]
    oss: list[str]
    platforms: list[str]
    stacks: list[str]
    targets: list[str]
    versions: list[str]


_META = msgspec.json.Decoder(Meta)


class _Content(msgspec.Struct):
    """What the front matter says, before it is bound to a file."""

    snapshot: str
    package: str
    num_specs_declared: int | None
    stacks_declared: StackCounts
    decoded: Decoded
    warnings: list[str]


def parse(data: bytes, path: str) -> Document | Reject:
    """Return the document in these bytes, or why it cannot be used.

    `path` names the document in messages and rows; it never decides what the document is.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    known: dict[str, str] = {}
    try:
        text, warnings = frontmatter.split(data)
        content = parse_plain(text) or parse_careful(text, known)
    except Rejected as rejected:
        snapshot = known.get("snapshot") or frontmatter.peek(data)
        return Reject(path, sha256, len(data), rejected.problem, snapshot, known.get("package"))
    decoded = content.decoded
    warnings += content.warnings + path_warnings(path, content.snapshot, content.package)
    return Document(
        snapshot=content.snapshot,
        package=content.package,
        path=path,
        sha256=sha256,
        size_bytes=len(data),
        generation=decoded.generation,
        num_specs_seen=decoded.num_seen,
        num_specs_declared=content.num_specs_declared,
        stacks_declared=content.stacks_declared,
        warnings=tuple(warnings),
        records=tuple(decoded.records),
        problems=tuple(decoded.problems),
        hash_epoch=decoded.hash_epoch,
    )


def parse_plain(text: bytes) -> _Content | None:
    """Return the content of a faultless front matter in the site's form, else None."""
    fields = frontmatter.plain(text)
    if fields is None:
        return None
    counts = declared(fields.meta)
    decoded = counts and decoding.fast(fields.title, fields.details)
    if counts is None or decoded is None:
        return None
    return _Content(fields.snapshot, fields.title, *counts, decoded, [])


def parse_careful(text: bytes, known: dict[str, str]) -> _Content:
    """Return the content of any readable front matter; raises Rejected.

    What could be read of its identity is left in `known`, so that a reject can name it.
    """
    fields = frontmatter.careful(text)
    known["snapshot"] = snapshot = _snapshot(fields)
    known["package"] = package = _title(fields)
    if "spec_details" not in fields:
        if _OLD_KEYS & fields.keys():
            raise _old_generation()
        message = "the key spec_details is missing"
        raise Rejected(Reason.MISSING_KEY, "front matter", message, _REMEDY)
    decoded = decoding.careful(package, fields["spec_details"])
    warnings = [f"unknown key {key!r}" for key in sorted(map(str, fields.keys() - _KNOWN_KEYS))]
    warnings += [f"unknown key {key!r} in spec_details" for key in decoded.unknown_keys]
    num_specs, by_stack = _declared_careful(fields.get("meta"), warnings)
    return _Content(snapshot, package, num_specs, by_stack, decoded, warnings)


def _old_generation() -> Rejected:
    message = "the document names its specs and does not describe them (generation 1, 2 or 3)"
    remedy = "use documents of v0.19 or later, which hold spec_details"
    return Rejected(Reason.UNSUPPORTED_GENERATION, "front matter", message, remedy)


def _title(fields: dict[str, Any]) -> str:
    if "title" not in fields:
        message = "the key title is missing"
        raise Rejected(Reason.MISSING_KEY, "front matter", message, _REMEDY)
    title = fields["title"]
    if not isinstance(title, str):
        message = f"text belongs here, not {type(title).__name__} ({title!r})"
        raise Rejected(Reason.WRONG_TYPE, "title", message, "put the title in quotes")
    if not title.strip():
        raise Rejected(Reason.EMPTY_TITLE, "title", "the package has no name", _REMEDY)
    return title


def _snapshot(fields: dict[str, Any]) -> str:
    if "categories" not in fields:
        if _OLD_KEYS & fields.keys():
            raise _old_generation()
        message = "the key categories is missing"
        raise Rejected(Reason.MISSING_KEY, "front matter", message, _REMEDY)
    categories = fields["categories"]
    if not isinstance(categories, list) or len(categories) != 2 or categories[0] != "package":
        message = f"[package, SNAPSHOT] belongs here, not {categories!r}"
        raise Rejected(Reason.WRONG_TYPE, "categories", message, _REMEDY)
    snapshot = categories[1]
    if not isinstance(snapshot, str):
        message = f"text belongs here, not {type(snapshot).__name__} ({snapshot!s})"
        raise Rejected(Reason.WRONG_TYPE, "categories[1]", message, "put the snapshot in quotes")
    if not PARTITION_VALUE.fullmatch(snapshot):
        message = f"{snapshot!r} cannot be a folder's name: {PARTITION_VALUE.pattern}"
        remedy = "give the snapshot a plain name: --as NAME"
        raise Rejected(Reason.UNSAFE_NAME, "categories[1]", message, remedy)
    return snapshot


def declared(meta: bytes) -> tuple[int, StackCounts] | None:
    """Return the counts that a faultless `meta` declares, of all specs and by stack, else None."""
    try:
        value = _META.decode(meta)
    except (msgspec.MsgspecError, RecursionError):
        return None
    # As in decoding: more or fewer `":` than keys means that a key may stand twice.
    keys = len(Meta.__struct_fields__) + len(value.num_specs_by_stack)
    if b"\\" in meta or b" :" in meta or b"\t" in meta or meta.count(b'":') != keys:
        return None
    counts = (value.num_specs, *value.num_specs_by_stack.values())
    if any(not 0 <= count < 1 << 63 for count in counts):
        return None
    return value.num_specs, tuple(sorted(value.num_specs_by_stack.items()))


def _declared_careful(meta: Any, warnings: list[str]) -> tuple[int | None, StackCounts]:
    """Return the declared counts; what is wrong with them is a warning, for no row hangs on it."""
    if not isinstance(meta, dict):
        warnings.append("meta is missing or no mapping: nothing is declared")
        return None, ()
    unknown = meta.keys() - set(Meta.__struct_fields__)
    warnings += [f"unknown key {key!r} in meta" for key in sorted(map(str, unknown))]
    num_specs = meta.get("num_specs")
    if not _is_count(num_specs):
        warnings.append("meta.num_specs is no whole number")
        num_specs = None
    by_stack = meta.get("num_specs_by_stack")
    if not isinstance(by_stack, dict) or not all(
        isinstance(stack, str) and _is_count(count) for stack, count in by_stack.items()
    ):
        warnings.append("meta.num_specs_by_stack is no mapping of stacks to whole numbers")
        by_stack = {}
    return num_specs, tuple(sorted(by_stack.items()))


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def path_warnings(path: str, snapshot: str, package: str) -> list[str]:
    """Note a site path (`…/SNAPSHOT/PACKAGE/specs.md`) that disagrees with the front matter."""
    parts = path.split("/")
    if len(parts) < 3 or parts[-1] != "specs.md":
        return []
    return [
        f"the path says {said!r}, the front matter {written!r}"
        for said, written in zip(parts[-3:-1], (snapshot, package), strict=True)
        if said != written
    ]
