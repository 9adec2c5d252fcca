"""One document's bytes → a Document with its records, or a Reject with the reason.

All generations of the site's format are read; 1 to 3 lie in `legacy`, this is about 4 to 7.
"""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

from spack_census.dataset.layout import PARTITION_VALUE
from spack_census.documents import details, frontmatter, legacy
from spack_census.documents.details import Decoded
from spack_census.documents.records import Document, Reason, Reject, Rejected

_KNOWN_KEYS = frozenset(("title", "layout", "categories", "meta", "spec_details"))
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
_META_KEYS = len(Meta.__struct_fields__)


class _Content(msgspec.Struct):
    """What the front matter says, before it is bound to a file."""

    snapshot: str
    package: str
    num_specs_declared: int | None
    stacks_declared: StackCounts
    decoded: Decoded
    warnings: list[str]


def parse(
    data: bytes,
    path: str,
    unnamed: str | None = None,
    sibling: legacy.Sibling = lambda _name: None,
) -> Document | Reject:
    """Return the document in these bytes, or why it cannot be used.

    `path` names the document in messages and rows; it never decides what the document is.
    `unnamed` is the snapshot of a document that names none, `sibling` reads a spec file beside it
    (generations 1 to 3). The SHA-256 covers the document and each spec file that it names.
    """
    sha256 = hashlib.sha256(data)
    read = _hashed(sibling, sha256)
    known: dict[str, str] = {}
    try:
        text, warnings = frontmatter.split(data)
        content = _content(text, known, unnamed, read)
    except Rejected as rejected:
        snapshot = known.get("snapshot") or frontmatter.peek(data)
        hexdigest, package = sha256.hexdigest(), known.get("package")
        return Reject(path, hexdigest, len(data), rejected.problem, snapshot, package)
    decoded = content.decoded
    warnings += content.warnings + path_warnings(path, content.snapshot, content.package)
    return Document(
        snapshot=content.snapshot,
        package=content.package,
        path=path,
        sha256=sha256.hexdigest(),
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


def _hashed(sibling: legacy.Sibling, sha256: Any) -> legacy.Sibling:
    """Return the same reader, which adds all that it reads, or finds missing, to a hash."""

    def read(name: str) -> bytes | None:
        found = sibling(name)
        there = "" if found is None else hashlib.sha256(found).hexdigest()
        sha256.update(f"\0{name}\0{there}".encode())
        return found

    return read


def _content(
    text: bytes, known: dict[str, str], unnamed: str | None, sibling: legacy.Sibling
) -> _Content:
    """Return the content of any readable front matter; raises Rejected.

    What could be read of its identity is left in `known`, so that a reject can name it.
    """
    fields = _fields(text)
    known["snapshot"] = snapshot = _snapshot(fields, unnamed)
    known["package"] = package = _title(fields)
    if "spec_details" not in fields and legacy.KEYS & fields.keys():
        decoded = legacy.decode(package, fields, sibling)
        warnings = _unknown_keys(fields, _KNOWN_KEYS | legacy.KEYS)
        # Nothing but the length of its lists declares how many specs there are.
        return _Content(snapshot, package, decoded.num_seen, (), decoded, warnings)
    if "spec_details" not in fields:
        message = "the key spec_details is missing"
        raise Rejected(Reason.MISSING_KEY, "front matter", message, _REMEDY)
    decoded = details.decode(package, fields["spec_details"])
    warnings = _unknown_keys(fields, _KNOWN_KEYS)
    warnings += [f"unknown key {key!r} in spec_details" for key in decoded.unknown_keys]
    num_specs, by_stack = _declared_oddly(fields.get("meta"), warnings)
    return _Content(snapshot, package, num_specs, by_stack, decoded, warnings)


def _fields(text: bytes) -> dict[str, Any]:
    lists, rest = legacy.lists(text)
    fields = frontmatter.careful(rest)
    # A key that stands twice is left to YAML, which will say so.
    return {**fields, **lists} if not lists.keys() & fields.keys() else frontmatter.careful(text)


def _unknown_keys(fields: dict[str, Any], known: frozenset[str]) -> list[str]:
    return [f"unknown key {key!r}" for key in sorted(map(str, fields.keys() - known))]


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


def _snapshot(fields: dict[str, Any], unnamed: str | None) -> str:
    if "categories" not in fields:
        if fields.get("category") == "package":
            if unnamed is not None:
                return unnamed
            message = "the document names no snapshot (generation 1 or 2)"
            remedy = "name it: --as SNAPSHOT"
            raise Rejected(Reason.MISSING_KEY, "categories", message, remedy)
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
    by_stack = value.num_specs_by_stack
    if meta.count(b'":') != _META_KEYS + len(by_stack):
        return None
    if b"\\" in meta or b" :" in meta or b"\t" in meta:
        return None
    counts = (value.num_specs, *by_stack.values())
    if min(counts) < 0 or max(counts) >= 1 << 63:
        return None
    return value.num_specs, tuple(sorted(by_stack.items()))


def _declared_oddly(meta: Any, warnings: list[str]) -> tuple[int | None, StackCounts]:
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
    if f"/{path}".endswith(f"/{snapshot}/{package}/specs.md") and "/" not in package:
        return []
    parts = path.split("/")
    if len(parts) < 3 or parts[-1] != "specs.md":
        return []
    return [
        f"the path says {said!r}, the front matter {written!r}"
        for said, written in zip(parts[-3:-1], (snapshot, package), strict=True)
        if said != written
    ]
