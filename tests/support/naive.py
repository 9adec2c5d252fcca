"""A second opinion: a slow, plain reader of good documents that shares no code with the pipeline.

It says what the rows must be in the fewest words, for documents that are known to be good; it
checks nothing and explains nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

_RENAMED = {
    "arm": "acfl",
    "clang": "llvm",
    "intel": "intel-oneapi-compilers-classic",
    "oneapi": "intel-oneapi-compilers",
    "rocmcc": "llvm-amdgpu",
}
_UNITS = {"": 1, "b": 1}
_UNITS |= {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def rows(path: Path) -> list[dict[str, Any]]:
    """Return a document's rows of the table `specs`, without `version_key`, in its own order."""
    package, snapshot, specs = content(path.read_bytes())
    return [row(package, snapshot, spec) for spec in specs]


def content(data: bytes) -> tuple[str, str, list[dict[str, Any]]]:
    """Return a document's package, snapshot and specs, these as they stand in it."""
    # utf-8-sig takes a byte order mark away.
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    closing = next(n for n, line in enumerate(lines) if n and line.rstrip(" \t") in ("---", "..."))
    rest, fields = [], {}
    keys = [line.partition(":")[0].strip(" \t") for line in lines[1:closing]]
    for key, line in zip(keys, lines[1:closing], strict=True):
        # Two keys hold JSON, and YAML reads some escapes and numbers of JSON otherwise.
        value = line.partition(":")[2]
        is_json = key in ("meta", "spec_details") and keys.count(key) == 1
        if is_json and line[0] in "ms" and value[:1] in (" ", "\t"):
            try:
                fields[key] = json.loads(value, parse_int=Decimal)
                continue
            except ValueError:
                pass
        rest.append(line)
    fields |= yaml.load("\n".join(rest), Loader=yaml.CSafeLoader)
    return fields["title"], fields["categories"][1], fields["spec_details"]


def row(package: str, snapshot: str, spec: dict[str, Any]) -> dict[str, Any]:
    """Return the row of one spec."""
    name, _, version = spec["compiler"].partition("@")
    has_compiler = spec["compiler"] != "none"
    (only_version,) = spec["versions"]
    return {
        "snapshot": snapshot,
        "platform": spec["platform"],
        "target": spec["target"],
        "package": package,
        "version": only_version,
        "compiler_name": _RENAMED.get(name, name) if has_compiler else None,
        "compiler_version": version.removeprefix("=").split("/")[0] or None,
        "compiler_written": name if has_compiler else None,
        "os": spec["os"],
        "variants": sorted({_variant(text) for text in spec["variants"]} - {""}),
        "flags": [],
        "stacks": sorted(set(spec["stacks"])),
        "hash": spec["hash"],
        "size_bytes": _size(spec.get("size", "-")),
        "tarball_url": spec.get("tarball"),
        "namespace": None,
        "package_hash": None,
        "build_spec": None,
    }


def _variant(text: str) -> str:
    """Return a variant's one spelling; nothing for a compiler flag, which is no variant."""
    if text[0] in "+~-":
        return ("+" if text[0] == "+" else "~") + text.lstrip("+~-")
    name, _, value = text.partition("=")
    name = name.removesuffix(":")
    value = value.lstrip("=")
    values = [each[:7] for each in value.split(",")] if name == "patches" else _elements(value)
    flag = name in ("cflags", "cppflags", "cxxflags", "fflags", "ldflags", "ldlibs")
    return "" if flag else f"{name}={','.join(sorted(values))}"


def _elements(value: str) -> list[str]:
    """Return what commas outside of quotes separate; one element where a quote never ends."""
    elements, quote, escaped = [""], "", False
    for character in value:
        if character == "," and not quote:
            elements.append("")
            continue
        elements[-1] += character
        if not quote:
            quote = character if character in "\"'" else ""
        elif character == quote and not escaped:
            quote = ""
        escaped = quote == '"' and character == "\\" and not escaped
    return [value] if quote else elements


def _size(size: Any) -> int | None:
    if size in ("-", None):
        return None
    digits = str(size).rstrip("BKMGTikb ")
    unit = str(size)[len(digits) :].strip().lower()
    return round(Decimal(digits) * _UNITS[unit])


def document_paths(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        hidden = path.name.startswith((".", "README")) or path.suffix == ".json"
        if path.is_file() and not hidden:
            yield path
