"""Documents of generations 1 to 3: they name their specs, and files beside them describe each.

generation 1   spec_files: a list of {full spec: spec-N.json}           no snapshot
generation 2   spec_files and spec_names: two lists of the same length  no snapshot
generation 3   the same lists                                           categories: [package, v0.18]
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec

from spack_census.documents import nodes
from spack_census.documents.details import Decoded
from spack_census.documents.limits import LIMITS
from spack_census.documents.records import Problem, Reason, Record, Rejected
from spack_census.documents.strict import json_value

KEYS = frozenset(("category", "spec_files", "spec_names"))
"""Front matter that only these generations have."""
SPEC_FILE = re.compile(r"spec-[0-9]{1,9}\.json")
"""What a spec file is called; a document can name no other file (match in full)."""

Sibling = Callable[[str], bytes | None]
"""Reads a file of this plain name in the document's folder; None where there is none."""

_FILE = r" - (?P<file>spec-[0-9]{1,9}\.json) *"
_TEXT = r"(?:'(?P<single>[ -&(-~]+)'|\"(?P<double>[ !#-\[\]-~]+)\")"
_ITEM = re.compile(rf"{_FILE}| - {_TEXT}(?:: (?P<target>spec-[0-9]{{1,9}}\.json))? *".encode())
_BLOCK = re.compile(rb"^(spec_files|spec_names):[ \t]*\n((?: - [^\n]*(?:\n|\Z))+)", re.MULTILINE)
_MAX_SPECS = 100_000
_REMEDY = "put the spec files beside the document, or build from the build cache"


def lists(text: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the lists of specs as YAML would read them, and the text without their lines.

    Only the site's own form is taken out, line by line: these lists grow to megabytes, more than
    the YAML reader is let near. What is left keeps its line numbers.
    """
    blocks = list(_BLOCK.finditer(text))
    fields: dict[str, Any] = {}
    for match in blocks:
        items = [_ITEM.fullmatch(line) for line in match[2].splitlines()]
        if None in items or match[1].decode() in fields:
            return {}, text
        fields[match[1].decode()] = [_item(item) for item in items if item is not None]
    for match in reversed(blocks):
        blank = b"\n" * match[0].count(b"\n")
        text = text[: match.start()] + blank + text[match.end() :]
    return fields, text


def _item(match: re.Match[bytes]) -> str | dict[str, str]:
    text = (match["file"] or match["single"] or match["double"]).decode()
    return {text: match["target"].decode()} if match["target"] else text


def decode(package: str, fields: dict[str, Any], sibling: Sibling) -> Decoded:
    """Return the records of the spec files that are there, and a problem for each other spec.

    A spec without its file has no hash, and what has none cannot be told from its like. Raises
    Rejected where the lists do not say which spec stands in which file.
    """
    pairs = _pairs(fields)
    records: dict[str, Record] = {}
    problems: list[Problem] = []
    for index, (spec, name) in enumerate(pairs):
        place = f"spec_files[{index}]"
        try:
            record = _record(package, spec, name, sibling)
            if record.hash in records:
                message = f"{name} has the hash of an earlier spec: {record.hash}"
                raise Rejected(Reason.DUPLICATE_HASH, "", message, "remove one of the two")
        except Rejected as rejected:
            problem = rejected.problem
            problems.append(msgspec.structs.replace(problem, place=f"{place}{problem.place}"))
        else:
            records[record.hash] = record
    lists_only = "spec_names" in fields
    generation = 3 if "categories" in fields else 2 if lists_only else 1
    return Decoded(list(records.values()), problems, [], len(pairs), generation, None)


def _pairs(fields: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (full spec, name of its file) of each spec that the document names."""
    files, names = fields.get("spec_files"), fields.get("spec_names")
    if files is None and names is None:
        return []
    if isinstance(files, dict):
        found = list(files.items())
    elif isinstance(files, list) and names is None:
        found = [pair for item in files if isinstance(item, dict) for pair in item.items()]
        found = found if len(found) == len(files) else []
    elif isinstance(files, list) and isinstance(names, list) and len(files) == len(names):
        found = list(zip(names, files, strict=True))
    else:
        found = []
    if not found or not all(isinstance(text, str) for pair in found for text in pair):
        message = "they do not say which spec stands in which file"
        remedy = "build the document again from the build cache"
        raise Rejected(Reason.WRONG_TYPE, "spec_files, spec_names", message, remedy)
    if len(found) > _MAX_SPECS:
        message = f"{len(found):,} specs; at most {_MAX_SPECS:,} are read"
        raise Rejected(Reason.TOO_LARGE, "spec_files", message, "split the document")
    return found


def _record(package: str, spec: str, name: str, sibling: Sibling) -> Record:
    root = spec.partition(" ^")[0]
    if not SPEC_FILE.fullmatch(name):
        message = f"{name!r} is no name of a spec file: spec-0.json is one"
        raise Rejected(Reason.UNSAFE_NAME, "", message, _REMEDY)
    data = sibling(name)
    if data is None:
        message = f"{name} is not beside the document, and only it knows the hash of {root}"
        raise Rejected(Reason.NO_HASH, "", message, _REMEDY)
    try:
        node = _node(data)
        if node.name != package:
            message = f"it describes {node.name}, so nothing knows the hash of {root}"
            raise Rejected(Reason.NO_HASH, ".name", message, _REMEDY)
        return nodes.record(node, (), lambda _hash: None, {})
    except Rejected as rejected:
        problem = rejected.problem
        message = f"{name}: {problem.message}"
        raise Rejected(problem.reason, problem.place, message, _REMEDY) from rejected


def _node(data: bytes) -> nodes.Node:
    """Return a spec file's first node, which is the spec itself; raises Rejected."""
    if len(data) > LIMITS.spec_file_bytes:
        message = f"more than {LIMITS.spec_file_bytes:,} bytes"
        raise Rejected(Reason.TOO_LARGE, "", message, _REMEDY)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise Rejected(Reason.NOT_UTF8, f": byte {error.start}", error.reason, _REMEDY) from error
    value = json_value(data, "", 1)
    try:
        spec = value["spec"]
        # Before Spack 0.17 the nodes stood in `spec` itself, each under its name.
        first = (spec if isinstance(spec, list) else spec["nodes"])[0]
    except (KeyError, IndexError, TypeError) as error:
        message = "spec.nodes[0] is missing"
        raise Rejected(Reason.MISSING_KEY, ".spec.nodes[0]", message, _REMEDY) from error
    return nodes.decode(msgspec.json.encode(first))
