"""What tests of published reports share: small datasets of hostile names, folders as they are."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

from support.query_cases import Tables, write_dataset
from support.report_cases import spec

EARLY, LATE = "develop-2024-06-02", "develop-2024-06-09"
HOSTILE = (
    "<script>window.hacked=1</script>",
    "<img src=x onerror=window.hacked=1>",
    "\"'><svg onload=window.hacked=1>",
    "`</style></title><script>window.hacked=1</script>`",
    "[x](javascript:window.hacked=1)",
    "a|b\n# c\r\n| d",
    "\u202egnp.exe\u200b\ufeff",
    "{{ 7 * 7 }}{% raw %}",
    "&amp;&lt;]]>--><!--\ufffe",
    "=HYPERLINK(1)\x1b[31m\x00\x7f",
    "javascript:window.hacked=1",
    "http://elsewhere.invalid/",
)
"""Names that do something where they are not escaped."""


def hostile_tables() -> Tables:
    """Return two snapshots in which names of every kind come, go and change."""
    specs: list[dict[str, Any]] = []
    letters = "abcdefghijklmnopqrstuvwxyz"
    for index, name in enumerate(HOSTILE):
        common = {"package": name, "stacks": [name, "root"], "os": name, "version_key": "1"}
        if index % 3 != 0:
            row = {**common, "version": name, "variants": [name]}
            specs.append(spec(EARLY, letters[index], **row))
        if index % 3 != 1:
            row = {**common, "version": f"{name}2", "compiler_name": name, "version_key": "2"}
            specs.append(spec(LATE, letters[index + 12], **row))
    return {
        "specs": specs,
        "snapshots": [snapshot(specs, EARLY, 1), snapshot(specs, LATE, 2)],
        "rejects": [{"snapshot": LATE, "reason": name, "message": name} for name in HOSTILE],
    }


def snapshot(specs: list[dict[str, Any]], name: str, order: int, **columns: Any) -> dict[str, Any]:
    """Return the row of a snapshot that holds these of the specs."""
    here = [row for row in specs if row["snapshot"] == name]
    return {
        "snapshot": name,
        "series_order": order,
        "snapshot_date": date(name),
        "num_specs": len(here),
        "num_packages": len({row.get("package", "zlib") for row in here}),
        "source_revision": f"{name}-{len(here)}",
        **columns,
    }


def date(name: str) -> Any:
    """Return the date at the end of a snapshot's name, None where there is none."""
    try:
        return datetime.date.fromisoformat(name[-10:])
    except ValueError:
        return None


def dataset_of(folder: Path, specs: list[dict[str, Any]], *names: str, **columns: Any) -> Path:
    """Write a dataset of specs whose snapshots are these, in this order."""
    listed = [snapshot(specs, name, order, **columns) for order, name in enumerate(names, start=1)]
    return write_dataset(folder, {"specs": specs, "snapshots": listed})


def state(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Return content and time of change of each file below a folder."""
    return {
        str(path.relative_to(folder)): (path.read_bytes(), path.lstat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
