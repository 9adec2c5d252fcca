"""A second opinion: a slow, plain reader of good documents that shares no code with the pipeline.

It says what the rows must be in the fewest words, for documents that are known to be good; it
checks nothing and explains nothing.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import yaml

_UNITS = {"": 1, "b": 1}
_UNITS |= {"kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_UNITS |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}


def rows(path: Path) -> list[dict[str, Any]]:
    """Return a document's rows of the table `specs`, without `version_key`, in its own order."""
    package, snapshot, specs = content(path.read_bytes())
    return [row(package, snapshot, spec) for spec in specs]


def content(data: bytes) -> tuple[str, str, list[dict[str, Any]]]:
    """Return a document's package, snapshot and specs, these as they stand in it."""
    # Universal newlines make CR LF a plain line end, utf-8-sig takes a byte order mark away.
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig").read().split("\n")
    text = "\n".join(lines[1 : lines.index("---", 1)])
    fields = yaml.load(text, Loader=yaml.CSafeLoader)
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
        "compiler_name": name if has_compiler else None,
        "compiler_version": version.removeprefix("=").split("/")[0] if has_compiler else None,
        "os": spec["os"],
        "variants": sorted(_variant(text) for text in spec["variants"]),
        "stacks": sorted(set(spec["stacks"])),
        "hash": spec["hash"],
        "size_bytes": _size(spec.get("size", "-")),
        "tarball_url": spec.get("tarball"),
        "namespace": None,
        "package_hash": None,
    }


def _variant(text: str) -> str:
    if text[0] in "+~":
        return text
    name, _, value = text.partition("=")
    return name.removesuffix(":") + "=" + ",".join(sorted(value.split(",")))


def _size(size: Any) -> int | None:
    if size in ("-", None):
        return None
    digits = str(size).rstrip("BKMGTikb ")
    unit = str(size)[len(digits) :].strip().lower()
    return round(float(digits) * _UNITS[unit])
