"""Documents made to measure: specs in their normal form → text as a generation spells it."""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Value = bool | str | tuple[str, ...]
"""Of a variant: on or off, one value, or an array of them (sorted here, as the dataset has it)."""


def hash_of(seed: object) -> str:
    """Return a well-formed hash, made as Spack makes one: base32 of a SHA-1, in lower case."""
    digest = hashlib.sha1(str(seed).encode(), usedforsecurity=False).digest()
    return base64.b32encode(digest).decode().lower()


@dataclass(frozen=True, kw_only=True)
class Spec:
    """One spec in its normal form; `spelled` and `row` are its two ends."""

    version: str = "1.2.13"
    compiler: tuple[str, str] | None = ("gcc", "11.4.0")
    os: str = "ubuntu22.04"
    platform: str = "linux"
    target: str = "x86_64_v3"
    variants: Mapping[str, Value] = field(
        default_factory=lambda: {"build_system": "makefile", "shared": True, "debug": False}
    )
    stacks: tuple[str, ...] = ("e4s", "root")
    hash: str = hash_of(1)
    size_bytes: int | None = None
    tarball_url: str | None = None

    def spelled(self, generation: int) -> dict[str, Any]:
        """Return the entry of `spec_details` as this generation writes it, keys in its order."""
        entry = {
            "hash": self.hash,
            "compiler": _compiler(self.compiler, generation),
            "versions": [self.version],
            "os": self.os,
            "platform": self.platform,
            "target": self.target,
            "variants": [
                _variant(name, value, ":=" if generation >= 6 else "=")
                for name, value in sorted(self.variants.items())
            ],
            "stacks": list(reversed(self.stacks) if generation == 4 else self.stacks),
            "size": "-" if self.size_bytes is None else self.size_bytes,
        }
        if generation == 4:
            return entry if self.tarball_url is None else {**entry, "tarball": self.tarball_url}
        return dict(sorted(entry.items()))

    def row(self, package: str, snapshot: str) -> dict[str, Any]:
        """Return the row that the dataset must hold, all columns but `version_key`."""
        name, version = self.compiler or (None, None)
        return {
            "snapshot": snapshot,
            "platform": self.platform,
            "target": self.target,
            "package": package,
            "version": self.version,
            "compiler_name": name,
            "compiler_version": version,
            "compiler_written": name,
            "os": self.os,
            "variants": sorted(_variant(k, v, "=") for k, v in self.variants.items()),
            "stacks": sorted(self.stacks),
            "hash": self.hash,
            "size_bytes": self.size_bytes,
            "tarball_url": self.tarball_url,
            "namespace": None,
            "package_hash": None,
            "flags": [],
            "build_spec": None,
        }


def _compiler(compiler: tuple[str, str] | None, generation: int) -> str:
    if compiler is None:
        return "none"
    name, version = compiler
    return f"{name}@{version}" if generation >= 6 else f"{name}@={version}"


def _variant(name: str, value: Value, array_mark: str) -> str:
    match value:
        case bool():
            return f"{'+' if value else '~'}{name}"
        case str():
            return f"{name}={value}"
        case _:
            return f"{name}{array_mark}{','.join(value)}"


def document(
    package: str,
    snapshot: str,
    specs: Sequence[Spec],
    *,
    generation: int = 6,
    ensure_ascii: bool = True,
) -> str:
    """Return a document in the site's own form; like the site's, it has no newline at its end."""
    entries = [spec.spelled(generation) for spec in specs]
    meta = {
        "versions": sorted({spec.version for spec in specs}),
        "compilers": sorted({entry["compiler"] for entry in entries}),
        "oss": sorted({spec.os for spec in specs}),
        "platforms": sorted({spec.platform for spec in specs}),
        "targets": sorted({spec.target for spec in specs}),
        "stacks": sorted({stack for spec in specs for stack in spec.stacks}),
        "num_specs": len(specs),
        "num_specs_by_stack": dict(Counter(stack for spec in specs for stack in spec.stacks)),
    }

    def as_json(value: object) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, sort_keys=generation >= 5)

    return "\n".join(
        (
            "---",
            # YAML would read the JSON escape of a character beyond U+FFFF as two broken ones.
            f"title: {json.dumps(package, ensure_ascii=False)}",
            "layout: cache",
            f"categories: [package, {snapshot}]",
            f"meta: {as_json(meta)}",
            # Key order is the generation's own here, and `spelled` has put it right.
            f"spec_details: {json.dumps(entries, ensure_ascii=ensure_ascii)}",
            "---",
        )
    )


def write_document(
    source: Path, package: str, snapshot: str, specs: Sequence[Spec], *, generation: int = 6
) -> Path:
    """Write a document below `source` at the path that the site would give it."""
    path = source / "_cache" / snapshot / package / "specs.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(document(package, snapshot, specs, generation=generation).encode())
    return path
